#include "worker/tls/socket_bio.h"

#include <sys/socket.h>

#include <cerrno>

#include "common/base/check.h"

namespace holt::worker {
namespace {

BioSocket& SocketOf(BIO* bio) {
  return *static_cast<BioSocket*>(BIO_get_data(bio));
}

int ReadBio(BIO* bio, char* to, size_t size, size_t* read) {
  BioSocket& socket = SocketOf(bio);
  BIO_clear_retry_flags(bio);
  *read = 0;
  if (socket.empty) {
    BIO_set_retry_read(bio);
    return 0;
  }
  const ssize_t got = ::recv(socket.fd, to, size, 0);
  if (got > 0) *read = static_cast<size_t>(got);
  // The end is no emptiness: it is there to be read again.
  socket.empty = got != 0 && *read < size;
  socket.ended = got == 0;
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  return got > 0 ? 1 : 0;
}

int WriteBio(BIO* bio, const char* from, size_t size, size_t* written) {
  BIO_clear_retry_flags(bio);
  const ssize_t sent = ::send(SocketOf(bio).fd, from, size, MSG_NOSIGNAL);
  *written = sent > 0 ? static_cast<size_t>(sent) : 0;
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  return sent > 0 ? 1 : 0;
}

long ControlBio(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_EOF:
      return SocketOf(bio).ended ? 1 : 0;
    default:
      return 0;
  }
}

int CreateBio(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

using MethodPtr = std::unique_ptr<BIO_METHOD, OpenSslDeleter<BIO_meth_free>>;

MethodPtr MakeMethod() {
  MethodPtr method(
      BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "holt socket"));
  HOLT_CHECK(method != nullptr);
  BIO_meth_set_read_ex(method.get(), ReadBio);
  BIO_meth_set_write_ex(method.get(), WriteBio);
  BIO_meth_set_ctrl(method.get(), ControlBio);
  BIO_meth_set_create(method.get(), CreateBio);
  return method;
}

}  // namespace

BioPtr MakeSocketBio(BioSocket& socket) {
  static const MethodPtr method = MakeMethod();
  BioPtr bio(BIO_new(method.get()));
  HOLT_CHECK(bio != nullptr);
  BIO_set_data(bio.get(), &socket);
  return bio;
}

}  // namespace holt::worker
