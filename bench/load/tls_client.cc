#include "bench/load/tls_client.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace holt::bench {
namespace {

constexpr size_t kMaxSessions = 4096;

}  // namespace

absl::StatusOr<std::unique_ptr<TlsClient>> TlsClient::Create(
    const std::string& ca_file, absl::string_view host, bool resume) {
  std::unique_ptr<SSL_CTX, SslFree> context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr ||
      SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) != 1) {
    return absl::InternalError("OpenSSL gives no TLS 1.3 context");
  }
  const int loaded =
      ca_file.empty()
          ? SSL_CTX_set_default_verify_paths(context.get())
          : SSL_CTX_load_verify_file(context.get(), ca_file.c_str());
  if (loaded != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("no certificates can be read from ", ca_file));
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  // One read takes all records that are there.
  SSL_CTX_set_read_ahead(context.get(), 1);
  auto client =
      std::unique_ptr<TlsClient>(new TlsClient(std::move(context), host));
  if (resume) {
    SSL_CTX* const raw = client->context_.get();
    SSL_CTX_set_app_data(raw, client.get());
    SSL_CTX_set_session_cache_mode(
        raw, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(raw, &TlsClient::KeepSession);
  }
  return client;
}

SslPtr TlsClient::NewConnection(int socket) {
  SslPtr ssl(SSL_new(context_.get()));
  if (ssl == nullptr || SSL_set_fd(ssl.get(), socket) != 1) return nullptr;
  SSL_set_connect_state(ssl.get());
  // An address stands in the certificate as such, and is no server name.
  X509_VERIFY_PARAM* const expected = SSL_get0_param(ssl.get());
  if (X509_VERIFY_PARAM_set1_ip_asc(expected, host_.c_str()) != 1) {
    SSL_set1_host(ssl.get(), host_.c_str());
    SSL_set_tlsext_host_name(ssl.get(), host_.c_str());
  }
  if (!sessions_.empty()) {
    SSL_set_session(ssl.get(), sessions_.back().get());
    sessions_.pop_back();
  }
  ERR_clear_error();
  return ssl;
}

// Returning 1 takes the session over. Each ticket but the surplus is kept: one
// that was used is dead to OpenSSL.
int TlsClient::KeepSession(SSL* ssl, SSL_SESSION* session) {
  auto* client =
      static_cast<TlsClient*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  if (client->sessions_.size() >= kMaxSessions) return 0;
  client->sessions_.emplace_back(session);
  return 1;
}

}  // namespace holt::bench
