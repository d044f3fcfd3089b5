// The head of one HTTP/1 message, parsed: what the rest of the worker reads of
// it. Worker. Everything in here came from a client or an upstream, and much of
// it is secret (Authorization): the bytes lie in one wiped buffer which all
// views point into. Views live until the head's next Reset or its end; moving a
// head keeps them valid.
//
// Only RequestParser and ResponseParser fill a head, so whoever holds one holds
// a head that passed every check of docs/http-strictness.md.
#ifndef HOLT_WORKER_HTTP_HEAD_H_
#define HOLT_WORKER_HTTP_HEAD_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/base/wiped.h"

namespace holt::worker {

// The methods that are served; every other one is refused by the parser.
enum class Method : uint8_t {
  kGet,
  kHead,
  kPost,
  kPut,
  kPatch,
  kDelete,
  kOptions,
};

// As on the wire, "GET".
absl::string_view NameOf(Method method);
// The method of exactly this text (methods are case-sensitive).
std::optional<Method> MethodOf(absl::string_view text);

// One field. The value is without the white space around it and has no control
// byte but tab; it may have bytes above 0x7f.
struct Field {
  absl::string_view name;
  absl::string_view value;
};

// Sizes are bytes, line ends included.
struct HeadLimits {
  size_t line = 8 * 1024;     // the first line
  size_t target = 4 * 1024;   // the request target in it
  size_t field = 8 * 1024;    // one field line
  size_t fields = 32 * 1024;  // all field lines
  size_t count = 100;         // number of fields
};

// What an upstream's head may measure.
inline constexpr HeadLimits kUpstreamHeadLimits = {8 * 1024, 0, 64 * 1024,
                                                   64 * 1024, 200};

// What heads of requests and of responses have in common.
class MessageHead {
 public:
  // In the order of arrival, framing fields included.
  [[nodiscard]] absl::Span<const Field> fields() const { return fields_; }
  // Value of the first field of this name, in any letter case. Of Host,
  // Content-Length, Transfer-Encoding, Authorization, X-Api-Key, Content-Type,
  // Content-Encoding and Expect a request has at most one.
  [[nodiscard]] std::optional<absl::string_view> Find(
      absl::string_view name) const;
  [[nodiscard]] size_t Count(absl::string_view name) const;
  // True when a Connection field has `name` among its options.
  [[nodiscard]] bool IsConnectionOption(absl::string_view name) const;

  // The minor version: 0 or 1.
  [[nodiscard]] int minor_version() const { return minor_version_; }
  // Of the body, when the message says it by Content-Length.
  [[nodiscard]] std::optional<uint64_t> content_length() const {
    return content_length_;
  }
  [[nodiscard]] bool chunked() const { return chunked_; }
  // The sender lets the connection go on after this message.
  [[nodiscard]] bool keep_alive() const { return keep_alive_; }

 protected:
  MessageHead() = default;
  ~MessageHead() = default;
  MessageHead(MessageHead&&) = default;
  MessageHead& operator=(MessageHead&&) = default;
  // Wipes the bytes and forgets everything.
  void ResetCommon();

 private:
  friend class HeadReader;

  WipedBytes bytes_;
  std::vector<Field> fields_;
  std::optional<uint64_t> content_length_;
  int minor_version_ = 1;
  bool chunked_ = false;
  bool keep_alive_ = false;
};

class RequestHead : public MessageHead {
 public:
  [[nodiscard]] Method method() const { return method_; }
  // As sent: "/v1/models?x=y", "*", or the absolute form.
  [[nodiscard]] absl::string_view target() const { return target_; }
  // The target's path byte for byte, from its first slash ("*" for the asterisk
  // form, "/" for an absolute form without path), and what follows the first
  // question mark.
  [[nodiscard]] absl::string_view path() const { return path_; }
  [[nodiscard]] absl::string_view query() const { return query_; }
  // False for "/a", true for "/a?".
  [[nodiscard]] bool has_query() const { return has_query_; }
  // The client waits for 100 (Continue) before it sends the body.
  [[nodiscard]] bool expect_continue() const { return expect_continue_; }

  void Reset();

 private:
  friend class RequestParser;

  Method method_ = Method::kGet;
  absl::string_view target_;
  absl::string_view path_;
  absl::string_view query_;
  bool has_query_ = false;
  bool expect_continue_ = false;
};

class ResponseHead : public MessageHead {
 public:
  // 200 to 599: interim responses are skipped. The reason phrase is dropped.
  [[nodiscard]] int status() const { return status_; }

  void Reset();

 private:
  friend class ResponseParser;

  int status_ = 0;
};

}  // namespace holt::worker

#endif  // HOLT_WORKER_HTTP_HEAD_H_
