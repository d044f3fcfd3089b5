#include "worker/tls/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <cstring>

namespace holt::worker {
namespace {

constexpr size_t kIvSize = 16;

// What OpenSSL takes from the callback.
constexpr int kFailed = -1;
constexpr int kNoTicket = 0;
constexpr int kSealed = 1;
// Always renewed: a ticket used twice would tell an observer that two
// connections are of one client (RFC 8446 appendix C.4).
constexpr int kUseAndRenew = 2;

// One per connection: whoever resumes gets the next.
constexpr size_t kTickets = 1;

bool InitMac(const TicketKey& key, EVP_MAC_CTX* mac) {
  char digest[] = "SHA256";
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(
          OSSL_MAC_PARAM_KEY, const_cast<uint8_t*>(key.hmac_key.data()),
          key.hmac_key.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

bool HasName(const TicketKey& key, const unsigned char* name) {
  return CRYPTO_memcmp(key.name.data(), name, key.name.size()) == 0;
}

}  // namespace

absl::Status TicketKeys::Install(SSL_CTX& context, OSSL_LIB_CTX* library) {
  aes_.reset(EVP_CIPHER_fetch(library, "AES-256-CBC", nullptr));
  if (aes_ == nullptr) return OpenSslError("no cipher for tickets");
  context_ = &context;
  library_ = library;
  SSL_CTX_set_app_data(&context, this);
  // A callback that declines makes OpenSSL 3.0 send an empty TLS 1.3 ticket,
  // which clients refuse: without keys none may be asked for.
  if (SSL_CTX_set_num_tickets(&context, 0) != 1 ||
      SSL_CTX_set_tlsext_ticket_key_evp_cb(&context, OnTicket) != 1) {
    return OpenSslError("setting up tickets");
  }
  return absl::OkStatus();
}

void TicketKeys::Set(const TicketKeysReply& keys) {
  keys_ = keys;
  SSL_CTX_set_num_tickets(context_, kTickets);
}

int TicketKeys::OnTicket(SSL* ssl, unsigned char* name, unsigned char* iv,
                         EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                         int encrypt) {
  const auto& self = *static_cast<const TicketKeys*>(
      SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  if (SSL_CTX_get_num_tickets(self.context_) == 0) return kNoTicket;
  return encrypt == 1 ? self.Seal(name, iv, cipher, mac)
                      : self.Open(name, iv, cipher, mac);
}

int TicketKeys::Seal(unsigned char* name, unsigned char* iv,
                     EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) const {
  const TicketKey& key = keys_.current;
  std::memcpy(name, key.name.data(), key.name.size());
  if (RAND_bytes_ex(library_, iv, kIvSize, 0) != 1 ||
      !InitCipher(key, iv, /*encrypt=*/true, cipher) || !InitMac(key, mac)) {
    return kFailed;
  }
  return kSealed;
}

int TicketKeys::Open(const unsigned char* name, const unsigned char* iv,
                     EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) const {
  const bool is_current = HasName(keys_.current, name);
  const bool is_previous =
      !is_current && keys_.has_previous && HasName(keys_.previous, name);
  if (!is_current && !is_previous) return kNoTicket;
  const TicketKey& key = is_current ? keys_.current : keys_.previous;
  if (!InitCipher(key, iv, /*encrypt=*/false, cipher) || !InitMac(key, mac)) {
    return kFailed;
  }
  return kUseAndRenew;
}

bool TicketKeys::InitCipher(const TicketKey& key, const unsigned char* iv,
                            bool encrypt, EVP_CIPHER_CTX* cipher) const {
  return EVP_CipherInit_ex2(cipher, aes_.get(), key.aes_key.data(), iv,
                            encrypt ? 1 : 0, nullptr) == 1;
}

}  // namespace holt::worker
