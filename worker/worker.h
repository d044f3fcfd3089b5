// The worker, put together: what main makes after the sandbox has closed.
// One thread, one loop. Reads settings, keys, journal and limiter from the
// descriptors the supervisor gave it (common/ipc/descriptors.h) and serves
// until it is drained or the supervisor is gone.
#ifndef HOLT_WORKER_WORKER_H_
#define HOLT_WORKER_WORKER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "common/secret/secret_arena.h"

namespace holt::worker {

class Worker {
 public:
  // What must be made before the sandbox: locked memory.
  static absl::StatusOr<std::unique_ptr<SecretArena>> MakeArena();

  // Inside the sandbox. `arena` outlives the worker.
  static absl::StatusOr<std::unique_ptr<Worker>> Create(SecretArena& arena);
  ~Worker();

  // Serves; returns when drained.
  void Run();

 private:
  struct Parts;
  explicit Worker(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_WORKER_H_
