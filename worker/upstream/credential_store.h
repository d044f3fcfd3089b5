// The credentials of the upstreams, in locked pages of the worker. The one
// place of the worker that holds them, and AppendTo the one that writes them
// into a request (accepted risk: docs/threat-model.md, "a taken-over worker").
#ifndef HOLT_WORKER_UPSTREAM_CREDENTIAL_STORE_H_
#define HOLT_WORKER_UPSTREAM_CREDENTIAL_STORE_H_

#include <array>
#include <cstdint>

#include "absl/types/span.h"
#include "common/ipc/settings.h"
#include "common/secret/secret_arena.h"
#include "common/secret/secret_bytes.h"

namespace holt::worker {

class CredentialStore {
 public:
  // `arena` outlives the store.
  explicit CredentialStore(SecretArena& arena) : arena_(arena) {}

  // Replaces the credential of one upstream; `bytes` is the caller's to wipe.
  void Set(uint16_t upstream, absl::Span<const uint8_t> bytes);
  [[nodiscard]] bool Has(uint16_t upstream) const;
  // The bytes, valid until the next Set; empty when there is none.
  [[nodiscard]] absl::Span<const uint8_t> Get(uint16_t upstream) const;

 private:
  SecretArena& arena_;
  std::array<SecretBytes, kMaxUpstreams> credentials_;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_UPSTREAM_CREDENTIAL_STORE_H_
