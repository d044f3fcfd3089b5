#include "supervisor/keys/ticket_key_ring.h"

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "common/base/check.h"
#include "common/secret/secret_access.h"

namespace holt::supervisor {
namespace {

constexpr size_t kNameSize = sizeof(TicketKey::name);
constexpr size_t kAesSize = sizeof(TicketKey::aes_key);
constexpr size_t kHmacSize = sizeof(TicketKey::hmac_key);
constexpr size_t kKeySize = kNameSize + kAesSize + kHmacSize;

void Copy(const SecretBytes& from, TicketKey& to) {
  const uint8_t* bytes = from.Reveal(SecretAccess()).data();
  std::memcpy(to.name.data(), bytes, kNameSize);
  std::memcpy(to.aes_key.data(), bytes + kNameSize, kAesSize);
  std::memcpy(to.hmac_key.data(), bytes + kNameSize + kAesSize, kHmacSize);
}

}  // namespace

TicketKeyRing::TicketKeyRing(SecretArena& arena, const Clock& clock)
    : arena_(arena),
      clock_(clock),
      made_nanos_(clock.BootNanos()),
      current_(MakeKey()) {}

SecretBytes TicketKeyRing::MakeKey() const {
  SecretBytes key(arena_, kKeySize);
  // The kernel's generator, straight into the arena; it cannot fail for so few
  // bytes once the machine is up.
  HOLT_CHECK(::getentropy(key.RevealMutable(SecretAccess()).data(), kKeySize) ==
             0);
  return key;
}

bool TicketKeyRing::RotateIfDue() {
  const int64_t now = clock_.BootNanos();
  const int64_t life = absl::ToInt64Nanoseconds(kLife);
  if (now - made_nanos_ < life) return false;
  // After two lives the current one is too old to be the previous one.
  previous_ = now - made_nanos_ < 2 * life ? std::move(current_) : MakeKey();
  current_ = MakeKey();
  made_nanos_ = now;
  return true;
}

absl::Duration TicketKeyRing::UntilDue() const {
  const int64_t age = clock_.BootNanos() - made_nanos_;
  return std::max(absl::ZeroDuration(), kLife - absl::Nanoseconds(age));
}

TicketKeysReply TicketKeyRing::KeysNow() const {
  TicketKeysReply reply;
  Copy(current_, reply.current);
  reply.has_previous = !previous_.empty();
  if (reply.has_previous) Copy(previous_, reply.previous);
  return reply;
}

}  // namespace holt::supervisor
