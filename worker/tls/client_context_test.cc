#include "worker/tls/client_context.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "common/testing/status_matchers.h"
#include "worker/net/connection.h"
#include "worker/net/testing/handlers.h"
#include "worker/net/testing/sockets.h"
#include "worker/tls/testing/test_identity.h"
#include "worker/tls/testing/tls_peer.h"

namespace holt::worker {
namespace {

// base64 of the SHA-256 of the identity's public key.
std::string PinOf(const TestIdentity& identity) {
  unsigned char* der = nullptr;
  const int size =
      i2d_X509_PUBKEY(X509_get_X509_PUBKEY(identity.certificate.get()), &der);
  unsigned char digest[32];
  EVP_Q_digest(nullptr, "SHA256", nullptr, der, static_cast<size_t>(size),
               digest, nullptr);
  OPENSSL_free(der);
  return absl::Base64Escape(
      absl::string_view(reinterpret_cast<char*>(digest), sizeof(digest)));
}

class TlsClientTest : public testing::Test {
 protected:
  void SetUp() override { server_context_ = MakeServerContext(identity_); }

  UpstreamSettings Upstream(const std::string& host,
                            const std::string& pin = "") {
    UpstreamSettings settings{};
    EXPECT_THAT(SetText(settings.host, host), IsOk());
    EXPECT_THAT(SetText(settings.spki_pin, pin), IsOk());
    return settings;
  }
  // True when the handshake with the server succeeds.
  bool Connects(const UpstreamSettings& settings,
                const std::string& authorities) {
    auto context = TlsClientContext::Create(authorities);
    EXPECT_THAT(context, IsOk());
    SocketPair pair = ConnectedPair();
    server_ = std::make_unique<TlsPeer>(
        *server_context_, TlsPeer::Side::kServer, std::move(pair.theirs));
    auto transport = (*context)->MakeTransport(std::move(pair.ours), settings);
    EXPECT_THAT(transport, IsOk());
    RecordingHandler handler;
    const auto connection = Connection::Create(
        *loop_, pool_, *std::move(transport), handler, ConnectionOptions());
    handler.connection = connection.get();
    connection->Start();
    TurnUntil(*loop_, [&] {
      server_->Handshake();
      return handler.opened || handler.closed.has_value();
    });
    return handler.opened;
  }

  const TestIdentity identity_ = MakeTestIdentity(KeyKind::kEcdsaP256);
  std::unique_ptr<Loop> loop_ = *Loop::Create();
  BufferPool pool_{1 << 20};
  SslContextPtr server_context_;
  std::unique_ptr<TlsPeer> server_;
};

TEST_F(TlsClientTest, AcceptsTheNameFromAnAuthority) {
  EXPECT_TRUE(Connects(Upstream("gateway.example"), identity_.pem));
  EXPECT_STREQ(SSL_get_servername(server_->ssl(), TLSEXT_NAMETYPE_host_name),
               "gateway.example");
}

TEST_F(TlsClientTest, AcceptsAnAddressAndDoesNotTellItAsAName) {
  EXPECT_TRUE(Connects(Upstream("127.0.0.1"), identity_.pem));
  EXPECT_EQ(SSL_get_servername(server_->ssl(), TLSEXT_NAMETYPE_host_name),
            nullptr);
}

TEST_F(TlsClientTest, RefusesAnotherName) {
  EXPECT_FALSE(Connects(Upstream("other.example"), identity_.pem));
  EXPECT_FALSE(Connects(Upstream("127.0.0.2"), identity_.pem));
}

TEST_F(TlsClientTest, RefusesAnotherAuthority) {
  const TestIdentity other = MakeTestIdentity(KeyKind::kEcdsaP256);
  EXPECT_FALSE(Connects(Upstream("gateway.example"), other.pem));
  EXPECT_FALSE(Connects(Upstream("gateway.example"), ""));
}

TEST_F(TlsClientTest, APinIsEnoughAndIsEverything) {
  const TestIdentity other = MakeTestIdentity(KeyKind::kEcdsaP256);
  EXPECT_TRUE(Connects(Upstream("anything.example", PinOf(identity_)), ""));
  EXPECT_FALSE(
      Connects(Upstream("gateway.example", PinOf(other)), identity_.pem));
}

TEST_F(TlsClientTest, SpeaksTls12ButNothingOlder) {
  SSL_CTX_set_max_proto_version(server_context_.get(), TLS1_2_VERSION);
  EXPECT_TRUE(Connects(Upstream("gateway.example"), identity_.pem));
  SSL_CTX_set_security_level(server_context_.get(), 0);
  SSL_CTX_set_max_proto_version(server_context_.get(), TLS1_1_VERSION);
  EXPECT_FALSE(Connects(Upstream("gateway.example"), identity_.pem));
}

TEST_F(TlsClientTest, SettingsThatMakeNoSenseAreRefused) {
  EXPECT_THAT(TlsClientContext::Create("no certificates"),
              StatusCodeIs(absl::StatusCode::kInvalidArgument));
  const auto context = *TlsClientContext::Create("");
  for (const char* pin : {"AAAA", "no base64!"}) {
    EXPECT_THAT(context->MakeTransport(UniqueFd(), Upstream("x", pin)),
                StatusCodeIs(absl::StatusCode::kInvalidArgument));
  }
}

}  // namespace
}  // namespace holt::worker
