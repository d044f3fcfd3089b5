#include "worker/tls/server_context.h"

#include <openssl/err.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "common/base/bytes.h"
#include "common/base/status_macros.h"

namespace holt::worker {
namespace {

// One protocol is spoken; in ALPN's form, the length first.
constexpr absl::string_view kHttp11 = "\x08http/1.1";

// Sessions are for this service only, and the same for all its workers.
constexpr unsigned char kSessionContext[] = {'h', 'o', 'l', 't'};

constexpr char kSignatureAlgorithms[] =
    "ECDSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA256:RSA-PSS+SHA384:ed25519";
constexpr char kGroups[] = "X25519:P-256:P-384";

// RFC 7301: a client that offers only other protocols is refused, one that
// offers none is taken to speak HTTP/1.1.
int ChooseProtocol(SSL* /*ssl*/, const unsigned char** chosen,
                   unsigned char* chosen_size, const unsigned char* offered,
                   unsigned int offered_size, void* /*argument*/) {
  Reader reader(absl::MakeConstSpan(offered, offered_size));
  while (reader.ok() && !reader.Finish()) {
    const absl::Span<const uint8_t> name = reader.Take(reader.Get<uint8_t>());
    const absl::string_view wanted = kHttp11.substr(1);
    if (name.size() == wanted.size() &&
        std::memcmp(name.data(), wanted.data(), name.size()) == 0) {
      *chosen = name.data();
      *chosen_size = static_cast<unsigned char>(name.size());
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TlsServerContext>> TlsServerContext::Create(
    const WorkerSettings& settings, absl::string_view chains,
    SupervisorClient& supervisor) {
  std::unique_ptr<TlsServerContext> context(new TlsServerContext(supervisor));
  RETURN_IF_ERROR(context->Configure());
  Reader reader(absl::MakeConstSpan(
      reinterpret_cast<const uint8_t*>(chains.data()), chains.size()));
  for (uint16_t i = 0; i < settings.identity_count; ++i) {
    const absl::Span<const uint8_t> chain = reader.Take(reader.Get<uint32_t>());
    RETURN_IF_ERROR(context->AddIdentity(
        i, settings.identities[i],
        {reinterpret_cast<const char*>(chain.data()), chain.size()}));
  }
  if (settings.identity_count == 0 || !reader.Finish()) {
    return absl::InvalidArgumentError("chains do not fit the identities");
  }
  return context;
}

absl::Status TlsServerContext::Configure() {
  ASSIGN_OR_RETURN(keys_, RemoteKeyProvider::Create());
  context_.reset(
      SSL_CTX_new_ex(keys_->library(), nullptr, TLS_server_method()));
  if (context_ == nullptr) return OpenSslError("no TLS context");
  SSL_CTX* context = context_.get();
  SetCommonOptions(*context);
  SSL_CTX_set_alpn_select_cb(context, ChooseProtocol, nullptr);
  if (SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
      SSL_CTX_set_max_early_data(context, 0) != 1 ||
      SSL_CTX_set1_groups_list(context, kGroups) != 1 ||
      SSL_CTX_set1_sigalgs_list(context, kSignatureAlgorithms) != 1 ||
      SSL_CTX_set_session_id_context(context, kSessionContext,
                                     sizeof(kSessionContext)) != 1) {
    return OpenSslError("configuring TLS");
  }
  return ticket_keys_.Install(*context, keys_->library());
}

absl::Status TlsServerContext::AddIdentity(uint16_t index, KeyKind kind,
                                           absl::string_view chain) {
  ASSIGN_OR_RETURN(const X509StackPtr certificates,
                   ParseCertificates(keys_->library(), chain));
  const X509Ptr leaf(sk_X509_shift(certificates.get()));
  ASSIGN_OR_RETURN(const KeyPtr key, keys_->KeyFor(index, kind, *leaf));
  // Checks that key and certificate belong together, and refuses a second
  // identity in the same place (RSA, EC or Ed25519).
  if (SSL_CTX_use_cert_and_key(context_.get(), leaf.get(), key.get(),
                               certificates.get(), /*override=*/0) != 1) {
    return OpenSslError("using a TLS identity");
  }
  ERR_clear_error();
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Transport>> TlsServerContext::MakeTransport(
    UniqueFd socket) {
  SslPtr ssl(SSL_new(context_.get()));
  if (ssl == nullptr) return OpenSslError("no TLS connection");
  return std::make_unique<TlsServerTransport>(
      std::move(socket), std::move(ssl),
      TlsServerTransport::Services{*keys_, supervisor_, statistics_});
}

}  // namespace holt::worker
