// One HTTP/1.1 request to the demo upstream, read by llhttp in its strict
// default. The bytes come from a peer and are hostile: head and body are
// bounded, and all bodies of the process share one budget.
#ifndef HOLT_TESTS_DEMO_UPSTREAM_HTTP_REQUEST_H_
#define HOLT_TESTS_DEMO_UPSTREAM_HTTP_REQUEST_H_

#include <llhttp.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace holt::demo {

struct HttpRequest {
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool keep_alive = true;

  // The first header of that name (lower case), or empty.
  [[nodiscard]] absl::string_view Header(absl::string_view name) const;
};

// Bytes of bodies that the process may hold at a time.
struct BodyBudget {
  size_t left = size_t{512} * 1024 * 1024;
};

class RequestParser {
 public:
  enum class State { kReading, kWhole, kRefused };

  // `budget` outlives the parser.
  explicit RequestParser(BodyBudget& budget);
  ~RequestParser() { GiveBack(); }
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Takes bytes up to the end of the request; returns how many.
  size_t Feed(absl::string_view bytes);
  [[nodiscard]] State state() const { return state_; }
  // Whole requests only.
  [[nodiscard]] const HttpRequest& request() const { return request_; }
  // Forgets the request and gives its memory back; the connection goes on.
  void Next();

 private:
  static RequestParser& Self(llhttp_t* parser);
  static llhttp_settings_t Settings();
  int TakeHead(std::string& to, const char* at, size_t size);
  int TakeBody(const char* at, size_t size);
  void GiveBack();

  llhttp_settings_t settings_;
  llhttp_t parser_;
  BodyBudget& budget_;
  State state_ = State::kReading;
  size_t head_size_ = 0;
  std::string header_name_;
  std::string header_value_;
  HttpRequest request_;
};

}  // namespace holt::demo

#endif  // HOLT_TESTS_DEMO_UPSTREAM_HTTP_REQUEST_H_
