// A connector's life inside its sandbox: names out of /etc/hosts and from a
// name server, a connection to a configured port. Arguments: the name server as
// address:port, a name that it knows, the port to connect to.
#include <ares.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/base/unique_fd.h"
#include "tests/privsep/inmate.h"

namespace holt {
namespace {

struct Answer {
  bool done = false;
  int status = ARES_ENODATA;
  sockaddr_in address{};
};

void OnAddresses(void* argument, int status, int /*timeouts*/,
                 ares_addrinfo* addresses) {
  auto* answer = static_cast<Answer*>(argument);
  answer->done = true;
  answer->status = status;
  if (status != ARES_SUCCESS) return;
  std::memcpy(&answer->address, addresses->nodes->ai_addr,
              sizeof(answer->address));
  ::ares_freeaddrinfo(addresses);
}

void Turn(ares_channel channel) {
  std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
  const int mask = ::ares_getsock(channel, sockets.data(), sockets.size());
  for (int i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
    if (!ARES_GETSOCK_READABLE(mask, i)) continue;
    pollfd readable = {sockets[static_cast<size_t>(i)], POLLIN, 0};
    ::poll(&readable, 1, 100);
    ::ares_process_fd(channel,
                      readable.revents != 0 ? readable.fd : ARES_SOCKET_BAD,
                      ARES_SOCKET_BAD);
  }
}

absl::StatusOr<sockaddr_in> Resolve(ares_channel channel,
                                    const std::string& name) {
  Answer answer;
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_INET;
  ::ares_getaddrinfo(channel, name.c_str(), nullptr, &hints, &OnAddresses,
                     &answer);
  while (!answer.done) Turn(channel);
  if (answer.status != ARES_SUCCESS) {
    return absl::InternalError(
        absl::StrCat("resolving ", name, ": ", ::ares_strerror(answer.status)));
  }
  return answer.address;
}

absl::Status Connect(sockaddr_in address, uint16_t port) {
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  const UniqueFd socket(::socket(
      AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  RETURN_IF_ERROR(Expect(socket.valid(), "socket"));
  const int result =
      ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address),
                sizeof(address));
  RETURN_IF_ERROR(Expect(result == 0 || errno == EINPROGRESS, "connect"));
  pollfd writable = {socket.get(), POLLOUT, 0};
  RETURN_IF_ERROR(Expect(::poll(&writable, 1, 5000) == 1, "poll"));
  int error = -1;
  socklen_t size = sizeof(error);
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  errno = error;
  return Expect(error == 0, "connection");
}

absl::Status Work(const InmateArguments& arguments) {
  uint32_t port = 0;
  RETURN_IF_ERROR(
      Expect(arguments.size() == 3 && absl::SimpleAtoi(arguments[2], &port),
             "arguments"));
  ares_channel channel = nullptr;
  ::ares_library_init(ARES_LIB_INIT_ALL);
  RETURN_IF_ERROR(Expect(::ares_init(&channel) == ARES_SUCCESS, "c-ares"));
  ASSIGN_OR_RETURN(const sockaddr_in local, Resolve(channel, "localhost"));
  RETURN_IF_ERROR(
      Expect(local.sin_addr.s_addr == htonl(INADDR_LOOPBACK), "localhost"));
  RETURN_IF_ERROR(Expect(::ares_set_servers_ports_csv(
                             channel, arguments[0].c_str()) == ARES_SUCCESS,
                         "name server"));
  ASSIGN_OR_RETURN(const sockaddr_in upstream, Resolve(channel, arguments[1]));
  ::ares_destroy(channel);
  return Connect(upstream, static_cast<uint16_t>(port));
}

}  // namespace
}  // namespace holt

int main(int argc, char** argv) {
  return holt::RunInmate(holt::Role::kConnector, argc, argv, &holt::Work);
}
