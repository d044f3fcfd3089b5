#include "supervisor/broker/broker.h"

#include <array>

#include "common/base/status_macros.h"
#include "common/ipc/frames.h"
#include "supervisor/broker/request.h"

namespace holt::supervisor {
namespace {

// When a request may come.
enum class Phase {
  kBeforeReady,  // hence once: Ready ends it
  kAfterReady,
  kAlways,
};

constexpr unsigned RoleBit(Role role) {
  return 1U << static_cast<unsigned>(role);
}
constexpr unsigned kWorkers = RoleBit(Role::kWorker);
constexpr unsigned kOurChildren = kWorkers | RoleBit(Role::kCourier) |
                                  RoleBit(Role::kConnector) |
                                  RoleBit(Role::kAdminService);

struct Row {
  FrameType type;
  unsigned roles;
  Phase phase;
  uint32_t per_second;
  Handler handle;
  // Answers what is over the rate; null: that ends the child.
  Handler answer_busy;
};

// All that a child can ask of the supervisor. Sizes are bounded by each
// message's Decode.
constexpr std::array<Row, kRequestCount> kTable = {{
    {FrameType::kSignRequest, kWorkers, Phase::kAfterReady,
     Broker::kMaxSignaturesPerSecond, &HandleSign, &AnswerSignBusy},
    {FrameType::kTicketKeysRequest, kWorkers, Phase::kAlways, 10,
     &HandleTicketKeys, nullptr},
    {FrameType::kCredentialRequest, kWorkers, Phase::kAlways, 100,
     &HandleCredential, &AnswerCredentialBusy},
    {FrameType::kReady, kOurChildren, Phase::kBeforeReady, 1, &HandleReady,
     nullptr},
}};

const Row* FindRow(FrameType type) {
  for (const Row& row : kTable) {
    if (row.type == type) return &row;
  }
  return nullptr;
}

bool InPhase(Phase phase, bool ready) {
  switch (phase) {
    case Phase::kBeforeReady:
      return !ready;
    case Phase::kAfterReady:
      return ready;
    case Phase::kAlways:
      return true;
  }
  return false;
}

absl::Status CheckPermitted(const Row* row, const ChildSession& child) {
  if (row == nullptr) {
    return absl::InvalidArgumentError("frame that no child sends us");
  }
  if ((row->roles & RoleBit(child.role())) == 0) {
    return absl::PermissionDeniedError("frame that this role may not send");
  }
  if (!InPhase(row->phase, child.ready())) {
    return absl::FailedPreconditionError("frame in the wrong phase");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Broker::HandleFrame(ChildSession& child, ReceivedFrame& frame,
                                 FrameChannel& channel) {
  const int64_t now = clock_.BootNanos();
  if (!child.AdmitFrame(now, kMaxFramesPerSecond)) {
    return absl::ResourceExhaustedError("child floods us with frames");
  }
  if (frame.has_fd()) {
    return absl::InvalidArgumentError("child sent a descriptor");
  }
  ASSIGN_OR_RETURN(const FrameHeader header, DecodeFrameHeader(frame.bytes()));
  const Row* row = FindRow(header.type);
  RETURN_IF_ERROR(CheckPermitted(row, child));
  const Request request = {frame.bytes(), header.id, child, vault_, channel};
  const auto index = static_cast<size_t>(row - kTable.data());
  if (child.AdmitRequest(index, now, row->per_second)) {
    return row->handle(request);
  }
  if (row->answer_busy == nullptr) {
    return absl::ResourceExhaustedError("child repeats a request too often");
  }
  child.CountBusyReply();
  return row->answer_busy(request);
}

absl::Status Broker::PushTicketKeys(FrameChannel& channel) {
  return channel.SendMessage(0, vault_.tickets().KeysNow());
}

absl::Status Broker::PushCredential(uint16_t upstream, FrameChannel& channel) {
  return SendCredential(vault_, upstream, 0, channel);
}

}  // namespace holt::supervisor
