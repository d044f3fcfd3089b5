// Whether a request may go on: the checks before anything of a body is read, in
// one fixed order:
//
//   https rule, limit per address, key table fresh, key present, key valid
//   (known, enabled, not expired), requests under way per key, global limit,
//   limit of the key
//
// A refusal for one limit does not consume another. Worker; heads are hostile,
// the key table and the limiter's memory are checked by their readers.
#ifndef HOLT_WORKER_ADMIT_ADMITTER_H_
#define HOLT_WORKER_ADMIT_ADMITTER_H_

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/types/variant.h"
#include "common/base/clock.h"
#include "common/ipc/key_table.h"
#include "common/ipc/limiter.h"
#include "common/ipc/settings.h"
#include "worker/http/head.h"
#include "worker/http/refusal.h"
#include "worker/http/response_writer.h"

namespace holt::worker {

class Admitter;

// One of the requests that a key may have under way; living is being counted.
class ConcurrencySlot {
 public:
  ConcurrencySlot() = default;
  ConcurrencySlot(ConcurrencySlot&& other) noexcept
      : admitter_(std::exchange(other.admitter_, nullptr)),
        key_number_(other.key_number_) {}
  ConcurrencySlot& operator=(ConcurrencySlot&& other) noexcept;
  ConcurrencySlot(const ConcurrencySlot&) = delete;
  ConcurrencySlot& operator=(const ConcurrencySlot&) = delete;
  ~ConcurrencySlot() { Free(); }

 private:
  friend class Admitter;
  ConcurrencySlot(Admitter* admitter, uint64_t key_number)
      : admitter_(admitter), key_number_(key_number) {}
  void Free();
  Admitter* admitter_ = nullptr;
  uint64_t key_number_ = 0;
};

// A request that may go on.
struct Admission {
  KeyPolicy key{};
  RateHeaders rate;
  ConcurrencySlot slot;
};

// A request that may not, with the rate headers that explain it.
struct Rejection {
  Refusal refusal;
  RateHeaders rate;
};

class Admitter {
 public:
  // All outlive the admitter.
  Admitter(const KeyTableReader& keys, Limiter& limiter,
           const WorkerSettings& settings, const Clock& clock)
      : keys_(keys), limiter_(limiter), settings_(settings), clock_(clock) {}

  struct Origin {
    AddressKey peer{};       // of the socket
    bool encrypted = false;  // the connection is TLS
  };

  // The checks that need no key; nullopt: passed. For every request but
  // /health, before its path is looked at.
  std::optional<Rejection> AdmitOrigin(const RequestHead& head,
                                       const Origin& origin);
  // The rest.
  absl::variant<Admission, Rejection> AdmitKey(const RequestHead& head);

  // The address that counts: the peer's, or behind a trusted proxy the last
  // entry of X-Forwarded-For.
  [[nodiscard]] AddressKey ClientAddress(const RequestHead& head,
                                         const AddressKey& peer) const;

 private:
  friend class ConcurrencySlot;

  std::optional<Refusal> CheckHttps(const RequestHead& head,
                                    const Origin& origin) const;
  [[nodiscard]] bool KeyTableIsStale() const;
  [[nodiscard]] std::optional<Refusal> CheckState(const KeyPolicy& key) const;
  std::optional<Rejection> CheckLimits(const KeyPolicy& key, RateHeaders& rate);

  const KeyTableReader& keys_;
  Limiter& limiter_;
  const WorkerSettings& settings_;
  const Clock& clock_;
  absl::flat_hash_map<uint64_t, uint32_t> under_way_;  // by key number
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_ADMIT_ADMITTER_H_
