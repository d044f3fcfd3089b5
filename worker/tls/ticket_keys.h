// Session tickets under keys that the supervisor makes, rotates and hands to
// every worker, so that a client resumes with any of them. Worker. A ticket
// comes back from a hostile client; its MAC decides.
#ifndef HOLT_WORKER_TLS_TICKET_KEYS_H_
#define HOLT_WORKER_TLS_TICKET_KEYS_H_

#include "absl/status/status.h"
#include "common/ipc/frames.h"
#include "worker/tls/openssl.h"

namespace holt::worker {

class TicketKeys {
 public:
  TicketKeys() = default;
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  // Makes `context`, of `library`, use these keys. Both outlive the object's
  // use; no tickets are sent before Set.
  absl::Status Install(SSL_CTX& context, OSSL_LIB_CTX* library);

  // The current key seals; it and the previous one open. Keys from before are
  // wiped.
  void Set(const TicketKeysReply& keys);

 private:
  static int OnTicket(SSL* ssl, unsigned char* name, unsigned char* iv,
                      EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, int encrypt);
  int Seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
           EVP_MAC_CTX* mac) const;
  int Open(const unsigned char* name, const unsigned char* iv,
           EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) const;
  bool InitCipher(const TicketKey& key, const unsigned char* iv, bool encrypt,
                  EVP_CIPHER_CTX* cipher) const;

  SSL_CTX* context_ = nullptr;
  OSSL_LIB_CTX* library_ = nullptr;
  CipherPtr aes_;
  TicketKeysReply keys_;  // wiped by its destructor
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_TLS_TICKET_KEYS_H_
