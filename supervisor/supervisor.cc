#include "supervisor/supervisor.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/ipc/frames.h"
#include "supervisor/announcement.h"
#include "supervisor/child_table.h"
#include "supervisor/exit_cause.h"
#include "supervisor/node_secrets.h"

namespace holt::supervisor {
namespace {

constexpr int64_t kMillisecond = 1'000'000;
// Health is looked at this often; a due restart wakes the loop earlier.
constexpr int64_t kTick = 250 * kMillisecond;
constexpr int64_t kKeysFileInterval = 500 * kMillisecond;
// Beyond what a child was told: it is not asked again.
constexpr int64_t kGrace = 2'000 * kMillisecond;
constexpr uint32_t kReportMillis = 5'000;
constexpr int64_t kEndNanos = 5'000 * kMillisecond;
// A shell and a terminal, or timeout(1), may both pass on one wish to end.
constexpr int64_t kSameWish = 500 * kMillisecond;
// One child's frames in one turn; the others have their turn, too.
constexpr int kFramesPerTurn = 64;
// A child that ends this often before the node served once will not come.
constexpr uint32_t kMaxEndsBeforeReady = 3;

absl::StatusOr<UniqueFd> BlockAndReadSignals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) {
    ::sigaddset(&signals, number);
  }
  if (::sigprocmask(SIG_BLOCK, &signals, nullptr) != 0) {
    return ErrnoToStatus(errno, "blocking signals");
  }
  // Whoever reads our output may go away.
  ::signal(SIGPIPE, SIG_IGN);
  UniqueFd fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) return ErrnoToStatus(errno, "reading signals");
  return fd;
}

OperatorText TextOf(const absl::Status& status) {
  return OperatorText(std::string(status.message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Supervisor>> Supervisor::Create(Parts parts) {
  ASSIGN_OR_RETURN(
      ChildSet children,
      ChildSet::Create(parts.node.worker_count(),
                       static_cast<uint16_t>(parts.managed.size())));
  ASSIGN_OR_RETURN(UniqueFd signals, BlockAndReadSignals());
  return std::unique_ptr<Supervisor>(new Supervisor(
      std::move(parts), std::move(children), std::move(signals)));
}

Supervisor::Supervisor(Parts parts, ChildSet children, UniqueFd signals)
    : parts_(std::move(parts)),
      node_(parts_.node),
      broker_(parts_.vault, parts_.clock),
      children_(std::move(children)),
      introducer_(children_, node_),
      rolling_(children_),
      keys_file_(node_.config.gateway.keys().keys_file()),
      signals_(std::move(signals)) {}

int Supervisor::Run() {
  const int64_t now = parts_.clock.BootNanos();
  for (size_t i = 0; i < parts_.managed.size(); ++i) {
    const pid_t pid = parts_.managed[i].second;
    if (pid > 0) {
      children_.managed()[i]->Began(pid, FrameChannel(), nullptr, now);
    }
  }
  for (Child* child : children_.All()) {
    const bool spare = child->role() == Role::kWorker &&
                       child->slot() >= children_.worker_count();
    child->SetWanted(!spare);
  }
  Maintain(now);
  while (phase_ != Phase::kDone) {
    WaitForEvents();
    ReadSignals();
    for (Child* child : children_.All()) ReadFrames(*child);
    ReapChildren();
    Maintain(parts_.clock.BootNanos());
  }
  return exit_code_;
}

// ---- One turn of the loop.

void Supervisor::WaitForEvents() {
  const int64_t now = parts_.clock.BootNanos();
  int64_t wake = now + kTick;
  polled_.assign(1, {signals_.get(), POLLIN, 0});
  for (Child* child : children_.All()) {
    if (child->running() && child->channel().valid()) {
      polled_.push_back({child->channel().fd(), POLLIN, 0});
    }
    wake = std::min(wake, child->due_nanos().value_or(wake));
  }
  const int64_t left = std::max<int64_t>(wake - now, 0);
  const auto millis =
      static_cast<int>((left + kMillisecond - 1) / kMillisecond);
  // An interrupted or failed wait is a short one; the turn goes on.
  ::poll(polled_.data(), polled_.size(), millis);
}

void Supervisor::ReadSignals() {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof(info)) == sizeof(info)) {
    if (info.ssi_signo == SIGHUP) Reload();
    if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT) OnEndSignal();
    // SIGCHLD only wakes the loop: every turn reaps.
  }
}

void Supervisor::ReadFrames(Child& child) {
  for (int i = 0; i < kFramesPerTurn; ++i) {
    if (!child.running() || !child.channel().valid()) return;
    ReceivedFrame frame;
    const absl::Status received = child.channel().Receive(frame);
    if (absl::IsNotFound(received)) return;
    if (absl::IsUnavailable(received)) {
      // Its end is told by SIGCHLD; a closed pair would wake us for ever.
      child.channel().Close();
      return;
    }
    const absl::Status handled =
        received.ok()
            ? broker_.HandleFrame(child.session(), frame, child.channel())
            : received;
    if (!handled.ok()) {
      EndMisbehaving(child, handled);
      return;
    }
  }
}

void Supervisor::ReapChildren() {
  int status = 0;
  pid_t pid = 0;
  while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
    Child* child = children_.ByPid(pid);
    if (child != nullptr) OnEnded(*child, status, parts_.clock.BootNanos());
  }
}

void Supervisor::Maintain(int64_t now) {
  CheckHealth(now);
  StartDueChildren(now);
  if (phase_ != Phase::kServing) {
    AdvanceShutdown(now);
    return;
  }
  Announce();
  AdvanceRollingRestart();
  WatchKeysFile(now);
  RotateTicketKeys();
}

// ---- Children.

void Supervisor::StartDueChildren(int64_t now) {
  for (Child* child : children_.All()) {
    if (!child->DueAt(now)) continue;
    const absl::Status started = StartChild(*child, now);
    if (started.ok()) continue;
    Log(Severity::kError, "child_not_started")
        .Name("child", NameOf(child->role()))
        .Number("slot", child->slot())
        .Text("cause", TextOf(started));
    child->Ended(now);
    if (!announced_) {
      Fail(absl::StrCat("the ", NameOf(child->role()).text(),
                        " could not be started: ", started.message()));
    }
  }
}

absl::Status Supervisor::StartChild(Child& child, int64_t now) {
  if (child.role() == Role::kManaged) {
    ASSIGN_OR_RETURN(const pid_t pid,
                     Launch(parts_.managed[child.slot()].first.spec()));
    child.Began(pid, FrameChannel(), nullptr, now);
  } else {
    RETURN_IF_ERROR(StartOwn(child, now));
  }
  Log(Severity::kInfo, "child_started")
      .Name("child", NameOf(child.role()))
      .Number("slot", child.slot())
      .Number("pid", child.pid());
  return absl::OkStatus();
}

absl::Status Supervisor::StartOwn(Child& child, int64_t now) {
  ASSIGN_OR_RETURN(auto pair, FrameChannel::MakePair());
  OwnDescriptors own;
  own.channel = pair.second.get();
  own.counters = child.counters_fd();
  UniqueFd settings;
  std::shared_ptr<const TlsIdentities> identities;
  if (child.role() == Role::kWorker) {
    ASSIGN_OR_RETURN(own.journal, node_.Journal(child.slot()));
    ASSIGN_OR_RETURN(settings, node_.MakeWorkerSettings(child.slot()));
    own.settings = settings.get();
    identities = parts_.vault.identities();
  }
  ASSIGN_OR_RETURN(const pid_t pid,
                   Launch(MakeLaunchSpec(child.role(), node_, own)));
  child.Began(pid, FrameChannel(std::move(pair.first)), std::move(identities),
              now);
  RETURN_IF_ERROR(introducer_.OnStarted(child));
  if (child.role() == Role::kAdminService) {
    keys_file_.TellAgain();
    keys_file_looked_ = 0;
  }
  return absl::OkStatus();
}

void Supervisor::OnEnded(Child& child, int wait_status, int64_t now) {
  const std::string cause =
      DescribeExit(child.role(), wait_status, child.forbidden_call());
  Log(child.wanted() ? Severity::kWarning : Severity::kInfo, "child_ended")
      .Name("child", NameOf(child.role()))
      .Number("slot", child.slot())
      .Number("pid", child.pid())
      .Text("cause", OperatorText(cause));
  child.Ended(now);
  if (child.role() == Role::kWorker) introducer_.WorkerEnded(child);
  if (phase_ != Phase::kServing || child.role() == Role::kManaged) return;
  if (!announced_ && child.ends() >= kMaxEndsBeforeReady) {
    Fail(absl::StrCat("the ", NameOf(child.role()).text(), " ended ",
                      child.ends(), " times before it served (", cause,
                      "); its own lines above say why"));
    return;
  }
  const bool hope =
      AnyRunning(
          [](const Child& other) { return other.role() == Role::kWorker; }) ||
      std::any_of(children_.workers().begin(), children_.workers().end(),
                  [](const auto& w) { return w->wanted() && !w->gave_up(); });
  if (!hope) Fail("every worker keeps ending at once; nothing can be served");
}

void Supervisor::CheckHealth(int64_t now) {
  for (Child* child : children_.All()) {
    const bool hangs = child->HangsAt(now);
    if (!hangs && !child->StartTimedOut(now)) continue;
    Log(Severity::kError, "child_hangs")
        .Name("child", NameOf(child->role()))
        .Number("slot", child->slot())
        .Number("pid", child->pid())
        .Name("cause", hangs ? Word("no heartbeat for two seconds")
                             : Word("not ready in time"));
    child->Signal(SIGKILL);
  }
}

void Supervisor::EndMisbehaving(Child& child, const absl::Status& cause) {
  Log(Severity::kError, "child_broke_protocol")
      .Name("child", NameOf(child.role()))
      .Number("slot", child.slot())
      .Number("pid", child.pid())
      .Code("cause", cause);
  child.Signal(SIGKILL);
  child.channel().Close();
}

// ---- While it serves.

void Supervisor::Announce() {
  if (announced_) return;
  for (Child* child : children_.All()) {
    if (child->wanted() && !child->ready()) return;
  }
  announced_ = true;
  parts_.on_ready();
}

void Supervisor::Reload() {
  if (phase_ != Phase::kServing || !announced_) return;
  const auto identities = LoadIdentities(node_.config, parts_.vault.arena());
  const auto changed =
      identities.ok()
          ? LoadCredentials(node_.config, parts_.environment_credential,
                            parts_.vault)
          : absl::StatusOr<std::vector<uint16_t>>(identities.status());
  const absl::Status applied =
      changed.ok() ? node_.SetIdentities(**identities) : changed.status();
  if (!applied.ok()) {
    Log(Severity::kError, "reload_refused").Text("cause", TextOf(applied));
    return;
  }
  parts_.vault.SetIdentities(*identities);
  for (const uint16_t upstream : *changed) {
    ForEachWorker([this, upstream](Child& worker) {
      return broker_.PushCredential(upstream, worker.channel());
    });
  }
  Log(Severity::kInfo, "reloaded")
      .Number("identities", (*identities)->all().size())
      .Number("credentials", changed->size());
  if (node_.config.tls()) rolling_.Begin();
}

void Supervisor::AdvanceRollingRestart() {
  if (!rolling_.under_way()) return;
  const RollingRestart::Step step = rolling_.Advance();
  if (step.given_up) {
    Log(Severity::kError, "replacement_worker_does_not_start");
  }
  if (step.drain == nullptr || !step.drain->running()) return;
  Drain drain;
  drain.deadline_millis = node_.config.gateway.timeouts().drain_ms();
  const absl::Status told = step.drain->channel().SendMessage(0, drain);
  if (!told.ok()) EndMisbehaving(*step.drain, told);
}

void Supervisor::WatchKeysFile(int64_t now) {
  if (now - keys_file_looked_ < kKeysFileInterval) return;
  keys_file_looked_ = now;
  UniqueFd file;
  const KeysFileWatch::Seen seen = keys_file_.Look(file);
  switch (seen) {
    case KeysFileWatch::Seen::kNothingNew:
      return;
    case KeysFileWatch::Seen::kChanged:
      Log(Severity::kInfo, "keys_file_changed");
      break;
    case KeysFileWatch::Seen::kMissing:
      Log(Severity::kWarning, "keys_file_missing")
          .Text("path", OperatorText(keys_file_.path()));
      break;
    case KeysFileWatch::Seen::kUnreadable:
      // What was known of it stays in force.
      Log(Severity::kWarning, "keys_file_unreadable")
          .Text("path", OperatorText(keys_file_.path()));
      return;
  }
  introducer_.TellKeysFile(seen, file.get());
}

void Supervisor::RotateTicketKeys() {
  if (!parts_.vault.tickets().RotateIfDue()) return;
  ForEachWorker([this](Child& worker) {
    return broker_.PushTicketKeys(worker.channel());
  });
}

void Supervisor::ForEachWorker(
    const std::function<absl::Status(Child&)>& tell) {
  for (const auto& worker : children_.workers()) {
    if (!worker->running() || !worker->channel().valid()) continue;
    const absl::Status told = tell(*worker);
    if (!told.ok()) EndMisbehaving(*worker, told);
  }
}

// ---- The end.

void Supervisor::OnEndSignal() {
  const int64_t now = parts_.clock.BootNanos();
  if (phase_ != Phase::kServing && now - end_asked_ < kSameWish) return;
  end_asked_ = now;
  if (phase_ == Phase::kServing && announced_) {
    Log(Severity::kInfo, "draining");
    EnterPhase(Phase::kDraining, now);
    return;
  }
  EnterPhase(Phase::kEnding, now);
  for (Child* child : children_.All()) child->Signal(SIGKILL);
}

void Supervisor::Fail(const std::string& sentence) {
  if (phase_ != Phase::kServing) return;
  WriteText(STDERR_FILENO, absl::StrCat("holt-supervisor: ", sentence, "\n"));
  exit_code_ = 1;
  EnterPhase(Phase::kEnding, parts_.clock.BootNanos());
}

void Supervisor::EnterPhase(Phase phase, int64_t now) {
  phase_ = phase;
  switch (phase) {
    case Phase::kServing:
    case Phase::kDone:
      return;
    case Phase::kDraining:
      phase_deadline_ =
          now + kGrace +
          kMillisecond * node_.config.gateway.timeouts().drain_ms();
      BeginDraining();
      return;
    case Phase::kReporting:
      phase_deadline_ = now + kGrace + kMillisecond * kReportMillis;
      BeginReporting();
      return;
    case Phase::kEnding:
      phase_deadline_ = now + kEndNanos;
      BeginEnding();
      return;
  }
}

void Supervisor::BeginDraining() {
  Drain drain;
  drain.deadline_millis = node_.config.gateway.timeouts().drain_ms();
  for (const auto& worker : children_.workers()) worker->SetWanted(false);
  ForEachWorker([&drain](Child& worker) {
    return worker.channel().SendMessage(0, drain);
  });
  // Workers hold it too, so closing ours alone would leave callers waiting;
  // they are refused from here on.
  ::shutdown(node_.listener.socket.get(), SHUT_RDWR);
  node_.listener.socket.reset();
}

void Supervisor::BeginReporting() {
  for (const auto& worker : children_.workers()) worker->Signal(SIGKILL);
  Child& courier = children_.courier();
  courier.SetWanted(false);
  if (!courier.running()) return;
  Drain drain;
  drain.deadline_millis = kReportMillis;
  const absl::Status told = courier.channel().SendMessage(0, drain);
  if (!told.ok()) courier.Signal(SIGKILL);
}

void Supervisor::BeginEnding() {
  for (Child* child : children_.All()) {
    child->SetWanted(false);
    child->Signal(SIGTERM);
  }
}

void Supervisor::AdvanceShutdown(int64_t now) {
  const bool late = now >= phase_deadline_;
  if (phase_ == Phase::kDraining) {
    const bool left = AnyRunning(
        [](const Child& child) { return child.role() == Role::kWorker; });
    if (!left || late) EnterPhase(Phase::kReporting, now);
  } else if (phase_ == Phase::kReporting) {
    if (!children_.courier().running() || late) {
      EnterPhase(Phase::kEnding, now);
    }
  } else if (phase_ == Phase::kEnding) {
    if (!AnyRunning([](const Child&) { return true; })) phase_ = Phase::kDone;
    if (!late) return;
    for (Child* child : children_.All()) child->Signal(SIGKILL);
  }
}

bool Supervisor::AnyRunning(const std::function<bool(const Child&)>& counts) {
  const std::vector<Child*> all = children_.All();
  return std::any_of(all.begin(), all.end(), [&counts](const Child* child) {
    return child->running() && counts(*child);
  });
}

}  // namespace holt::supervisor
