// The whole request table under hostile frames: the input is a child's life.
// First byte: its role and whether it is ready. Then frames, each a 16-bit
// length and that many bytes; the life ends with the first frame that the
// broker refuses. Whatever comes, the supervisor lives, and only workers get
// anything back but silence.
#include <sys/socket.h>

#include <cstdint>

#include "common/base/check.h"
#include "common/base/clock.h"
#include "common/ipc/frame_channel.h"
#include "common/ipc/frames.h"
#include "common/secret/secret_arena.h"
#include "supervisor/broker/broker.h"
#include "supervisor/keys/key_files.h"

namespace holt::supervisor {
namespace {

struct World {
  World() {
    auto loaded =
        TlsIdentities::Load(*arena, {files.WriteIdentity(TestKey::kP256),
                                     files.WriteIdentity(TestKey::kEd25519)});
    HOLT_CHECK(loaded.ok());
    vault.SetIdentities(*std::move(loaded));
    vault.SetCredential(0, SecretBytes(*arena, 20));
  }
  FakeClock clock;
  KeyFiles files;
  std::unique_ptr<SecretArena> arena = [] {
    auto made = SecretArena::Create({.size = 512 << 10});
    HOLT_CHECK(made.ok());
    return *std::move(made);
  }();
  Vault vault{*arena, clock};
  Broker broker{vault, clock};
};

// What came back, while nobody but a worker may be answered.
void DrainAnswers(FrameChannel& childs, Role role) {
  ReceivedFrame answer;
  while (childs.Receive(answer).ok()) {
    HOLT_CHECK(role == Role::kWorker);
    HOLT_CHECK(DecodeFrameHeader(answer.bytes()).ok());
    HOLT_CHECK(!answer.has_fd());
  }
}

void LiveOneLife(World& world, Reader input) {
  const auto first = input.Get<uint8_t>();
  const auto role = static_cast<Role>(first & 7);
  ChildSession child(role, world.vault.identities());
  if ((first & 8) != 0) child.MarkReady();
  auto pair = FrameChannel::MakePair();
  HOLT_CHECK(pair.ok());
  FrameChannel ours(std::move(pair->first));
  FrameChannel childs(std::move(pair->second));
  absl::Status status;
  while (status.ok()) {
    const auto bytes = input.Take(input.Get<uint16_t>());
    ReceivedFrame frame;
    // Past FrameChannel::Send, which has bounds of its own.
    if (bytes.empty() ||
        ::send(childs.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) {
      return;
    }
    if (!ours.Receive(frame).ok()) return;
    status = world.broker.HandleFrame(child, frame, ours);
    DrainAnswers(childs, role);
  }
}

}  // namespace
}  // namespace holt::supervisor

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static holt::supervisor::World world;
  holt::supervisor::LiveOneLife(world, holt::Reader({data, size}));
  world.clock.Advance(absl::Seconds(1));
  return 0;
}
