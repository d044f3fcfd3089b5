#include "worker/tls/client_context.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "common/base/status_macros.h"
#include "worker/tls/client_transport.h"

namespace holt::worker {
namespace {

constexpr unsigned char kProtocols[] = "\x08http/1.1";

// TLS 1.2 with forward secrecy and authenticated encryption only.
constexpr char kTls12Ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

absl::Status Trust(SSL_CTX& context, absl::string_view authorities) {
  if (authorities.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const X509StackPtr certificates,
                   ParseCertificates(nullptr, authorities));
  X509_STORE* store = SSL_CTX_get_cert_store(&context);
  for (int i = 0; i < sk_X509_num(certificates.get()); ++i) {
    if (X509_STORE_add_cert(store, sk_X509_value(certificates.get(), i)) != 1) {
      return OpenSslError("taking an authority");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<SpkiPin>> ParsePin(absl::string_view text) {
  if (text.empty()) return std::optional<SpkiPin>();
  std::string bytes;
  SpkiPin pin{};
  if (!absl::Base64Unescape(text, &bytes) || bytes.size() != pin.size()) {
    return absl::InvalidArgumentError("spki_pin is not a SHA-256 in base64");
  }
  std::copy(bytes.begin(), bytes.end(), pin.begin());
  return std::optional<SpkiPin>(pin);
}

// Whom the certificate must be for; a name is also told to the upstream (SNI).
absl::Status ExpectHost(SSL& ssl, const char* host) {
  X509_VERIFY_PARAM* expected = SSL_get0_param(&ssl);
  if (X509_VERIFY_PARAM_set1_ip_asc(expected, host) == 1) {
    return absl::OkStatus();
  }
  ERR_clear_error();
  SSL_set_hostflags(&ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (SSL_set1_host(&ssl, host) != 1 ||
      SSL_set_tlsext_host_name(&ssl, host) != 1) {
    return OpenSslError("setting the upstream's name");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<TlsClientContext>> TlsClientContext::Create(
    absl::string_view authorities) {
  InitOpenSsl();
  SslContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return OpenSslError("no TLS context");
  SetCommonOptions(*context);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context.get(), TlsClientTransport::Verify,
                                   nullptr);
  if (SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(context.get(), kTls12Ciphers) != 1 ||
      // This one returns 0 for success.
      SSL_CTX_set_alpn_protos(context.get(), kProtocols,
                              sizeof(kProtocols) - 1) != 0) {
    return OpenSslError("configuring TLS");
  }
  RETURN_IF_ERROR(Trust(*context, authorities));
  return std::unique_ptr<TlsClientContext>(
      new TlsClientContext(std::move(context)));
}

absl::StatusOr<std::unique_ptr<Transport>> TlsClientContext::MakeTransport(
    UniqueFd socket, const UpstreamSettings& upstream) {
  ASSIGN_OR_RETURN(const std::optional<SpkiPin> pin,
                   ParsePin(upstream.spki_pin));
  SslPtr ssl(SSL_new(context_.get()));
  if (ssl == nullptr) return OpenSslError("no TLS connection");
  RETURN_IF_ERROR(ExpectHost(*ssl, upstream.host));
  return std::make_unique<TlsClientTransport>(std::move(socket), std::move(ssl),
                                              pin);
}

}  // namespace holt::worker
