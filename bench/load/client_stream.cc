#include "bench/load/client_stream.h"

#include <openssl/err.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

namespace holt::bench {
namespace {

int PendingError(int socket) {
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error
                                                                      : errno;
}

}  // namespace

ClientStream::ClientStream(UniqueFd socket, TlsClient* tls)
    : socket_(std::move(socket)) {
  if (tls == nullptr) return;
  ssl_ = tls->NewConnection(socket_.get());
  tls_failed_ = ssl_ == nullptr;
}

// A session of which no close_notify was sent is not resumed by OpenSSL.
ClientStream::~ClientStream() {
  if (ssl_ != nullptr && is_connected_) SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

ClientStream::Step ClientStream::Connect() {
  if (tls_failed_ || PendingError(socket_.get()) != 0) return Step::kClosed;
  if (ssl_ != nullptr) {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result != 1) return StepOf(result);
  }
  is_connected_ = true;
  return Step::kDone;
}

ClientStream::Step ClientStream::Write(absl::string_view& bytes) {
  while (!bytes.empty()) {
    size_t size = 0;
    if (ssl_ != nullptr) {
      ERR_clear_error();
      const int result =
          SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &size);
      if (result != 1) return StepOf(result);
    } else {
      const ssize_t result =
          send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (result <= 0) {
        const Step step = PlainStep(result);
        return step == Step::kWantRead ? Step::kWantWrite : step;
      }
      size = static_cast<size_t>(result);
    }
    bytes.remove_prefix(size);
  }
  return Step::kDone;
}

ClientStream::Step ClientStream::Read(absl::Span<char> to, size_t& size) {
  if (ssl_ != nullptr) {
    ERR_clear_error();
    const int result = SSL_read_ex(ssl_.get(), to.data(), to.size(), &size);
    return result == 1 ? Step::kDone : StepOf(result);
  }
  const ssize_t result = recv(socket_.get(), to.data(), to.size(), 0);
  if (result <= 0) return PlainStep(result);
  size = static_cast<size_t>(result);
  return Step::kDone;
}

bool ClientStream::is_resumed() const {
  return ssl_ != nullptr && SSL_session_reused(ssl_.get()) == 1;
}

std::string ClientStream::Describe() const {
  if (ssl_ == nullptr) return "plain";
  const auto group_id = static_cast<int>(SSL_get_negotiated_group(ssl_.get()));
  const char* group = SSL_group_to_name(ssl_.get(), group_id);
  return absl::StrCat(SSL_get_version(ssl_.get()), " ",
                      SSL_get_cipher_name(ssl_.get()), " ",
                      group == nullptr ? "" : group);
}

ClientStream::Step ClientStream::StepOf(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Step::kWantRead;
    case SSL_ERROR_WANT_WRITE:
      return Step::kWantWrite;
    default:
      // OpenSSL allows no shutdown after a fatal error.
      is_connected_ = false;
      return Step::kClosed;
  }
}

ClientStream::Step ClientStream::PlainStep(ssize_t result) {
  const bool would_block = result < 0 && (errno == EAGAIN || errno == EINTR);
  return would_block ? Step::kWantRead : Step::kClosed;
}

}  // namespace holt::bench
