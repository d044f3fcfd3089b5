#include "bench/load/response_reader.h"

namespace holt::bench {

ResponseReader::ResponseReader() : settings_(Settings()) { Next(); }

ResponseReader& ResponseReader::Self(llhttp_t* parser) {
  return *static_cast<ResponseReader*>(parser->data);
}

llhttp_settings_t ResponseReader::Settings() {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_headers_complete = [](llhttp_t* p) {
    Self(p).response_.status = llhttp_get_status_code(p);
    return 0;
  };
  settings.on_chunk_header = [](llhttp_t* p) {
    // The last chunk is empty: it ends the body and carries nothing.
    if (p->content_length > 0) ++Self(p).response_.chunks;
    return 0;
  };
  settings.on_body = [](llhttp_t* p, const char* at, size_t size) {
    Self(p).response_.body_bytes += size;
    Self(p).response_.events.Feed(absl::string_view(at, size));
    return 0;
  };
  settings.on_message_complete = [](llhttp_t* p) {
    Self(p).response_.keep_alive = llhttp_should_keep_alive(p) != 0;
    Self(p).state_ = State::kWhole;
    return static_cast<int>(HPE_PAUSED);
  };
  return settings;
}

size_t ResponseReader::Feed(absl::string_view bytes) {
  if (state_ != State::kReading) return 0;
  const llhttp_errno_t result =
      llhttp_execute(&parser_, bytes.data(), bytes.size());
  if (result == HPE_OK) return bytes.size();
  if (result != HPE_PAUSED) {
    state_ = State::kBroken;
    return bytes.size();
  }
  return static_cast<size_t>(llhttp_get_error_pos(&parser_) - bytes.data());
}

void ResponseReader::Next() {
  llhttp_init(&parser_, HTTP_RESPONSE, &settings_);
  parser_.data = this;
  response_ = Response();
  state_ = State::kReading;
}

}  // namespace holt::bench
