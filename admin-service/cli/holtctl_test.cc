#include "admin-service/cli/holtctl.h"

#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "admin-service/keys/key_text.h"
#include "admin-service/testing/running_service.h"
#include "common/testing/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/holt/internal/v1/courier.grpc.pb.h"

namespace holt::admin::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class FakeTerminal final : public Terminal {
 public:
  void Out(absl::string_view text) override {
    out.append(text.data(), text.size());
  }
  void Error(absl::string_view text) override {
    error.append(text.data(), text.size());
  }
  [[nodiscard]] bool can_ask() const override { return answer.has_value(); }
  std::string Ask(absl::string_view question) override {
    Error(question);
    return *answer;
  }
  [[nodiscard]] bool has_colour() const override { return colour; }
  [[nodiscard]] bool has_lost_output() const override { return loses_output; }

  std::string out;
  std::string error;
  std::optional<std::string> answer;
  bool colour = false;
  bool loses_output = false;
};

struct Result {
  ExitCode code = ExitCode::kOk;
  std::string out;
  std::string error;
};

Result Invoke(std::vector<std::string> arguments, FakeTerminal terminal,
              absl::Time now) {
  const ExitCode code = RunHoltctl(arguments, terminal, now);
  return {code, terminal.out, terminal.error};
}

class HoltctlTest : public testing::Test {
 protected:
  Result Ctl(std::vector<std::string> arguments, FakeTerminal terminal = {}) {
    arguments.insert(arguments.begin(), {"--address", running_.socket_path()});
    return Invoke(std::move(arguments), std::move(terminal),
                  running_.clock().Now());
  }

  // Two keys with names that are always the same.
  void LoadKeys() {
    ASSERT_THAT(running_.ReloadKeysFile(
                    R"({"keys": [
      {"key": "pm_aaaaaaaaaaaaaaaa", "key_id": "key_a", "description": "Ana",
       "created_at": 1799740800, "expires_at": 1802592000, "rate_limit": 5},
      {"key": "pm_bbbbbbbbbbbbbbbb", "key_id": "key_b", "description": "Büro",
       "created_at": 1799996400, "enabled": false}]})"),
                IsOk());
  }

  void ReportUsage(uint64_t sequence, uint64_t prompt, uint64_t completion) {
    const auto courier =
        internal::v1::CourierService::NewStub(running_.ConnectCourier());
    internal::v1::ReportUsageRequest request;
    internal::v1::JournalBatch& batch = *request.add_journals();
    batch.set_journal_id(std::string(16, 'j'));
    internal::v1::UsageRecord& record = *batch.add_records();
    record.set_sequence(sequence);
    record.set_state(internal::v1::RECORD_STATE_COUNTED);
    internal::v1::Usage& usage = *record.mutable_usage();
    usage.set_key_number(1);
    usage.set_prompt_tokens(prompt);
    usage.set_completion_tokens(completion);
    usage.set_model("gpt-oss-120b");
    usage.set_endpoint(internal::v1::ENDPOINT_CHAT_COMPLETIONS);
    usage.set_outcome(internal::v1::OUTCOME_FINISHED);
    usage.set_start_unix_us(absl::ToUnixMicros(running_.clock().Now()));
    usage.set_end_unix_us(absl::ToUnixMicros(running_.clock().Now()));
    internal::v1::ReportUsageResponse response;
    grpc::ClientContext context;
    ASSERT_TRUE(courier->ReportUsage(&context, request, &response).ok());
  }

  std::string CreateId() {
    Ctl({"keys", "create", "ci", "--owner", "integration"});
    std::string id = Ctl({"keys", "list", "-o", "name"}).out;
    id.pop_back();
    return id;
  }

  RunningService running_;
};

TEST_F(HoltctlTest, ListIsAShortTable) {
  LoadKeys();
  const Result result = Ctl({"keys", "list"});
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_EQ(
      result.out,
      "ID     NAME  OWNER  STATE     HINT   LIMIT  CREATED  EXPIRES  SOURCE\n"
      "key_a  Ana   -      active    …aaaa      5  3d ago   in 30d   file\n"
      "key_b  Büro  -      disabled  …bbbb      -  1h ago   never    file\n");
  EXPECT_THAT(result.error, IsEmpty());
}

TEST_F(HoltctlTest, ColourIsForTerminalsOnly) {
  LoadKeys();
  FakeTerminal colourful;
  colourful.colour = true;
  EXPECT_THAT(Ctl({"keys", "list"}, colourful).out,
              HasSubstr("\033[32mactive\033[0m"));
  EXPECT_THAT(Ctl({"keys", "list"}).out, Not(HasSubstr("\033")));
}

TEST_F(HoltctlTest, NamesAreOnePerLine) {
  LoadKeys();
  EXPECT_EQ(Ctl({"keys", "list", "-o", "name"}).out, "key_a\nkey_b\n");
}

TEST_F(HoltctlTest, HeadingsCanBeLeftOut) {
  LoadKeys();
  EXPECT_THAT(Ctl({"keys", "list", "--no-headers"}).out, StartsWith("key_a"));
}

TEST_F(HoltctlTest, JsonIsTheApisOwn) {
  LoadKeys();
  EXPECT_THAT(Ctl({"key", "get", "key_a", "-o", "json"}).out,
              AllOf(HasSubstr("\"name\": \"apiKeys/key_a\""),
                    HasSubstr("\"state\": \"STATE_ACTIVE\""),
                    HasSubstr("\"expireTime\": \"2027-02-14T08:00:00Z\"")));
  EXPECT_THAT(Ctl({"keys", "list", "-o", "json"}).out,
              AllOf(StartsWith("[\n{"), HasSubstr("},\n{"),
                    testing::EndsWith("}\n]\n")));
}

TEST_F(HoltctlTest, SecretStandsAloneOnStandardOutput) {
  const Result result = Ctl({"keys", "create", "ci", "--owner", "integration",
                             "--expires", "30d", "-o", "secret"});
  EXPECT_EQ(result.code, ExitCode::kOk);
  ASSERT_THAT(result.out, testing::EndsWith("\n"));
  EXPECT_TRUE(IsWellFormedKey(result.out.substr(0, result.out.size() - 1)));
  EXPECT_THAT(result.error, AllOf(HasSubstr("cannot be shown again"),
                                  Not(HasSubstr(kKeyPrefix.data()))));
  EXPECT_THAT(Ctl({"keys", "list"}).out, HasSubstr("in 30d"));
}

TEST_F(HoltctlTest, ASecretThatNobodyReceivedIsAFailure) {
  FakeTerminal terminal;
  terminal.loses_output = true;
  const Result created =
      Ctl({"keys", "create", "ci", "--owner", "integration", "-o", "secret"},
          terminal);
  EXPECT_EQ(created.code, ExitCode::kFailed);
  EXPECT_THAT(created.error, HasSubstr("standard output did not take"));
}

TEST_F(HoltctlTest, EmptyListSaysHowToMakeAKey) {
  const Result result = Ctl({"keys", "list"});
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(result.error, HasSubstr("holtctl keys create"));
}

TEST_F(HoltctlTest, RevokingAsksFirst) {
  const std::string id = CreateId();
  FakeTerminal no;
  no.answer = "n";
  EXPECT_EQ(Ctl({"keys", "revoke", id}, no).code, ExitCode::kFailed);
  EXPECT_THAT(Ctl({"keys", "list"}).out, HasSubstr("active"));
  FakeTerminal yes;
  yes.answer = "y";
  const Result result = Ctl({"keys", "revoke", id}, yes);
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_THAT(result.error, HasSubstr("for good? [y/N]"));
  EXPECT_THAT(Ctl({"keys", "list", "--revoked"}).out, HasSubstr("revoked"));
}

TEST_F(HoltctlTest, RevokingWithoutATerminalNeedsYes) {
  const std::string id = CreateId();
  const Result refused = Ctl({"keys", "revoke", id});
  EXPECT_EQ(refused.code, ExitCode::kFailed);
  EXPECT_THAT(refused.error, HasSubstr("--yes"));
  EXPECT_EQ(Ctl({"keys", "revoke", id, "--yes"}).code, ExitCode::kOk);
}

TEST_F(HoltctlTest, DisabledKeyIsEnabledAgain) {
  const std::string id = CreateId();
  EXPECT_THAT(Ctl({"keys", "disable", id}).out, HasSubstr("disabled"));
  EXPECT_THAT(Ctl({"keys", "enable", id}).out, HasSubstr("active"));
}

TEST_F(HoltctlTest, UsageIsExactToTheMillionth) {
  LoadKeys();
  ReportUsage(0, 1'000'000, 234'567);
  ReportUsage(1, 54, 0);
  EXPECT_EQ(
      Ctl({"usage"}).out,
      "KEY    NAME  MODEL         REQUESTS     PROMPT  CACHED  COMPLETION     "
      "TOKENS  AUDIO BYTES       COST\n"
      "key_a  Ana   gpt-oss-120b         2  1,000,054       0     234,567  "
      "1,234,621            0  €6.173105\n"
      "TOTAL                             2  1,000,054       0     234,567  "
      "1,234,621            0  €6.173105\n");
}

TEST_F(HoltctlTest, UsageAsCsv) {
  LoadKeys();
  ReportUsage(0, 54, 0);
  EXPECT_EQ(Ctl({"usage", "--group-by", "key,model,day", "-o", "csv"}).out,
            "api_key,api_key_display_name,model,day,endpoint,request_count,"
            "prompt_token_count,cached_token_count,completion_token_count,"
            "reasoning_token_count,total_token_count,audio_byte_count,"
            "cost_micros,currency_code\n"
            "key_a,Ana,gpt-oss-120b,2027-01-15,,1,54,0,0,0,54,0,270,EUR\n");
}

TEST_F(HoltctlTest, UsageBeforeItBeganIsNone) {
  LoadKeys();
  ReportUsage(0, 54, 0);
  const Result result = Ctl({"usage", "--until", "2026-01-01", "--no-headers"});
  EXPECT_EQ(result.code, ExitCode::kOk);
  EXPECT_THAT(result.out, AllOf(StartsWith("TOTAL"), HasSubstr("€0.000000")));
}

TEST_F(HoltctlTest, StatusTellsWhatRuns) {
  LoadKeys();
  EXPECT_EQ(Ctl({"status"}).out,
            "Holt 1.2.3 at https://gateway.example:8080, started 2h ago\n"
            "Sandbox    full\n"
            "Secrets    memfd_secret\n"
            "Upstreams  demo\n"
            "Courier    away: key changes and usage wait\n"
            "Ledger     ok, 0 records since start\n"
            "Keys file  2 keys, read now\n");
}

TEST_F(HoltctlTest, EachKindOfFailureHasItsExitCode) {
  LoadKeys();
  const Result missing = Ctl({"keys", "get", "key_x"});
  EXPECT_EQ(missing.code, ExitCode::kNotFound);
  EXPECT_THAT(missing.error, HasSubstr("\"key_x\" was not found"));
  EXPECT_EQ(Ctl({"keys", "revoke", "key_a", "--yes"}).code, ExitCode::kFailed);
  EXPECT_EQ(Ctl({"usage", "--key", "key_x"}).code, ExitCode::kNotFound);
  EXPECT_EQ(Ctl({"keys", "list", "--bogus"}).code, ExitCode::kUsage);
}

TEST_F(HoltctlTest, FailureIsJsonWhenJsonWasAskedFor) {
  const Result result = Ctl({"keys", "get", "key_x", "-o", "json"});
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(result.error,
              StartsWith("{\"error\":{\"code\":\"NOT_FOUND\",\"message\":"));
}

TEST(HoltctlConnectionTest, NobodyThereIsUnavailable) {
  const Result result = Invoke({"--address", "/nowhere/admin.sock", "status"},
                               {}, absl::UnixEpoch());
  EXPECT_EQ(result.code, ExitCode::kUnavailable);
  EXPECT_THAT(result.error, HasSubstr("no Holt answers at"));
}

TEST(HoltctlConnectionTest, UserThatMayNotCallIsTold) {
  config::v1::AdminServiceSettings settings = RunningService::DefaultSettings();
  settings.clear_operator_uids();
  RunningService running(settings);
  const Result result = Invoke({"--address", running.socket_path(), "status"},
                               {}, running.clock().Now());
  EXPECT_EQ(result.code, ExitCode::kUnavailable);
  EXPECT_THAT(result.error, HasSubstr("does not accept calls of this user"));
}

TEST(HoltctlConnectionTest, SocketWithALongPathIsReached) {
  RunningService running;
  const std::string deep = running.folder() + "/" + std::string(200, 'd') +
                           "/" + std::string(200, 'e');
  std::filesystem::create_directories(deep);
  std::filesystem::rename(running.socket_path(), deep + "/admin.sock");
  EXPECT_EQ(Invoke({"--address", deep + "/admin.sock", "status"}, {},
                   running.clock().Now())
                .code,
            ExitCode::kOk);
}

TEST(HoltctlConnectionTest, EnvironmentNamesTheInstance) {
  RunningService running;
  ::setenv("HOLT_STATE_DIR", running.folder().c_str(), 1);
  const Result found = Invoke({"status"}, {}, running.clock().Now());
  ::setenv("HOLTCTL_ADDRESS", "/nowhere/admin.sock", 1);
  const Result named = Invoke({"status"}, {}, running.clock().Now());
  ::unsetenv("HOLT_STATE_DIR");
  ::unsetenv("HOLTCTL_ADDRESS");
  EXPECT_EQ(found.code, ExitCode::kOk);
  EXPECT_EQ(named.code, ExitCode::kUnavailable) << "the address goes first";
}

}  // namespace
}  // namespace holt::admin::cli
