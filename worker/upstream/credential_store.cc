#include "worker/upstream/credential_store.h"

#include <algorithm>

#include "common/base/check.h"
#include "common/secret/secret_access.h"

namespace holt::worker {

void CredentialStore::Set(uint16_t upstream, absl::Span<const uint8_t> bytes) {
  HOLT_CHECK(upstream < kMaxUpstreams);
  SecretBytes credential(arena_, bytes.size());
  std::copy(bytes.begin(), bytes.end(),
            credential.RevealMutable(SecretAccess()).begin());
  credentials_[upstream] = std::move(credential);
}

bool CredentialStore::Has(uint16_t upstream) const {
  return upstream < kMaxUpstreams && !credentials_[upstream].empty();
}

absl::Span<const uint8_t> CredentialStore::Get(uint16_t upstream) const {
  if (!Has(upstream)) return {};
  return credentials_[upstream].Reveal(SecretAccess());
}

}  // namespace holt::worker
