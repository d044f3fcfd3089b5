// A worker's life inside its sandbox: settings, loop and heartbeat, a
// connection accepted and served, a TLS handshake with fibers as the real one
// has, a line of log.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"
#include "common/base/unique_fd.h"
#include "common/child/heartbeat.h"
#include "common/child/own_counters.h"
#include "common/event/loop.h"
#include "common/ipc/shared_memory.h"
#include "supervisor/keys/key_files.h"
#include "tests/privsep/inmate.h"

namespace holt {
namespace {

absl::Status ReadSettings() {
  ASSIGN_OR_RETURN(const std::string settings,
                   ReadSealedFile(kSettingsFd, 4096));
  return Expect(settings == "settings", "settings");
}

// Reads what the client wrote, sends it back, ends the stream.
absl::Status ServeClient(int client) {
  const int on = 1;
  const linger reset = {1, 0};
  RETURN_IF_ERROR(Expect(
      ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0,
      "TCP_NODELAY"));
  char text[16];
  const ssize_t got = ::recv(client, text, sizeof(text), 0);
  RETURN_IF_ERROR(Expect(got > 0, "recv"));
  RETURN_IF_ERROR(Expect(
      ::send(client, text, static_cast<size_t>(got), MSG_NOSIGNAL) == got,
      "send"));
  RETURN_IF_ERROR(Expect(::shutdown(client, SHUT_WR) == 0, "shutdown"));
  return Expect(
      ::setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) == 0,
      "SO_LINGER");
}

absl::Status AcceptOnTheLoop(Loop& loop) {
  absl::Status served = absl::UnavailableError("nobody came");
  FdEvent acceptor(loop, kWorkerListenerFd, [&](uint32_t /*ready*/) {
    const UniqueFd client(
        ::accept4(kWorkerListenerFd, nullptr, nullptr, SOCK_CLOEXEC));
    served = Expect(client.valid(), "accept4");
    if (served.ok()) served = ServeClient(client.get());
    loop.Stop();
  });
  acceptor.SetInterest(FdEvent::kRead);
  loop.Run();
  return served;
}

struct SslDeleter {
  void operator()(SSL* ssl) const { ::SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { ::SSL_CTX_free(context); }
};
using SslPtr = std::unique_ptr<SSL, SslDeleter>;
using ContextPtr = std::unique_ptr<SSL_CTX, SslDeleter>;

absl::Status Handshake() {
  const auto key = supervisor::MakeTestKey(supervisor::TestKey::kP256);
  const auto certificate = supervisor::MakeTestCertificate(
      key.get(), absl::UnixEpoch(), Clock::Real().Now() + absl::Hours(1));
  const ContextPtr server_context(::SSL_CTX_new(::TLS_server_method()));
  const ContextPtr client_context(::SSL_CTX_new(::TLS_client_method()));
  ::SSL_CTX_use_certificate(server_context.get(), certificate.get());
  ::SSL_CTX_use_PrivateKey(server_context.get(), key.get());
  const SslPtr server(::SSL_new(server_context.get()));
  const SslPtr client(::SSL_new(client_context.get()));
  ::SSL_set_mode(server.get(), SSL_MODE_ASYNC);
  BIO* servers_end = nullptr;
  BIO* clients_end = nullptr;
  ::BIO_new_bio_pair(&servers_end, 0, &clients_end, 0);
  ::SSL_set_bio(server.get(), servers_end, servers_end);
  ::SSL_set_bio(client.get(), clients_end, clients_end);
  ::SSL_set_accept_state(server.get());
  ::SSL_set_connect_state(client.get());
  for (int turn = 0; turn < 10; ++turn) {
    ::SSL_do_handshake(client.get());
    ::SSL_do_handshake(server.get());
  }
  return Expect(::SSL_is_init_finished(client.get()) == 1 &&
                    ::SSL_is_init_finished(server.get()) == 1,
                "handshake");
}

absl::Status Work(const InmateArguments& /*arguments*/) {
  RETURN_IF_ERROR(ReadSettings());
  ASSIGN_OR_RETURN(const OwnCounters counters, OwnCounters::Map());
  ASSIGN_OR_RETURN(const std::unique_ptr<Loop> loop, Loop::Create());
  const Heartbeat heartbeat(*loop, counters);
  RETURN_IF_ERROR(AcceptOnTheLoop(*loop));
  Log(Severity::kInfo, "served");
  return Handshake();
}

}  // namespace
}  // namespace holt

int main(int argc, char** argv) {
  return holt::RunInmate(holt::Role::kWorker, argc, argv, &holt::Work);
}
