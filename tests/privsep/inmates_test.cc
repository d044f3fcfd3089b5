// The other half of the break-out tests: what each role has to do, it can do,
// under its real sandbox.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/ipc/counters.h"
#include "tests/privsep/jail.h"

namespace holt {
namespace {

MATCHER_P(Exits, code, "exits by itself") { return arg.exit_code == code; }

UniqueFd ConnectTo(uint16_t port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address),
                      sizeof(address)),
            0);
  return fd;
}

std::string ReadAll(int fd) {
  std::string text;
  char chunk[64];
  ssize_t got = 0;
  while ((got = ::read(fd, chunk, sizeof(chunk))) > 0) {
    text.append(chunk, static_cast<size_t>(got));
  }
  return text;
}

TEST(WorkerInmateTest, ServesAndShakesHands) {
  Jail jail(Role::kWorker);
  Listener listener = ListenOnLoopback();
  jail.Give(kWorkerListenerFd, std::move(listener.fd));
  jail.Start("worker_inmate", {});
  const UniqueFd client = ConnectTo(listener.port);
  ASSERT_EQ(::write(client.get(), "hello", 5), 5);
  EXPECT_EQ(ReadAll(client.get()), "hello");
  EXPECT_THAT(jail.Wait(), Exits(0));
}

// A name server on the loopback address that knows every name as 127.0.0.1.
class FakeNameServer {
 public:
  FakeNameServer() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(socket_.get(), generic, size), 0);
    EXPECT_EQ(::getsockname(socket_.get(), generic, &size), 0);
    port_ = ntohs(address.sin_port);
  }
  [[nodiscard]] uint16_t port() const { return port_; }

  // RFC 1035 section 4: the question with one answer behind it.
  void AnswerOne() {
    std::vector<uint8_t> message(512);
    sockaddr_in from{};
    socklen_t size = sizeof(from);
    auto* generic = reinterpret_cast<sockaddr*>(&from);
    const ssize_t got = ::recvfrom(socket_.get(), message.data(),
                                   message.size(), 0, generic, &size);
    ASSERT_GT(got, 16);
    const auto name_end = std::find(message.begin() + 12, message.end(), 0);
    message.resize(static_cast<size_t>(name_end - message.begin()) + 5);
    message[2] = 0x81;  // response, recursion desired
    message[3] = 0x80;  // recursion available, no error
    const uint8_t counts[] = {0, 1, 0, 1, 0, 0, 0, 0};
    std::copy(std::begin(counts), std::end(counts), message.begin() + 4);
    const uint8_t answer[] = {0xc0, 12, 0, 1, 0,   1, 0, 0,
                              0,    60, 0, 4, 127, 0, 0, 1};
    message.insert(message.end(), std::begin(answer), std::end(answer));
    EXPECT_EQ(::sendto(socket_.get(), message.data(), message.size(), 0,
                       generic, size),
              static_cast<ssize_t>(message.size()));
  }

 private:
  UniqueFd socket_;
  uint16_t port_ = 0;
};

TEST(ConnectorInmateTest, ResolvesAndConnects) {
  const Listener upstream = ListenOnLoopback();
  FakeNameServer name_server;
  Jail jail(Role::kConnector);
  jail.options().connect_ports = {upstream.port};
  jail.Start("connector_inmate",
             {absl::StrCat("127.0.0.1:", name_server.port()),
              "upstream.example.org", absl::StrCat(upstream.port)});
  name_server.AnswerOne();
  EXPECT_THAT(jail.Wait(), Exits(0));
}

std::pair<UniqueFd, UniqueFd> StreamPair() {
  int ends[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                         ends),
            0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

class AdminServiceInmateTest : public testing::Test {
 protected:
  void Prepare(Jail& jail) { jail.Give(kAdminStateDirFd, directory_.Open()); }
  ScratchDirectory directory_;
};

TEST_F(AdminServiceInmateTest, KeepsALedgerInItsDirectory) {
  Jail jail(Role::kAdminService);
  Prepare(jail);
  EXPECT_THAT(jail.Run("admin_service_inmate", {"ledger"}), Exits(0));
}

TEST_F(AdminServiceInmateTest, MeetsAnOperatorOnItsSocket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, (directory_.path() + "/admin").c_str());
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(listener.get(), generic, sizeof(address)), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  Jail jail(Role::kAdminService);
  Prepare(jail);
  jail.Give(kAdminListenerFd, std::move(listener));
  jail.Start("admin_service_inmate", {"operator"});
  const UniqueFd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(client.get(), generic, sizeof(address)), 0);
  EXPECT_EQ(ReadAll(client.get()), "hello");
  EXPECT_THAT(jail.Wait(), Exits(0));
}

constexpr int kServedFd = 9;
constexpr int kFirstChannelFd = 8;
constexpr int kSecondChannelFd = 9;

TEST_F(AdminServiceInmateTest, SpeaksGrpcWithACourierAndSurvivesItsPeers) {
  auto [first_client, first_server] = StreamPair();
  auto [second_client, second_server] = StreamPair();
  Jail first(Role::kAdminService);
  Prepare(first);
  first.Give(kServedFd, std::move(first_server));
  first.Start("admin_service_inmate", {"serve"});
  Jail second(Role::kAdminService);
  Prepare(second);
  second.Give(kServedFd, std::move(second_server));
  second.Start("admin_service_inmate", {"serve"});

  Jail courier(Role::kCourier);
  courier.Give(kFirstChannelFd, std::move(first_client));
  courier.Give(kSecondChannelFd, std::move(second_client));
  courier.Start("courier_inmate", {});
  courier.WaitForByte();
  ASSERT_EQ(::kill(first.pid(), SIGKILL), 0);
  EXPECT_EQ(first.Wait().signal, SIGKILL);
  EXPECT_THAT(courier.Wait(), Exits(0));
  second.channel().Close();
  EXPECT_THAT(second.Wait(), Exits(0));
}

}  // namespace
}  // namespace holt
