// An admin-service's life inside its sandbox: a ledger in its directory, a time
// zone, an operator on the administration socket, gRPC on a descriptor it was
// given until the supervisor closes its channel. Arguments: the parts to do,
// "ledger", "operator" or "serve".
#include <fcntl.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_posix.h>
#include <sqlite3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/status_macros.h"
#include "common/base/unique_fd.h"
#include "tests/privsep/inmate.h"

namespace holt {
namespace {

constexpr int kServedFd = 9;

// Answers /echo with what came, /hang never.
class EchoReactor final : public grpc::ServerGenericBidiReactor {
 public:
  explicit EchoReactor(bool hang) {
    if (!hang) StartRead(&buffer_);
  }
  void OnReadDone(bool ok) override {
    if (ok) return StartWrite(&buffer_);
    Finish(grpc::Status::CANCELLED);
  }
  void OnWriteDone(bool /*ok*/) override { Finish(grpc::Status::OK); }
  void OnCancel() override {}
  void OnDone() override { delete this; }

 private:
  grpc::ByteBuffer buffer_;
};

class EchoService final : public grpc::CallbackGenericService {
 public:
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    return new EchoReactor(context->method() == "/hang");
  }
};

absl::Status Run(sqlite3* database, const char* statement) {
  char* message = nullptr;
  if (::sqlite3_exec(database, statement, nullptr, nullptr, &message) ==
      SQLITE_OK) {
    return absl::OkStatus();
  }
  const std::string text = absl::StrCat(statement, ": ", message);
  ::sqlite3_free(message);
  return absl::InternalError(text);
}

absl::Status KeepLedger() {
  sqlite3* database = nullptr;
  RETURN_IF_ERROR(
      Expect(::sqlite3_open("ledger.db", &database) == SQLITE_OK, "ledger"));
  for (const char* statement :
       {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL",
        "CREATE TABLE usage(sequence INTEGER PRIMARY KEY, tokens INTEGER)",
        "BEGIN IMMEDIATE", "INSERT INTO usage VALUES (1, 2)", "COMMIT",
        "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA integrity_check",
        "DELETE FROM usage", "VACUUM"}) {
    RETURN_IF_ERROR(Run(database, statement));
  }
  RETURN_IF_ERROR(
      Expect(::sqlite3_close(database) == SQLITE_OK, "closing the ledger"));
  absl::TimeZone zone;
  RETURN_IF_ERROR(Expect(absl::LoadTimeZone("Europe/Berlin", &zone), "zone"));
  return Expect(::rename("ledger.db", "ledger.old") == 0, "rename");
}

absl::Status MeetOperator() {
  const UniqueFd operator_socket(
      ::accept4(kAdminListenerFd, nullptr, nullptr, SOCK_CLOEXEC));
  RETURN_IF_ERROR(Expect(operator_socket.valid(), "accept4"));
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  RETURN_IF_ERROR(Expect(::getsockopt(operator_socket.get(), SOL_SOCKET,
                                      SO_PEERCRED, &credentials, &size) == 0,
                         "SO_PEERCRED"));
  return Expect(::write(operator_socket.get(), "hello", 5) == 5, "write");
}

absl::Status Serve() {
  EchoService service;
  grpc::ServerBuilder builder;
  builder.RegisterCallbackGenericService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  RETURN_IF_ERROR(Expect(server != nullptr, "server"));
  grpc::AddInsecureChannelFromFd(server.get(), kServedFd);
  std::thread waiting(&WaitForTheEnd);
  waiting.join();
  server->Shutdown(absl::ToChronoTime(Clock::Real().Now()));
  return absl::OkStatus();
}

absl::Status Work(const InmateArguments& arguments) {
  for (const std::string& part : arguments) {
    if (part == "ledger") RETURN_IF_ERROR(KeepLedger());
    if (part == "operator") RETURN_IF_ERROR(MeetOperator());
    if (part == "serve") RETURN_IF_ERROR(Serve());
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace holt

int main(int argc, char** argv) {
  // Before the sandbox, as the real one does.
  if (::fchdir(holt::kAdminStateDirFd) != 0) return 2;
  return holt::RunInmate(holt::Role::kAdminService, argc, argv, &holt::Work);
}
