// A BIO over a socket that belongs to somebody else. Unlike OpenSSL's own it
// cannot raise SIGPIPE, and it does not read from a socket that was just seen
// empty, which saves a call per read. Worker.
#ifndef HOLT_WORKER_TLS_SOCKET_BIO_H_
#define HOLT_WORKER_TLS_SOCKET_BIO_H_

#include "worker/tls/openssl.h"

namespace holt::worker {

// What the BIO works on; outlives it.
struct BioSocket {
  int fd = -1;
  // The last read got less than it had room for: nothing is read until the
  // owner, who is told of readiness, sets it back.
  bool empty = false;
  bool ended = false;
};

// Never null.
BioPtr MakeSocketBio(BioSocket& socket);

}  // namespace holt::worker

#endif  // HOLT_WORKER_TLS_SOCKET_BIO_H_
