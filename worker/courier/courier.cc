#include "worker/courier/courier.h"

#include <string>
#include <utility>

#include "common/base/log.h"
#include "common/base/status_macros.h"

namespace holt::worker {
namespace {

// Frames of one turn; the loop is not kept from anything else for longer.
constexpr int kFramesPerTurn = 64;

}  // namespace

absl::StatusOr<std::unique_ptr<Courier>> Courier::Create(Options options,
                                                         Loop& loop,
                                                         const Clock& clock) {
  ASSIGN_OR_RETURN(
      KeyTableWriter table,
      KeyTableWriter::Open(options.key_table_fd, options.max_keys));
  ASSIGN_OR_RETURN(std::unique_ptr<Mailbox> mailbox, Mailbox::Create(loop));
  std::unique_ptr<Courier> courier(
      new Courier(options, std::move(table), std::move(mailbox), loop, clock));
  // Left by a courier before: workers are served already.
  if (courier->sync_.has_table()) courier->SayReady();
  return courier;
}

Courier::Courier(Options& options, KeyTableWriter table,
                 std::unique_ptr<Mailbox> mailbox, Loop& loop,
                 const Clock& clock)
    : loop_(loop),
      supervisor_(std::move(options.supervisor)),
      supervisor_readable_(loop, supervisor_.fd(),
                           [this](uint32_t) { OnFrames(); }),
      table_(std::move(table)),
      sync_(table_, options.max_keys, clock),
      mailbox_(std::move(mailbox)),
      usage_(loop, absl::Milliseconds(options.settings.batch_interval)),
      node_(loop, absl::Milliseconds(options.settings.report_interval),
            [this](internal::v1::ReportNodeRequest& report) {
              usage_.FillReport(report);
              report.set_key_epoch(sync_.epoch());
              report.set_key_count(sync_.key_count());
            }),
      keys_(loop, sync_, absl::Milliseconds(options.settings.poll_interval),
            [this] {
              SayReady();
              node_.ReportSoon();
            }),
      drain_deadline_(loop, [this] {
        Log(Severity::kWarning, "usage_left_in_journals");
        Stop(absl::OkStatus());
      }) {
  supervisor_readable_.SetInterest(FdEvent::kRead);
}

void Courier::OnFrames() {
  for (int i = 0; i < kFramesPerTurn; ++i) {
    ReceivedFrame frame;
    absl::Status handled = supervisor_.Receive(frame);
    if (absl::IsNotFound(handled)) return;
    if (handled.ok()) handled = HandleFrame(frame);
    if (!handled.ok()) {
      supervisor_readable_.SetInterest(0);
      Stop(Annotate(std::move(handled), "supervisor"));
      return;
    }
  }
}

absl::Status Courier::HandleFrame(ReceivedFrame& frame) {
  ASSIGN_OR_RETURN(const FrameHeader header, DecodeFrameHeader(frame.bytes()));
  if (header.type == FrameType::kIntroduce) return HandleIntroduce(frame);
  ASSIGN_OR_RETURN(const Drain drain, DecodeFrame<Drain>(frame.bytes()));
  BeginDrain(absl::Milliseconds(drain.deadline_millis));
  return absl::OkStatus();
}

absl::Status Courier::HandleIntroduce(ReceivedFrame& frame) {
  ASSIGN_OR_RETURN(const Introduce introduce,
                   DecodeFrame<Introduce>(frame.bytes()));
  UniqueFd fd = frame.TakeFd();
  if (!fd.valid()) {
    return absl::InvalidArgumentError("an introduction without a descriptor");
  }
  switch (introduce.what) {
    case Introduction::kAdminChannel:
      UseAdminChannel(std::move(fd));
      return absl::OkStatus();
    case Introduction::kJournal:
      UseJournal(introduce, fd.get());
      return absl::OkStatus();
    case Introduction::kCounters:
      return node_.AddCounters(introduce.role, introduce.index, fd.get());
    case Introduction::kConnectorChannel:
    case Introduction::kWorkerChannel:
    case Introduction::kCourierChannel:
    case Introduction::kKeysFile:
      break;
  }
  return absl::InvalidArgumentError("an introduction that is not for us");
}

void Courier::UseAdminChannel(UniqueFd socket) {
  // The one before never comes back to life: a channel over a descriptor does
  // not reconnect.
  Log(Severity::kInfo, "admin_channel").Number("epoch", sync_.epoch());
  SetClient(nullptr);
  client_ = std::make_unique<AdminClient>(*mailbox_, std::move(socket));
  SetClient(client_.get());
}

// A worker can spoil its own journal, and must not take the courier along.
void Courier::UseJournal(const Introduce& introduce, int fd) {
  const absl::Status added = usage_.AddJournal(
      introduce.index, fd, (introduce.flags & kJournalOrphan) != 0);
  if (added.ok()) return;
  Log(Severity::kError, "journal_unusable")
      .Number("slot", introduce.index)
      .Code("cause", added);
}

void Courier::SetClient(AdminClient* client) {
  keys_.SetClient(client);
  usage_.SetClient(client);
  node_.SetClient(client);
}

void Courier::BeginDrain(absl::Duration deadline) {
  drain_deadline_.Start(deadline);
  usage_.Drain([this] { Stop(absl::OkStatus()); });
}

void Courier::SayReady() {
  if (std::exchange(ready_, true)) return;
  const absl::Status sent = supervisor_.SendMessage(0, Ready{});
  if (!sent.ok()) Stop(Annotate(sent, "saying ready"));
}

void Courier::Stop(absl::Status result) {
  result_ = std::move(result);
  loop_.Stop();
}

}  // namespace holt::worker
