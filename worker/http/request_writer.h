// Writes the head of the request that goes to an upstream: a new one, made of
// fields we name, never a copy of the client's. Worker; the client's fields are
// hostile though well formed.
#ifndef HOLT_WORKER_HTTP_REQUEST_WRITER_H_
#define HOLT_WORKER_HTTP_REQUEST_WRITER_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "worker/http/head.h"
#include "worker/net/buffer.h"

namespace holt::worker {

// Where the request goes. All views outlive the call.
struct UpstreamTarget {
  absl::string_view authority;    // the Host field
  absl::string_view path_prefix;  // "" or "/x"
  // The bytes after "Authorization: Bearer "; empty: no such field.
  absl::Span<const uint8_t> credential;
};

// Writes request line and fields, up to and with the empty line; the caller
// appends the body. Path and query go byte for byte after the prefix.
// `content_length`: absent means the caller sends the body chunked
// (AppendChunk of response_writer.h); 0 with a method that has no body writes
// no length.
void WriteUpstreamHead(ChunkBuffer& out, const RequestHead& request,
                       const UpstreamTarget& target,
                       std::optional<uint64_t> content_length);

// True when a client's field of this name goes on to the upstream. Fields that
// describe the connection, the caller or his credentials do not; nor do those
// that his Connection field names.
bool IsForwarded(absl::string_view name);

}  // namespace holt::worker

#endif  // HOLT_WORKER_HTTP_REQUEST_WRITER_H_
