// holt-worker: a door. All that it does is in worker.cc.
#include <memory>

#include "common/base/log.h"
#include "common/child/enter.h"
#include "worker/worker.h"

namespace {

int Fail(const absl::Status& status) {
  holt::Log(holt::Severity::kError, "worker_not_started")
      .Code("code", status)
      .Text("cause", holt::OperatorText(std::string(status.message())));
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  holt::InitLog("worker");
  auto arena = holt::worker::Worker::MakeArena();
  if (!arena.ok()) return Fail(arena.status());
  if (absl::Status entered = holt::EnterChild(holt::Role::kWorker, argc, argv);
      !entered.ok()) {
    return Fail(entered);
  }
  auto worker = holt::worker::Worker::Create(**arena);
  if (!worker.ok()) return Fail(worker.status());
  (*worker)->Run();
  return 0;
}
