#include "bench/load/options.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/status_macros.h"
#include "common/base/unique_fd.h"

namespace holt::bench {
namespace {

constexpr size_t kMaxKey = 4096;

bool ReadNumber(absl::string_view text, uint32_t& number) {
  return absl::SimpleAtoi(text, &number) && number > 0;
}

bool ReadText(absl::string_view text, std::string& to) {
  to = std::string(text);
  return !text.empty();
}

struct ValueFlag {
  absl::string_view name;
  bool (*read)(absl::string_view value, LoadOptions& options);
};

constexpr ValueFlag kValueFlags[] = {
    {"--connections=",
     [](absl::string_view value, LoadOptions& options) {
       return ReadNumber(value, options.connections);
     }},
    {"--requests=",
     [](absl::string_view value, LoadOptions& options) {
       return absl::SimpleAtoi(value, &options.requests) &&
              options.requests > 0;
     }},
    {"--duration=",
     [](absl::string_view value, LoadOptions& options) {
       return absl::ParseDuration(std::string(value), &options.duration) &&
              options.duration > absl::ZeroDuration();
     }},
    {"--model=",
     [](absl::string_view value, LoadOptions& options) {
       return ReadText(value, options.model);
     }},
    {"--prompt-bytes=",
     [](absl::string_view value, LoadOptions& options) {
       return ReadNumber(value, options.prompt_bytes);
     }},
    {"--path=",
     [](absl::string_view value, LoadOptions& options) {
       return ReadText(value, options.path) && value[0] == '/';
     }},
    {"--key-file=",
     [](absl::string_view value, LoadOptions& options) {
       return ReadText(value, options.key_file);
     }},
    {"--ca-file=",
     [](absl::string_view value, LoadOptions& options) {
       return ReadText(value, options.ca_file);
     }},
    {"--dials-at-once=",
     [](absl::string_view value, LoadOptions& options) {
       return ReadNumber(value, options.dials_at_once);
     }},
    {"--dials-per-second=",
     [](absl::string_view value, LoadOptions& options) {
       return ReadNumber(value, options.dials_per_second);
     }},
    {"--reconnect-every=",
     [](absl::string_view value, LoadOptions& options) {
       return ReadNumber(value, options.reconnect_every);
     }},
    {"--output=",
     [](absl::string_view value, LoadOptions& options) {
       options.json = value == "json";
       return options.json || value == "table";
     }},
};

struct Switch {
  absl::string_view name;
  bool LoadOptions::*member;
};

constexpr Switch kSwitches[] = {
    {"--stream", &LoadOptions::stream},
    {"--include-usage", &LoadOptions::include_usage},
    {"--resume", &LoadOptions::resume},
    {"--hold", &LoadOptions::hold},
};

absl::Status ReadUrl(absl::string_view url, LoadOptions& options) {
  const auto wrong = [&] {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", url, "\" is neither http://HOST:PORT nor https://HOST:PORT"));
  };
  absl::string_view rest = url;
  options.tls = absl::ConsumePrefix(&rest, "https://");
  if (!options.tls && !absl::ConsumePrefix(&rest, "http://")) return wrong();
  absl::ConsumeSuffix(&rest, "/");
  const size_t colon = rest.rfind(':');
  uint32_t port = 0;
  if (colon == absl::string_view::npos || colon == 0 ||
      !absl::SimpleAtoi(rest.substr(colon + 1), &port) || port == 0 ||
      port > 65'535) {
    return wrong();
  }
  options.port = static_cast<uint16_t>(port);
  options.host = std::string(rest.substr(0, colon));
  return absl::OkStatus();
}

absl::Status ReadWord(absl::string_view word, LoadOptions& options) {
  for (const Switch& one : kSwitches) {
    if (word != one.name) continue;
    options.*one.member = true;
    return absl::OkStatus();
  }
  for (const ValueFlag& flag : kValueFlags) {
    absl::string_view value = word;
    if (!absl::ConsumePrefix(&value, flag.name)) continue;
    if (flag.read(value, options)) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("\"", word, "\" has a value that cannot be"));
  }
  if (options.host.empty() && word[0] != '-') return ReadUrl(word, options);
  return absl::InvalidArgumentError(
      absl::StrCat("unknown argument \"", word, "\""));
}

absl::Status CheckOptions(const LoadOptions& options) {
  if (options.host.empty()) {
    return absl::InvalidArgumentError("the address to load is missing");
  }
  if (options.requests == 0 && options.duration == absl::InfiniteDuration()) {
    return absl::InvalidArgumentError("give --requests or --duration");
  }
  if (options.requests != 0 && options.requests < options.connections) {
    return absl::InvalidArgumentError(
        "--requests is less than --connections: each sends one at least");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadKey(const std::string& path) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) {
    return ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
  }
  std::array<char, kMaxKey> key;
  const ssize_t size = read(file.get(), key.data(), key.size());
  if (size <= 0) {
    return absl::InvalidArgumentError(absl::StrCat(path, " holds no key"));
  }
  const absl::string_view text(key.data(), static_cast<size_t>(size));
  return std::string(absl::StripAsciiWhitespace(text));
}

std::string BuildBody(const LoadOptions& options) {
  std::string body =
      absl::StrCat("{\"model\":\"", options.model,
                   "\",\"messages\":[{\"role\":\"user\",\"content\":\"",
                   std::string(options.prompt_bytes, 'h'), "\"}]");
  if (options.stream) absl::StrAppend(&body, ",\"stream\":true");
  if (options.include_usage) {
    absl::StrAppend(&body, ",\"stream_options\":{\"include_usage\":true}");
  }
  body.push_back('}');
  return body;
}

}  // namespace

absl::string_view Usage() {
  return R"(usage: holt-load [options] http://HOST:PORT | https://HOST:PORT
  --requests=N         so many in all, or
  --duration=10s       as many as go in this time
  --connections=N      at the same time, each with one request (1)
  --stream             ask for events instead of a whole answer
  --include-usage      ask for the usage at the end of a stream
  --model=NAME         (holt-demo)
  --prompt-bytes=N     (64)
  --path=PATH          (/v1/chat/completions)
  --key-file=FILE      holds the API key
  --ca-file=FILE       PEM of the authorities to believe (the system's)
  --dials-at-once=N    connections that are being made at one time (16)
  --dials-per-second=N connections that are made in a second (no bound)
  --reconnect-every=N  close and dial again after N requests
  --resume             use the session tickets of earlier connections
  --hold               keep the connections until standard input ends
  -o json | table      form of the report (table)
)";
}

absl::StatusOr<LoadOptions> ReadOptions(absl::Span<char* const> words) {
  LoadOptions options;
  for (size_t i = 0; i < words.size(); ++i) {
    absl::string_view word(words[i]);
    std::string joined;
    if (word == "-o" && i + 1 < words.size()) {
      joined = absl::StrCat("--output=", words[++i]);
      word = joined;
    }
    RETURN_IF_ERROR(ReadWord(word, options));
  }
  RETURN_IF_ERROR(CheckOptions(options));
  return options;
}

absl::StatusOr<std::string> BuildRequest(const LoadOptions& options) {
  const std::string body = BuildBody(options);
  std::string request =
      absl::StrCat("POST ", options.path, " HTTP/1.1\r\nHost: ", options.host,
                   ":", options.port, "\r\nUser-Agent: holt-load\r\n");
  if (!options.key_file.empty()) {
    ASSIGN_OR_RETURN(const std::string key, ReadKey(options.key_file));
    absl::StrAppend(&request, "Authorization: Bearer ", key, "\r\n");
  }
  absl::StrAppend(&request,
                  "Accept: */*\r\nContent-Type: application/json\r\n"
                  "Content-Length: ",
                  body.size(), "\r\n\r\n", body);
  return request;
}

}  // namespace holt::bench
