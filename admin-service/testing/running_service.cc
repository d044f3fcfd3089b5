#include "admin-service/testing/running_service.h"

#include <fcntl.h>
#include <grpcpp/create_channel_posix.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "admin-service/store/sqlite_store.h"
#include "common/base/check.h"

namespace holt::admin {
namespace {

constexpr char kSocketName[] = "admin.sock";

// Relative to the working directory, which fits a socket address whatever its
// own path is.
sockaddr_un SocketAddress() {
  sockaddr_un address = {.sun_family = AF_UNIX};
  std::memcpy(address.sun_path, kSocketName, sizeof(kSocketName));
  return address;
}

UniqueFd NewSocket() {
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  HOLT_CHECK(socket.valid());
  return socket;
}

}  // namespace

config::v1::AdminServiceSettings RunningService::DefaultSettings() {
  config::v1::AdminServiceSettings settings;
  config::v1::ModelPrice& price = *settings.add_prices();
  price.set_model("*");
  price.set_prompt_micros_per_million(5'000'000);
  price.set_completion_micros_per_million(5'000'000);
  settings.set_currency("EUR");
  settings.set_has_keys_file(true);
  settings.add_operator_uids(::getuid());
  settings.mutable_node()->set_version("1.2.3");
  settings.mutable_node()->set_endpoint("https://gateway.example:8080");
  settings.mutable_node()->set_sandbox("full");
  settings.mutable_node()->set_secrets("memfd_secret");
  settings.mutable_node()->add_upstreams("demo");
  settings.mutable_node()->set_workers(2);
  settings.mutable_node()->set_start_unix_ms(1'799'990'000'000);
  return settings;
}

RunningService::RunningService(config::v1::AdminServiceSettings settings)
    : settings_(std::move(settings)) {
  std::string pattern =
      (std::filesystem::temp_directory_path() / "holt-XXXXXX").string();
  HOLT_CHECK(::mkdtemp(pattern.data()) != nullptr);
  folder_ = pattern;
  HOLT_CHECK(::chdir(folder_.c_str()) == 0);
  Start();
}

RunningService::~RunningService() {
  service_ = nullptr;
  HOLT_CHECK(::chdir("/") == 0);
  std::filesystem::remove_all(folder_);
}

void RunningService::Start() {
  absl::StatusOr<std::unique_ptr<SqliteStore>> store =
      SqliteStore::Open({.name = "ledger.sqlite3"}, clock_.Now());
  HOLT_CHECK(store.ok());
  absl::StatusOr<std::unique_ptr<AdminService>> service =
      AdminService::Create(*std::move(store), settings_, clock_);
  HOLT_CHECK(service.ok());
  service_ = *std::move(service);
  ::unlink(kSocketName);
  UniqueFd listener = NewSocket();
  const sockaddr_un address = SocketAddress();
  HOLT_CHECK(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address),
                    sizeof(address)) == 0);
  HOLT_CHECK(::listen(listener.get(), 8) == 0);
  HOLT_CHECK(service_->ServeOperators(std::move(listener)).ok());
}

void RunningService::Restart() {
  service_ = nullptr;
  Start();
}

std::string RunningService::socket_path() const {
  return folder_ + "/" + kSocketName;
}

std::shared_ptr<grpc::Channel> RunningService::ConnectCourier() {
  std::array<int, 2> ends = {-1, -1};
  HOLT_CHECK(
      ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  service_->ServeCourier(UniqueFd(ends[0]));
  return ChannelOf(UniqueFd(ends[1]));
}

UniqueFd RunningService::DialOperator() {
  UniqueFd connection = NewSocket();
  const sockaddr_un address = SocketAddress();
  HOLT_CHECK(::connect(connection.get(),
                       reinterpret_cast<const sockaddr*>(&address),
                       sizeof(address)) == 0);
  return connection;
}

std::shared_ptr<grpc::Channel> RunningService::ConnectOperator() {
  return ChannelOf(DialOperator());
}

absl::Status RunningService::ReloadKeysFile(const std::string& contents) {
  UniqueFd file(::memfd_create("keys.json", MFD_CLOEXEC));
  HOLT_CHECK(file.valid());
  HOLT_CHECK(::write(file.get(), contents.data(), contents.size()) ==
             static_cast<ssize_t>(contents.size()));
  return service_->ReloadKeysFile(std::move(file));
}

std::shared_ptr<grpc::Channel> ChannelOf(UniqueFd connection) {
  HOLT_CHECK(::fcntl(connection.get(), F_SETFL, O_NONBLOCK) == 0);
  return grpc::CreateInsecureChannelFromFd("admin-service",
                                           connection.release());
}

}  // namespace holt::admin
