#include "worker/admit/admitter.h"

#include <arpa/inet.h>

#include <cstring>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "worker/admit/presented_key.h"

namespace holt::worker {
namespace {

constexpr int64_t kNanosPerMilli = 1'000'000;

// Told to a key whose slots are all taken: one of its own requests must end.
constexpr uint64_t kConcurrencyRetryMillis = 1'000;

uint64_t MillisOf(int64_t nanos) {
  if (nanos <= 0) return 0;
  return static_cast<uint64_t>((nanos + kNanosPerMilli - 1) / kNanosPerMilli);
}

RateHeaders HeadersOf(const LimitDecision& decision) {
  RateHeaders headers;
  if (decision.limit == 0) return headers;
  const RateWindow window{decision.limit, decision.remaining,
                          MillisOf(decision.reset_nanos)};
  headers.requests = window;
  headers.earlier = window;
  return headers;
}

// An address as the limiter counts it: IPv6 by its /64.
std::optional<AddressKey> ParseAddress(absl::string_view text) {
  const std::string terminated(text.substr(0, INET6_ADDRSTRLEN));
  AddressKey key{};
  in_addr v4{};
  if (::inet_pton(AF_INET, terminated.c_str(), &v4) == 1) {
    key[10] = key[11] = 0xff;
    std::memcpy(key.data() + 12, &v4, sizeof(v4));
    return key;
  }
  in6_addr v6{};
  if (::inet_pton(AF_INET6, terminated.c_str(), &v6) != 1) return std::nullopt;
  std::memcpy(key.data(), &v6, sizeof(v6) / 2);
  return key;
}

absl::string_view LastListEntry(absl::string_view list) {
  const size_t comma = list.rfind(',');
  if (comma != absl::string_view::npos) list.remove_prefix(comma + 1);
  return absl::StripAsciiWhitespace(list);
}

}  // namespace

ConcurrencySlot& ConcurrencySlot::operator=(ConcurrencySlot&& other) noexcept {
  if (this != &other) {
    Free();
    admitter_ = std::exchange(other.admitter_, nullptr);
    key_number_ = other.key_number_;
  }
  return *this;
}

void ConcurrencySlot::Free() {
  if (admitter_ == nullptr) return;
  const auto found = admitter_->under_way_.find(key_number_);
  if (found != admitter_->under_way_.end() && --found->second == 0) {
    admitter_->under_way_.erase(found);
  }
  admitter_ = nullptr;
}

AddressKey Admitter::ClientAddress(const RequestHead& head,
                                   const AddressKey& peer) const {
  if (settings_.trust_proxy == 0) return peer;
  // Only the proxy we are told to trust appends; what stands further left is
  // the client's own text. Of repeated fields the last is the proxy's.
  absl::string_view forwarded;
  for (const Field& field : head.fields()) {
    if (absl::EqualsIgnoreCase(field.name, "x-forwarded-for")) {
      forwarded = field.value;
    }
  }
  return ParseAddress(LastListEntry(forwarded)).value_or(peer);
}

std::optional<Refusal> Admitter::CheckHttps(const RequestHead& head,
                                            const Origin& origin) const {
  if (settings_.force_https == 0 || origin.encrypted) return std::nullopt;
  if (settings_.trust_proxy != 0 &&
      absl::EqualsIgnoreCase(
          head.Find("x-forwarded-proto").value_or(absl::string_view()),
          "https")) {
    return std::nullopt;
  }
  return MakeRefusal(RefusalKind::kHttpsRequired);
}

std::optional<Rejection> Admitter::AdmitOrigin(const RequestHead& head,
                                               const Origin& origin) {
  if (auto refusal = CheckHttps(head, origin)) return Rejection{*refusal, {}};
  const SharedSettings shared = keys_.settings();
  const LimitDecision decision = limiter_.AdmitAddress(
      ClientAddress(head, origin.peer), shared.address_requests,
      shared.address_window_ms * kNanosPerMilli, clock_.BootNanos());
  if (decision.admitted) return std::nullopt;
  return Rejection{
      AddressRateLimited(decision.limit, MillisOf(decision.retry_after_nanos)),
      HeadersOf(decision)};
}

bool Admitter::KeyTableIsStale() const {
  if (keys_.epoch() == 0) return true;
  const int64_t allowed = keys_.settings().max_staleness_ms * kNanosPerMilli;
  return clock_.BootNanos() - keys_.confirmed_boot_nanos() > allowed;
}

std::optional<Refusal> Admitter::CheckState(const KeyPolicy& key) const {
  if (key.state != KeyState::kActive) {
    return MakeRefusal(RefusalKind::kInvalidKey);
  }
  if (key.expires_unix_ms != 0 &&
      absl::ToUnixMillis(clock_.Now()) >= key.expires_unix_ms) {
    return MakeRefusal(RefusalKind::kExpiredKey);
  }
  return std::nullopt;
}

absl::variant<Admission, Rejection> Admitter::AdmitKey(
    const RequestHead& head) {
  if (KeyTableIsStale()) {
    return Rejection{MakeRefusal(RefusalKind::kKeyTableStale), {}};
  }
  const PresentedKey presented = FindPresentedKey(head);
  if (presented.contradictory) {
    return Rejection{MakeRefusal(RefusalKind::kTwoCredentials), {}};
  }
  if (presented.text.empty()) {
    return Rejection{MakeRefusal(RefusalKind::kMissingKey), {}};
  }
  const std::optional<KeyPolicy> key = keys_.Find(DigestOf(presented.text));
  if (!key.has_value()) {
    return Rejection{MakeRefusal(RefusalKind::kInvalidKey), {}};
  }
  if (auto refusal = CheckState(*key)) return Rejection{*refusal, {}};
  Admission admission;
  admission.key = *key;
  if (auto rejection = CheckLimits(*key, admission.rate)) return *rejection;
  ++under_way_[key->key_number];
  admission.slot = ConcurrencySlot(this, key->key_number);
  return admission;
}

std::optional<Rejection> Admitter::CheckLimits(const KeyPolicy& key,
                                               RateHeaders& rate) {
  const auto running = under_way_.find(key.key_number);
  if (running != under_way_.end() &&
      running->second >= settings_.max_concurrent_per_key) {
    return Rejection{TooManyConcurrent(settings_.max_concurrent_per_key,
                                       kConcurrencyRetryMillis),
                     {}};
  }
  const SharedSettings shared = keys_.settings();
  const int64_t window = shared.global_window_ms * kNanosPerMilli;
  const int64_t now = clock_.BootNanos();
  const LimitDecision global =
      limiter_.AdmitGlobal(shared.global_requests, window, now);
  if (!global.admitted) {
    return Rejection{
        GlobalRateLimited(global.limit, MillisOf(global.retry_after_nanos)),
        HeadersOf(global)};
  }
  const LimitDecision own =
      limiter_.AdmitKey(key.limiter_cell, key.requests_per_window, window, now);
  if (!own.admitted) {
    limiter_.UndoGlobal(now);
    return Rejection{KeyRateLimited(own.limit, MillisOf(own.retry_after_nanos)),
                     HeadersOf(own)};
  }
  rate = HeadersOf(own.limit != 0 ? own : global);
  return std::nullopt;
}

}  // namespace holt::worker
