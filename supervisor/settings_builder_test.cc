#include "supervisor/settings_builder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "common/testing/status_matchers.h"

namespace holt::supervisor {
namespace {

using testing::HasSubstr;

// A configuration as LoadNodeConfig leaves it.
class SettingsBuilderTest : public testing::Test {
 protected:
  NodeConfig Load(const std::string& text) {
    const std::string path = testing::TempDir() + "/holt.textproto";
    std::ofstream(path) << text;
    char* none[] = {nullptr};
    auto node = LoadNodeConfig(path, Environment(none), 3);
    EXPECT_THAT(node, IsOk());
    return node.ok() ? *std::move(node) : NodeConfig();
  }
};

TEST_F(SettingsBuilderTest, AWorkerIsToldTheWholeConfiguration) {
  const NodeConfig node = Load(
      "listener { trust_proxy: true max_connections: 77 }\n"
      "upstreams { name: \"a\" url: \"https://a.example/v2\" "
      "credential_file: \"/c\" }\n"
      "upstreams { name: \"b\" url: \"http://[::1]:9\" max_connections: 3 }\n"
      "limits { max_body_bytes: 5000 }\n"
      "timeouts { head_ms: 123 }\n");
  const KeyKind kinds[] = {KeyKind::kEcdsaP256, KeyKind::kRsa};
  const auto settings = BuildWorkerSettings(node, kinds, 2);
  ASSERT_THAT(settings, IsOk());
  EXPECT_EQ(settings->worker_index, 2);
  EXPECT_EQ(settings->worker_count, 3);
  EXPECT_EQ(settings->tls, 1);
  EXPECT_EQ(settings->identity_count, 2);
  EXPECT_EQ(settings->identities[1], KeyKind::kRsa);
  EXPECT_EQ(settings->trust_proxy, 1);
  EXPECT_EQ(settings->max_connections, 77u);
  EXPECT_EQ(settings->max_body_size, 5000u);
  EXPECT_EQ(settings->head_timeout, 123u);
  EXPECT_EQ(settings->max_head_size, 32'768u);
  EXPECT_EQ(settings->max_field_count, 100u);
  EXPECT_EQ(settings->max_buffered_per_worker, 512u << 20);
  ASSERT_EQ(settings->upstream_count, 2);
  EXPECT_STREQ(settings->upstreams[0].host, "a.example");
  EXPECT_STREQ(settings->upstreams[0].authority, "a.example");
  EXPECT_STREQ(settings->upstreams[0].path_prefix, "/v2");
  EXPECT_EQ(settings->upstreams[0].port, 443);
  EXPECT_EQ(settings->upstreams[0].tls, 1);
  EXPECT_EQ(settings->upstreams[0].has_credential, 1);
  EXPECT_STREQ(settings->upstreams[1].authority, "[::1]:9");
  EXPECT_EQ(settings->upstreams[1].has_credential, 0);
  EXPECT_EQ(settings->upstreams[1].max_connections, 3u);
}

TEST_F(SettingsBuilderTest, WithoutIdentitiesAWorkerServesPlainHttp) {
  const auto settings = BuildWorkerSettings(Load(""), {}, 0);
  ASSERT_THAT(settings, IsOk());
  EXPECT_EQ(settings->tls, 0);
  EXPECT_EQ(settings->force_https, 0);
}

TEST_F(SettingsBuilderTest, NoTimeOrLimitOfAWorkerIsLeftAtZero) {
  const auto settings = BuildWorkerSettings(Load(""), {}, 0);
  ASSERT_THAT(settings, IsOk());
  for (const uint32_t value :
       {settings->max_request_line, settings->max_field_size,
        settings->max_requests_per_connection, settings->max_concurrent_per_key,
        settings->handshake_timeout, settings->idle_timeout,
        settings->body_gap_timeout, settings->write_stall_timeout,
        settings->connect_timeout, settings->upstream_head_timeout,
        settings->upstream_gap_timeout, settings->upstream_idle_timeout,
        settings->keep_alive_comment, settings->connection_max_age,
        settings->max_connections_per_address}) {
    EXPECT_NE(value, 0u);
  }
  EXPECT_NE(settings->max_buffered_per_exchange, 0u);
}

TEST_F(SettingsBuilderTest, TheConnectorKnowsTheSameUpstreams) {
  const auto settings = BuildConnectorSettings(
      Load("upstreams { name: \"a\" url: \"https://a.example:8443\" }"));
  ASSERT_THAT(settings, IsOk());
  EXPECT_EQ(settings->upstream_count, 1);
  EXPECT_STREQ(settings->upstreams[0].host, "a.example");
  EXPECT_EQ(settings->upstreams[0].port, 8443);
  EXPECT_NE(settings->max_dials, 0);
}

TEST_F(SettingsBuilderTest, TheAdminServiceGetsPricesLimitsAndTheNode) {
  NodeConfig node = Load("keys { keys_file: \"/k\" max_staleness_ms: 20000 }");
  node.environment_keys.emplace_back().set_key_id("env_key_0");
  holt::config::v1::NodeInfo info;
  info.set_endpoint("https://127.0.0.1:1");
  const uint32_t uids[] = {1000};
  holt::config::v1::AdminServiceSettings settings;
  ASSERT_TRUE(settings.ParseFromString(BuildAdminSettings(node, info, uids)));
  EXPECT_EQ(settings.prices_size(), 8);
  EXPECT_EQ(settings.currency(), "EUR");
  EXPECT_EQ(settings.limits().global_requests(), 100u);
  EXPECT_EQ(settings.max_staleness_ms(), 20'000u);
  EXPECT_EQ(settings.environment_keys(0).key_id(), "env_key_0");
  EXPECT_TRUE(settings.has_keys_file());
  EXPECT_EQ(settings.operator_uids(0), 1000u);
  EXPECT_EQ(settings.node().endpoint(), "https://127.0.0.1:1");
}

TEST(BuildCertificatesFile, PutsTheLengthBeforeEachChain) {
  const std::string chains[] = {"abc", ""};
  EXPECT_EQ(BuildCertificatesFile(chains),
            std::string("\x03\0\0\0abc\0\0\0\0", 11));
}

TEST_F(SettingsBuilderTest, AuthoritiesAreThoseOfTheUpstreamsFiles) {
  const std::string path = testing::TempDir() + "/ca.pem";
  std::ofstream(path) << "-----BEGIN CERTIFICATE-----\nx\n";
  const auto pem = ReadAuthorities(
      Load("upstreams { url: \"https://a\" ca_file: \"" + path + "\" }"));
  ASSERT_THAT(pem, IsOk());
  EXPECT_EQ(*pem, "-----BEGIN CERTIFICATE-----\nx\n\n");
}

TEST_F(SettingsBuilderTest, PlainAndPinnedUpstreamsNeedNoAuthority) {
  const auto pem = ReadAuthorities(
      Load("upstreams { name: \"a\" url: \"http://localhost\" }\n"
           "upstreams { name: \"b\" url: \"https://b\" spki_pin: "
           "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\" }"));
  ASSERT_THAT(pem, IsOk());
  EXPECT_EQ(*pem, "");
}

TEST_F(SettingsBuilderTest, AuthoritiesThatAreNoneAreNamed) {
  EXPECT_THAT(ReadAuthorities(Load(
                  "upstreams { url: \"https://a\" ca_file: \"/etc/passwd\" }")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("/etc/passwd: no certificate is in it")));
  EXPECT_THAT(ReadAuthorities(
                  Load("upstreams { url: \"https://a\" ca_file: \"/none\" }")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/none")));
}

TEST_F(SettingsBuilderTest, TheDemoReplacesUpstreamsAndGetsNoCredential) {
  NodeConfig node = Load("upstreams { url: \"https://a\" }");
  node.environment_credential = true;
  UseDemoUpstream(4321, node);
  const auto settings = BuildWorkerSettings(node, {}, 0);
  ASSERT_THAT(settings, IsOk());
  ASSERT_EQ(settings->upstream_count, 1);
  EXPECT_STREQ(settings->upstreams[0].authority, "127.0.0.1:4321");
  EXPECT_EQ(settings->upstreams[0].has_credential, 0);
}

}  // namespace
}  // namespace holt::supervisor
