#include "supervisor/config/node_config.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <deque>
#include <string>
#include <vector>

#include "common/testing/status_matchers.h"

namespace holt::supervisor {
namespace {

using testing::Contains;
using testing::HasSubstr;

// An environment block and, where asked for, a configuration file.
class NodeConfigTest : public testing::Test {
 protected:
  void WriteFile(const std::string& text) {
    path_ = testing::TempDir() + "/holt.textproto";
    std::FILE* file = std::fopen(path_.c_str(), "w");
    ASSERT_NE(file, nullptr);
    std::fputs(text.c_str(), file);
    std::fclose(file);
  }
  void SetVariables(const std::vector<std::string>& variables) {
    texts_.assign(variables.begin(), variables.end());
    block_.clear();
    for (std::string& text : texts_) block_.push_back(text.data());
    block_.push_back(nullptr);
  }
  absl::StatusOr<NodeConfig> Load() {
    return LoadNodeConfig(path_, Environment(block_.data()), 4);
  }
  absl::StatusOr<std::string> StateDirectory() {
    absl::StatusOr<NodeConfig> node = Load();
    if (!node.ok()) return node.status();
    return ChooseStateDirectory(node->gateway, Environment(block_.data()));
  }

 private:
  std::string path_;
  std::deque<std::string> texts_;
  std::vector<char*> block_{nullptr};
};

TEST_F(NodeConfigTest, NothingConfiguredMeansTheDocumentedDefaults) {
  const auto node = Load();
  ASSERT_THAT(node, IsOk());
  const auto& gateway = node->gateway;
  EXPECT_EQ(gateway.listener().address(), "0.0.0.0");
  EXPECT_EQ(gateway.listener().port(), 8080u);
  EXPECT_FALSE(gateway.listener().force_https());
  EXPECT_EQ(gateway.listener().max_connections(), 4096u);
  EXPECT_EQ(gateway.listener().max_connections_per_address(), 256u);
  ASSERT_EQ(gateway.upstreams_size(), 1);
  EXPECT_EQ(node->upstream_urls[0].authority, "localhost:8081");
  EXPECT_FALSE(node->HasCredential(0));
  EXPECT_EQ(gateway.limits().global_requests(), 100u);
  EXPECT_EQ(gateway.limits().global_window_ms(), 60'000u);
  EXPECT_EQ(gateway.limits().address_requests(), 1000u);
  EXPECT_EQ(gateway.limits().max_body_bytes(), 33'554'432u);
  EXPECT_EQ(gateway.limits().max_concurrent_per_key(), 64u);
  EXPECT_EQ(gateway.timeouts().upstream_head_ms(), 290'000u);
  EXPECT_EQ(gateway.timeouts().drain_ms(), 600'000u);
  EXPECT_EQ(gateway.keys().max_staleness_ms(), 300'000u);
  EXPECT_EQ(gateway.processes().workers(), 4u);
  EXPECT_EQ(gateway.processes().sandbox_minimum(), "baseline");
  EXPECT_EQ(gateway.processes().first_uid(), 61'840u);
  EXPECT_TRUE(node->notices.empty());
}

TEST_F(NodeConfigTest, DefaultPricesAreTheEarlierProxysTable) {
  const auto node = Load();
  ASSERT_THAT(node, IsOk());
  EXPECT_EQ(node->gateway.prices_size(), 8);
  for (const auto& price : node->gateway.prices()) {
    if (price.model() == "whisper-large-v3") {
      EXPECT_EQ(price.audio_micros_per_mebibyte(), 96'000u);
      EXPECT_EQ(price.prompt_micros_per_million(), 0u);
    } else if (price.model() == "qwen3-embedding-4b" ||
               price.model() == "multilingual-e5-large") {
      EXPECT_EQ(price.prompt_micros_per_million(), 130'000u);
    } else {
      EXPECT_EQ(price.prompt_micros_per_million(), 5'000'000u);
      EXPECT_EQ(price.completion_micros_per_million(), 5'000'000u);
    }
  }
}

TEST_F(NodeConfigTest, ConfiguredPricesReplaceTheDefaultOnes) {
  WriteFile("prices { model: \"*\" prompt_micros_per_million: 7 }");
  const auto node = Load();
  ASSERT_THAT(node, IsOk());
  EXPECT_EQ(node->gateway.prices_size(), 1);
}

TEST_F(NodeConfigTest, VariablesOverrideTheFile) {
  WriteFile(
      "listener { port: 1 trust_proxy: false }\n"
      "upstreams { name: \"a\" url: \"http://old\" credential_file: \"/c\" }\n"
      "limits { global_requests: 1 }\n"
      "keys { keys_file: \"/old\" }\n");
  SetVariables({"PORT=8443", "UPSTREAM_URL=http://127.0.0.1:9/v",
                "RATE_LIMIT_REQUESTS=7", "RATE_LIMIT_WINDOW=2",
                "IP_RATE_LIMIT_REQUESTS=9", "IP_RATE_LIMIT_WINDOW=3",
                "TLS_CERT_FILE=/cert", "TLS_KEY_FILE=/key", "TRUST_PROXY=YES",
                "API_KEYS_FILE=/keys.json", "HOLT_STATE_DIR=/state"});
  const auto node = Load();
  ASSERT_THAT(node, IsOk());
  const auto& gateway = node->gateway;
  EXPECT_EQ(gateway.listener().port(), 8443u);
  EXPECT_TRUE(gateway.listener().trust_proxy());
  EXPECT_TRUE(gateway.listener().force_https());
  EXPECT_EQ(gateway.upstreams(0).name(), "a");
  EXPECT_EQ(node->upstream_urls[0].path_prefix, "/v");
  EXPECT_TRUE(node->HasCredential(0));
  EXPECT_EQ(gateway.limits().global_requests(), 7u);
  EXPECT_EQ(gateway.limits().global_window_ms(), 2000u);
  EXPECT_EQ(gateway.limits().address_requests(), 9u);
  EXPECT_EQ(gateway.limits().address_window_ms(), 3000u);
  EXPECT_EQ(gateway.tls_identities(0).certificate_file(), "/cert");
  EXPECT_EQ(gateway.keys().keys_file(), "/keys.json");
  EXPECT_EQ(gateway.state_dir(), "/state");
}

TEST_F(NodeConfigTest, BooleansAreOnForTrueOneAndYesOnly) {
  for (const char* on : {"true", "TRUE", "1", "yes"}) {
    SetVariables({std::string("TRUST_PROXY=") + on});
    EXPECT_TRUE(Load()->gateway.listener().trust_proxy()) << on;
  }
  for (const char* off : {"false", "0", "on", "no", "x"}) {
    SetVariables({std::string("TRUST_PROXY=") + off});
    EXPECT_FALSE(Load()->gateway.listener().trust_proxy()) << off;
  }
}

TEST_F(NodeConfigTest, ForceHttpsFollowsTlsUnlessSaidOtherwise) {
  SetVariables({"TLS_CERT_FILE=/c", "TLS_KEY_FILE=/k", "FORCE_HTTPS=false"});
  EXPECT_FALSE(Load()->gateway.listener().force_https());
}

TEST_F(NodeConfigTest, PlainKeysLeaveAsDigestsAndHints) {
  SetVariables({"API_KEYS= first-key-of-some-length ,, short"});
  const auto node = Load();
  ASSERT_THAT(node, IsOk());
  ASSERT_EQ(node->environment_keys.size(), 2u);
  EXPECT_EQ(node->environment_keys[0].key_id(), "env_key_0");
  EXPECT_EQ(node->environment_keys[0].digest().size(), 32u);
  EXPECT_EQ(node->environment_keys[0].hint(), "ngth");
  EXPECT_EQ(node->environment_keys[1].key_id(), "env_key_2");
  EXPECT_EQ(node->environment_keys[1].hint(), "");
  EXPECT_THAT(node->notices, Contains(HasSubstr("position 2 is shorter")));
}

TEST_F(NodeConfigTest, TheDigestOfAKeyIsItsSha256) {
  SetVariables({"API_KEYS=abc"});
  const auto node = Load();
  ASSERT_THAT(node, IsOk());
  const std::string expected(
      "\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41\x40\xde\x5d\xae\x22\x23"
      "\xb0\x03\x61\xa3\x96\x17\x7a\x9c\xb4\x10\xff\x61\xf2\x00\x15\xad",
      32);
  EXPECT_EQ(node->environment_keys[0].digest(), expected);
}

TEST_F(NodeConfigTest, TheUpstreamsCredentialMayComeFromTheEnvironment) {
  SetVariables({"PRIVATEMODE_API_KEY=secret"});
  const auto node = Load();
  ASSERT_THAT(node, IsOk());
  EXPECT_TRUE(node->HasCredential(0));
}

TEST_F(NodeConfigTest, VariablesWithoutEffectAreNamedOnce) {
  SetVariables({"PBKDF2_SALT=x", "SETTINGS_FILE=x", "USAGE_FILE=x",
                "ADMIN_PASSWORD=canary"});
  const auto node = Load();
  ASSERT_THAT(node, IsOk());
  ASSERT_EQ(node->notices.size(), 4u);
  EXPECT_THAT(node->notices, Contains(HasSubstr("ADMIN_PASSWORD is accepted")));
  EXPECT_THAT(node->notices, Not(Contains(HasSubstr("canary"))));
}

TEST_F(NodeConfigTest, LimitsBeyondWhatIsCountedAreLoweredAndSaid) {
  SetVariables({"IP_RATE_LIMIT_REQUESTS=5000", "RATE_LIMIT_REQUESTS=100000"});
  const auto node = Load();
  ASSERT_THAT(node, IsOk());
  EXPECT_EQ(node->gateway.limits().address_requests(), 1024u);
  EXPECT_EQ(node->gateway.limits().global_requests(), 65'536u);
  EXPECT_THAT(node->notices, Contains(HasSubstr("lowered from 5000 to 1024")));
}

TEST_F(NodeConfigTest, AFurtherUpstreamIsSaidToGetNoRequests) {
  WriteFile(
      "upstreams { name: \"a\" url: \"http://localhost:1\" }\n"
      "upstreams { name: \"b\" url: \"http://localhost:2\" }");
  const auto node = Load();
  ASSERT_THAT(node, IsOk());
  EXPECT_THAT(node->notices, Contains(HasSubstr("the first upstream only")));
}

TEST_F(NodeConfigTest, PlainHttpToAnotherMachineIsAllowedAndSaid) {
  SetVariables({"UPSTREAM_URL=http://10.0.0.7:8081"});
  const auto node = Load();
  ASSERT_THAT(node, IsOk());
  EXPECT_THAT(node->notices, Contains(HasSubstr("UPSTREAM_URL: requests travel "
                                                "to this upstream "
                                                "unencrypted")));
}

TEST_F(NodeConfigTest, ForcingHttpsWithoutAnyIsSaid) {
  SetVariables({"FORCE_HTTPS=1"});
  EXPECT_THAT(Load()->notices,
              Contains(HasSubstr("every request will be refused")));
}

struct BadVariables {
  std::vector<std::string> variables;
  const char* sentence;
};

TEST_F(NodeConfigTest, ABadVariableIsNamedWithTheFix) {
  const BadVariables table[] = {
      {{"PORT=x"},
       "PORT: \"x\" is no whole number from 0 to 65535; correct or "
       "unset it"},
      {{"PORT=70000"}, "PORT: \"70000\" is no whole number"},
      {{"PORT=-1"}, "PORT: \"-1\" is no whole number"},
      {{"RATE_LIMIT_REQUESTS=1.5"}, "RATE_LIMIT_REQUESTS: \"1.5\" is no whole"},
      {{"RATE_LIMIT_WINDOW=0"},
       "RATE_LIMIT_WINDOW: \"0\" is no whole number "
       "from 1 to 604800"},
      {{"IP_RATE_LIMIT_REQUESTS=-3"}, "IP_RATE_LIMIT_REQUESTS: "},
      {{"IP_RATE_LIMIT_WINDOW=ten"}, "IP_RATE_LIMIT_WINDOW: \"ten\""},
      {{"TLS_CERT_FILE=/c"}, "TLS_CERT_FILE: is set and TLS_KEY_FILE is not"},
      {{"TLS_KEY_FILE=/k"}, "TLS_KEY_FILE: is set and TLS_CERT_FILE is not"},
      {{"TLS_KEY_FILE=/k", "TLS_CERT_FILE="}, "TLS_CERT_FILE is not"},
      {{"UPSTREAM_URL=localhost:1"}, "UPSTREAM_URL: an upstream begins with"},
      {{"HOLT_STATE_DIR=relative"}, "HOLT_STATE_DIR: must be an absolute path"},
      {{"API_KEYS=same,same"},
       "API_KEYS: the key at position 1 is in the list "
       "already"},
  };
  for (const BadVariables& row : table) {
    SCOPED_TRACE(row.sentence);
    SetVariables(row.variables);
    EXPECT_THAT(Load(), StatusIs(absl::StatusCode::kInvalidArgument,
                                 HasSubstr(row.sentence)));
  }
}

struct BadFile {
  const char* text;
  const char* sentence;
};

TEST_F(NodeConfigTest, ABadValueInTheFileIsNamedWithItsPlaceAndTheFix) {
  const BadFile table[] = {
      {"listener { port: 65536 }",
       "holt.textproto:1:12: listener.port: 65536 is out of range; use 0 to "
       "65535"},
      {"listener { address: \"localhost\" }", "\"localhost\" is no IP address"},
      {"listener { max_connections: 2000000 }", "use 1 to 1000000"},
      {"tls_identities { key_file: \"/k\" }", "certificate_file is missing"},
      {"tls_identities { certificate_file: \"/c\" }", "key_file is missing"},
      {"tls_identities {} tls_identities {} tls_identities {} tls_identities "
       "{} tls_identities {}",
       "more than 4 TLS identities"},
      {"upstreams { name: \"a b\" url: \"http://x\" }", "a name has 1 to 63"},
      {"upstreams { name: \"a\" url: \"http://x\" }\n"
       "upstreams { name: \"a\" url: \"http://y\" }",
       ":2:13: upstreams[1].name: two upstreams are named \"a\""},
      {"upstreams { url: \"http://u:p@x\" }", "user information"},
      {"upstreams { url: \"https://x\" spki_pin: \"abc\" }",
       "spki_pin: must be the base64"},
      {"upstreams { url: \"http://localhost\" spki_pin: "
       "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\" }",
       "a pin needs TLS"},
      {"upstreams { url: \"http://localhost\" ca_file: \"/ca\" }",
       "authorities need TLS"},
      {"upstreams { url: \"http://x\" max_connections: 70000 }",
       "use 1 to 65535"},
      {"sidecar { arguments: \"x\" }", "command is missing"},
      {"sidecar { command: \"proxy\" }", "must be an absolute path"},
      {"sidecar { command: \"/p\" arguments: \"--dumpRequests\" }",
       "--dumpRequests writes prompts and answers to disk"},
      {"sidecar { command: \"/p\" arguments: \"-dumprequests=1\" }",
       "is never allowed"},
      {"sidecar { command: \"/p\" environment: \"X\" }", "must be NAME=value"},
      {"sidecar { command: \"/p\" working_directory: \"w\" }",
       "must be an absolute path"},
      {"keys { max_staleness_ms: 5 }", "use 10000 to 3600000"},
      {"limits { global_window_ms: 0 }", "use 1 to 604800000"},
      {"limits { address_window_ms: 0 }", "use 1 to 604800000"},
      {"limits { max_body_bytes: 5 }", "use 1024 to 1073741824"},
      {"limits { max_concurrent_per_key: 70000 }", "use 1 to 65535"},
      {"timeouts { drain_ms: 4000000000 }", "use 1 to 86400000"},
      {"prices { prompt_micros_per_million: 1 }", "a model has 1 to 64"},
      {"prices { model: \"m\" } prices { model: \"m\" }",
       "\"m\" has a price already"},
      {"processes { workers: 33 }", "use 1 to 32"},
      {"processes { first_uid: 4294967295 }", "use 1 to 2147483647"},
      {"processes { sandbox_minimum: \"most\" }", "\"most\" is no sandbox"},
      {"state_dir: \"here\"", "state_dir: must be an absolute path"},
      {"limts {}", "did you mean \"limits\"?"},
  };
  for (const BadFile& row : table) {
    SCOPED_TRACE(row.text);
    WriteFile(row.text);
    EXPECT_THAT(Load(), StatusIs(absl::StatusCode::kInvalidArgument,
                                 HasSubstr(row.sentence)));
  }
}

TEST_F(NodeConfigTest, OneVariableCannotReplaceOneOfTwoUpstreams) {
  WriteFile(
      "upstreams { name: \"a\" url: \"http://x\" }\n"
      "upstreams { name: \"b\" url: \"http://y\" }\n");
  SetVariables({"UPSTREAM_URL=http://z"});
  EXPECT_THAT(Load(), StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("the file configures 2 upstreams")));
}

TEST_F(NodeConfigTest, TheStateDirectoryFollowsTheUsersHabits) {
  SetVariables({"HOME=/home/ada"});
  EXPECT_EQ(*StateDirectory(), "/home/ada/.local/state/holt");
  SetVariables({"HOME=/home/ada", "XDG_STATE_HOME=/xdg"});
  EXPECT_EQ(*StateDirectory(), "/xdg/holt");
  SetVariables({"HOME=/home/ada", "HOLT_STATE_DIR=/var/lib/holt"});
  EXPECT_EQ(*StateDirectory(), "/var/lib/holt");
  SetVariables({});
  EXPECT_THAT(StateDirectory(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                         HasSubstr("set HOLT_STATE_DIR")));
}

}  // namespace
}  // namespace holt::supervisor
