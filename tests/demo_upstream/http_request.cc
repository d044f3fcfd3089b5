#include "tests/demo_upstream/http_request.h"

#include "absl/strings/ascii.h"

namespace holt::demo {
namespace {

constexpr size_t kMaxHead = size_t{64} * 1024;
constexpr size_t kMaxBody = size_t{48} * 1024 * 1024;

}  // namespace

absl::string_view HttpRequest::Header(absl::string_view name) const {
  for (const auto& [field, value] : headers) {
    if (field == name) return value;
  }
  return {};
}

RequestParser::RequestParser(BodyBudget& budget)
    : settings_(Settings()), budget_(budget) {
  llhttp_init(&parser_, HTTP_REQUEST, &settings_);
  parser_.data = this;
}

RequestParser& RequestParser::Self(llhttp_t* parser) {
  return *static_cast<RequestParser*>(parser->data);
}

// Callbacks return 0 to go on, -1 to refuse, HPE_PAUSED to stop after this.
llhttp_settings_t RequestParser::Settings() {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_method = [](llhttp_t* p, const char* at, size_t size) {
    return Self(p).TakeHead(Self(p).request_.method, at, size);
  };
  settings.on_url = [](llhttp_t* p, const char* at, size_t size) {
    return Self(p).TakeHead(Self(p).request_.target, at, size);
  };
  settings.on_header_field = [](llhttp_t* p, const char* at, size_t size) {
    return Self(p).TakeHead(Self(p).header_name_, at, size);
  };
  settings.on_header_value = [](llhttp_t* p, const char* at, size_t size) {
    return Self(p).TakeHead(Self(p).header_value_, at, size);
  };
  settings.on_header_value_complete = [](llhttp_t* p) {
    RequestParser& self = Self(p);
    self.request_.headers.emplace_back(absl::AsciiStrToLower(self.header_name_),
                                       self.header_value_);
    self.header_name_.clear();
    self.header_value_.clear();
    return 0;
  };
  settings.on_body = [](llhttp_t* p, const char* at, size_t size) {
    return Self(p).TakeBody(at, size);
  };
  settings.on_message_complete = [](llhttp_t* p) {
    Self(p).request_.keep_alive = llhttp_should_keep_alive(p) != 0;
    Self(p).state_ = State::kWhole;
    return static_cast<int>(HPE_PAUSED);
  };
  return settings;
}

int RequestParser::TakeHead(std::string& to, const char* at, size_t size) {
  if (size > kMaxHead - head_size_) return -1;
  head_size_ += size;
  to.append(at, size);
  return 0;
}

int RequestParser::TakeBody(const char* at, size_t size) {
  if (size > kMaxBody - request_.body.size() || size > budget_.left) return -1;
  budget_.left -= size;
  request_.body.append(at, size);
  return 0;
}

size_t RequestParser::Feed(absl::string_view bytes) {
  if (state_ != State::kReading) return 0;
  const llhttp_errno_t result =
      llhttp_execute(&parser_, bytes.data(), bytes.size());
  if (result == HPE_OK) return bytes.size();
  if (result != HPE_PAUSED) {
    state_ = State::kRefused;
    return bytes.size();
  }
  return static_cast<size_t>(llhttp_get_error_pos(&parser_) - bytes.data());
}

void RequestParser::Next() {
  GiveBack();
  request_ = HttpRequest();
  head_size_ = 0;
  state_ = State::kReading;
  llhttp_resume(&parser_);
}

void RequestParser::GiveBack() { budget_.left += request_.body.size(); }

}  // namespace holt::demo
