#include "worker/admit/admitter.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/ipc/shared_memory.h"
#include "worker/admit/presented_key.h"
#include "worker/http/request_parser.h"

namespace holt::worker {
namespace {

constexpr uint32_t kMaxKeys = 64;

class AdmitterTest : public testing::Test {
 protected:
  void SetUp() override {
    table_ = *MakeSharedMemory("keys", KeyTableSize(kMaxKeys));
    memory_ = *MakeSharedMemory("limiter", LimiterSize(kMaxKeys));
    writer_ = std::make_unique<KeyTableWriter>(
        *KeyTableWriter::Open(table_.get(), kMaxKeys));
    reader_ = std::make_unique<KeyTableReader>(
        *KeyTableReader::Open(table_.get(), kMaxKeys));
    limiter_ =
        std::make_unique<Limiter>(*Limiter::Open(memory_.get(), kMaxKeys));
    settings_.max_concurrent_per_key = 2;
    shared_.global_window_ms = 60'000;
    shared_.address_window_ms = 60'000;
    shared_.max_staleness_ms = 300'000;
    Push();
    admitter_ =
        std::make_unique<Admitter>(*reader_, *limiter_, settings_, clock_);
  }

  void Push() {
    writer_->SetSettings(shared_);
    ASSERT_TRUE(writer_->Confirm(++epoch_, clock_.BootNanos()).ok());
  }

  KeyPolicy Key(uint64_t number, KeyState state = KeyState::kActive) {
    KeyPolicy policy{};
    policy.key_number = number;
    policy.state = state;
    policy.limiter_cell = static_cast<uint32_t>(number);
    return policy;
  }
  void Give(absl::string_view text, const KeyPolicy& policy) {
    ASSERT_TRUE(writer_->Put(DigestOf(text), policy).ok());
  }

  // A request with these field lines, parsed.
  const RequestHead& Head(const std::vector<std::string>& fields) {
    parsers_.push_back(std::make_unique<RequestParser>(HeadLimits{}));
    std::string text = "GET /v1/models HTTP/1.1\r\nHost: a\r\n";
    for (const std::string& field : fields)
      absl::StrAppend(&text, field, "\r\n");
    text += "\r\n";
    const auto step = parsers_.back()->Next(absl::MakeConstSpan(
        reinterpret_cast<const uint8_t*>(text.data()), text.size()));
    EXPECT_EQ(step.event, RequestParser::Step::Event::kHead) << text;
    return parsers_.back()->head();
  }

  // The refusal's code, or "admitted".
  std::string Admit(const std::vector<std::string>& fields) {
    auto verdict = admitter_->AdmitKey(Head(fields));
    if (auto* admission = absl::get_if<Admission>(&verdict)) {
      slots_.push_back(std::move(admission->slot));
      last_rate_ = admission->rate;
      return "admitted";
    }
    const auto& rejection = absl::get<Rejection>(verdict);
    last_rate_ = rejection.rate;
    last_message_ = std::string(rejection.refusal.message.view());
    return absl::StrCat(rejection.refusal.status, " ",
                        NameOf(rejection.refusal.code));
  }
  std::string AdmitAndFinish(const std::vector<std::string>& fields) {
    std::string verdict = Admit(fields);
    slots_.clear();
    return verdict;
  }
  bool AdmitsOrigin(const std::vector<std::string>& fields, uint8_t last_byte,
                    bool encrypted = true) {
    Admitter::Origin origin;
    origin.encrypted = encrypted;
    origin.peer[10] = origin.peer[11] = 0xff;
    origin.peer[15] = last_byte;
    return !admitter_->AdmitOrigin(Head(fields), origin).has_value();
  }

  UniqueFd table_;
  UniqueFd memory_;
  FakeClock clock_;
  uint64_t epoch_ = 0;
  SharedSettings shared_{};
  WorkerSettings settings_{};
  std::unique_ptr<KeyTableWriter> writer_;
  std::unique_ptr<KeyTableReader> reader_;
  std::unique_ptr<Limiter> limiter_;
  std::unique_ptr<Admitter> admitter_;
  std::vector<std::unique_ptr<RequestParser>> parsers_;
  std::vector<ConcurrencySlot> slots_;
  RateHeaders last_rate_;
  std::string last_message_;
};

TEST_F(AdmitterTest, AKeyIsReadFromEitherHeader) {
  Give("good", Key(1));
  EXPECT_EQ(AdmitAndFinish({"Authorization: Bearer good"}), "admitted");
  EXPECT_EQ(AdmitAndFinish({"Authorization: bearer   good"}), "admitted");
  EXPECT_EQ(AdmitAndFinish({"X-API-Key: good"}), "admitted");
  EXPECT_EQ(AdmitAndFinish({"Authorization: Basic x", "X-Api-Key: good"}),
            "admitted");
  EXPECT_EQ(AdmitAndFinish({"Authorization: Bearer good", "X-API-Key: good"}),
            "admitted");
}

TEST_F(AdmitterTest, WithoutAKeyThereIsNothing) {
  EXPECT_EQ(Admit({}), "401 invalid_api_key");
  EXPECT_NE(last_message_.find("Missing API key"), std::string::npos);
  EXPECT_EQ(Admit({"Authorization: Bearer"}), "401 invalid_api_key");
  EXPECT_NE(last_message_.find("Missing API key"), std::string::npos);
  EXPECT_EQ(Admit({"Authorization: good"}), "401 invalid_api_key");
  EXPECT_EQ(Admit({"Cookie: key=good"}), "401 invalid_api_key");
}

TEST_F(AdmitterTest, TwoKeysThatDisagreeAreRefused) {
  Give("good", Key(1));
  EXPECT_EQ(Admit({"Authorization: Bearer good", "X-API-Key: other"}),
            "400 bad_request");
}

TEST_F(AdmitterTest, OnlyAnActiveKeyGoesOn) {
  Give("disabled", Key(1, KeyState::kDisabled));
  Give("revoked", Key(2, KeyState::kRevoked));
  KeyPolicy expired = Key(3);
  expired.expires_unix_ms = absl::ToUnixMillis(clock_.Now());
  Give("expired", expired);
  KeyPolicy later = Key(4);
  later.expires_unix_ms = absl::ToUnixMillis(clock_.Now()) + 1;
  Give("later", later);
  for (const char* key : {"unknown", "disabled", "revoked", "expired"}) {
    EXPECT_EQ(Admit({absl::StrCat("X-API-Key: ", key)}), "401 invalid_api_key")
        << key;
  }
  EXPECT_EQ(Admit({"X-API-Key: later"}), "admitted");
}

TEST_F(AdmitterTest, AKeyTakenAwayIsRefusedAtOnce) {
  Give("good", Key(1));
  EXPECT_EQ(AdmitAndFinish({"X-API-Key: good"}), "admitted");
  Give("good", Key(1, KeyState::kRevoked));
  EXPECT_EQ(Admit({"X-API-Key: good"}), "401 invalid_api_key");
}

TEST_F(AdmitterTest, AStaleKeyTableRefusesEveryone) {
  Give("good", Key(1));
  clock_.Advance(absl::Milliseconds(300'000));
  EXPECT_EQ(AdmitAndFinish({"X-API-Key: good"}), "admitted");
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_EQ(Admit({"X-API-Key: good"}), "503 unavailable");
  Push();
  EXPECT_EQ(Admit({"X-API-Key: good"}), "admitted");
}

TEST_F(AdmitterTest, ConcurrentRequestsOfAKeyAreBounded) {
  Give("good", Key(1));
  Give("other", Key(2));
  EXPECT_EQ(Admit({"X-API-Key: good"}), "admitted");
  EXPECT_EQ(Admit({"X-API-Key: good"}), "admitted");
  EXPECT_EQ(Admit({"X-API-Key: good"}), "429 rate_limit_exceeded");
  EXPECT_EQ(Admit({"X-API-Key: other"}), "admitted");
  slots_.clear();
  EXPECT_EQ(Admit({"X-API-Key: good"}), "admitted");
}

TEST_F(AdmitterTest, TheGlobalLimitCountsAllKeys) {
  shared_.global_requests = 3;
  Push();
  Give("a", Key(1));
  Give("b", Key(2));
  for (const uint64_t remaining : {2, 1, 0}) {
    EXPECT_EQ(AdmitAndFinish({"X-API-Key: a"}), "admitted");
    ASSERT_TRUE(last_rate_.earlier.has_value());
    EXPECT_EQ(last_rate_.earlier->limit, 3u);
    EXPECT_EQ(last_rate_.earlier->remaining, remaining);
  }
  EXPECT_EQ(Admit({"X-API-Key: b"}), "429 rate_limit_exceeded");
  EXPECT_NE(last_message_.find("Global rate limit exceeded"),
            std::string::npos);
  clock_.Advance(absl::Minutes(1));
  EXPECT_EQ(AdmitAndFinish({"X-API-Key: b"}), "admitted");
}

TEST_F(AdmitterTest, ARefusalForTheKeysLimitDoesNotConsumeTheGlobalOne) {
  shared_.global_requests = 2;
  Push();
  KeyPolicy limited = Key(1);
  limited.requests_per_window = 1;
  Give("limited", limited);
  Give("free", Key(2));
  EXPECT_EQ(AdmitAndFinish({"X-API-Key: limited"}), "admitted");
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(Admit({"X-API-Key: limited"}), "429 rate_limit_exceeded");
    EXPECT_NE(last_message_.find("Per-key rate limit exceeded"),
              std::string::npos);
  }
  EXPECT_EQ(AdmitAndFinish({"X-API-Key: free"}), "admitted");
}

TEST_F(AdmitterTest, AnUnknownKeyDoesNotConsumeTheGlobalLimit) {
  shared_.global_requests = 1;
  Push();
  Give("good", Key(1));
  for (int i = 0; i < 5; ++i) Admit({"X-API-Key: bad"});
  EXPECT_EQ(Admit({"X-API-Key: good"}), "admitted");
}

TEST_F(AdmitterTest, EachAddressHasItsOwnLimit) {
  shared_.address_requests = 2;
  Push();
  EXPECT_TRUE(AdmitsOrigin({}, 1));
  EXPECT_TRUE(AdmitsOrigin({}, 1));
  EXPECT_FALSE(AdmitsOrigin({}, 1));
  EXPECT_TRUE(AdmitsOrigin({}, 2));
}

TEST_F(AdmitterTest, AForwardedAddressCountsOnlyFromATrustedProxy) {
  shared_.address_requests = 1;
  Push();
  EXPECT_TRUE(AdmitsOrigin({"X-Forwarded-For: 10.0.0.1"}, 1));
  EXPECT_FALSE(AdmitsOrigin({"X-Forwarded-For: 10.0.0.2"}, 1));
  settings_.trust_proxy = 1;
  EXPECT_TRUE(AdmitsOrigin({"X-Forwarded-For: 10.0.0.3"}, 1));
  // What the client itself put in front changes nothing.
  EXPECT_FALSE(AdmitsOrigin({"X-Forwarded-For: 6.6.6.6,  10.0.0.3 "}, 1));
  EXPECT_TRUE(AdmitsOrigin({"X-Forwarded-For: 10.0.0.4"}, 1));
}

TEST_F(AdmitterTest, PlainRequestsAreRefusedWhereHttpsIsForced) {
  settings_.force_https = 1;
  EXPECT_FALSE(AdmitsOrigin({}, 1, /*encrypted=*/false));
  EXPECT_FALSE(
      AdmitsOrigin({"X-Forwarded-Proto: https"}, 1, /*encrypted=*/false));
  EXPECT_TRUE(AdmitsOrigin({}, 1, /*encrypted=*/true));
  settings_.trust_proxy = 1;
  EXPECT_TRUE(
      AdmitsOrigin({"X-Forwarded-Proto: HTTPS"}, 1, /*encrypted=*/false));
  EXPECT_FALSE(AdmitsOrigin({"X-Forwarded-Proto: https, http"}, 1,
                            /*encrypted=*/false));
}

}  // namespace
}  // namespace holt::worker
