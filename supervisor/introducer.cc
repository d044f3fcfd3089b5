#include "supervisor/introducer.h"

#include <signal.h>
#include <sys/socket.h>

#include <cerrno>

#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/ipc/frame_channel.h"
#include "supervisor/child_table.h"

namespace holt::supervisor {
namespace {

absl::StatusOr<std::pair<UniqueFd, UniqueFd>> MakeStreamPair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
                   ends) != 0) {
    return ErrnoToStatus(errno, "making a socket pair");
  }
  return std::make_pair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

}  // namespace

absl::Status Introducer::OnStarted(Child& child) {
  switch (child.role()) {
    case Role::kWorker:
      TellCounters(child);
      TellJournal(child.slot(), node_.journals[child.slot()].get(), false);
      return ConnectWorker(child);
    case Role::kConnector:
      TellCounters(child);
      for (const auto& worker : children_.workers()) {
        RETURN_IF_ERROR(ConnectWorker(*worker));
      }
      return absl::OkStatus();
    case Role::kCourier:
      TellCourierAll();
      return ConnectCourier();
    case Role::kAdminService:
      TellCounters(child);
      return ConnectCourier();
    case Role::kSupervisor:
    case Role::kManaged:
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

void Introducer::WorkerEnded(const Child& worker) {
  // A replaced worker has no successor in its slot: the courier closes what it
  // left open.
  if (worker.wanted()) return;
  const auto journal = node_.journals.find(worker.slot());
  if (journal == node_.journals.end()) return;
  TellJournal(worker.slot(), journal->second.get(), /*orphan=*/true);
}

absl::Status Introducer::ConnectWorker(Child& worker) {
  if (!worker.running() || !children_.connector().running()) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const auto pair, FrameChannel::MakePair());
  Introduce to_worker;
  to_worker.what = Introduction::kConnectorChannel;
  to_worker.role = Role::kConnector;
  Tell(worker, to_worker, pair.first.get());
  Introduce to_connector;
  to_connector.what = Introduction::kWorkerChannel;
  to_connector.role = Role::kWorker;
  to_connector.index = worker.slot();
  Tell(children_.connector(), to_connector, pair.second.get());
  return absl::OkStatus();
}

absl::Status Introducer::ConnectCourier() {
  Child& courier = children_.courier();
  Child& admin = children_.admin_service();
  if (!courier.running() || !admin.running()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto pair, MakeStreamPair());
  Introduce to_courier;
  to_courier.what = Introduction::kAdminChannel;
  to_courier.role = Role::kAdminService;
  Tell(courier, to_courier, pair.first.get());
  Introduce to_admin;
  to_admin.what = Introduction::kCourierChannel;
  to_admin.role = Role::kCourier;
  Tell(admin, to_admin, pair.second.get());
  return absl::OkStatus();
}

void Introducer::TellCourierAll() {
  told_journals_.clear();
  told_counters_.clear();
  for (const auto& [slot, journal] : node_.journals) {
    const bool owned = slot < children_.workers().size() &&
                       (children_.workers()[slot]->running() ||
                        children_.workers()[slot]->wanted());
    TellJournal(slot, journal.get(), !owned);
  }
  for (Child* child : children_.All()) {
    if (child->running()) TellCounters(*child);
  }
}

void Introducer::TellJournal(uint16_t slot, int fd, bool orphan) {
  if (!children_.courier().running()) return;
  const auto told = told_journals_.find(slot);
  if (told != told_journals_.end() && told->second == orphan) return;
  told_journals_[slot] = orphan;
  Introduce introduction;
  introduction.what = Introduction::kJournal;
  introduction.role = Role::kWorker;
  introduction.index = slot;
  introduction.flags = orphan ? kJournalOrphan : 0;
  Tell(children_.courier(), introduction, fd);
}

void Introducer::TellCounters(Child& child) {
  if (child.role() == Role::kManaged || !children_.courier().running()) return;
  if (!told_counters_.insert({child.role(), child.slot()}).second) return;
  Introduce introduction;
  introduction.what = Introduction::kCounters;
  introduction.role = child.role();
  introduction.index = child.slot();
  Tell(children_.courier(), introduction, child.counters_read_only_fd());
}

void Introducer::TellKeysFile(KeysFileWatch::Seen seen, int file) {
  Child& admin = children_.admin_service();
  if (!admin.running()) return;
  Introduce introduction;
  introduction.what = Introduction::kKeysFile;
  introduction.role = Role::kSupervisor;
  if (seen != KeysFileWatch::Seen::kChanged) {
    introduction.flags = kKeysFileMissing;
  }
  Tell(admin, introduction, file);
}

void Introducer::Tell(Child& child, const Introduce& introduction, int fd) {
  const absl::Status told = child.channel().SendMessage(0, introduction, fd);
  // One that is gone will be reaped; one that does not read must go.
  if (told.ok() || absl::IsUnavailable(told)) return;
  Log(Severity::kWarning, "child_takes_no_introduction")
      .Name("child", NameOf(child.role()))
      .Number("slot", child.slot())
      .Code("cause", told);
  child.Signal(SIGKILL);
}

}  // namespace holt::supervisor
