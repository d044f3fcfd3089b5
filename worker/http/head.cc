#include "worker/http/head.h"

#include <array>

#include "absl/strings/match.h"
#include "worker/http/tokens.h"

namespace holt::worker {
namespace {

constexpr std::array<absl::string_view, 7> kMethodNames = {
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

}  // namespace

absl::string_view NameOf(Method method) {
  return kMethodNames[static_cast<size_t>(method)];
}

std::optional<Method> MethodOf(absl::string_view text) {
  for (size_t i = 0; i < kMethodNames.size(); ++i) {
    if (kMethodNames[i] == text) return static_cast<Method>(i);
  }
  return std::nullopt;
}

std::optional<absl::string_view> MessageHead::Find(
    absl::string_view name) const {
  for (const Field& field : fields_) {
    if (absl::EqualsIgnoreCase(field.name, name)) return field.value;
  }
  return std::nullopt;
}

size_t MessageHead::Count(absl::string_view name) const {
  size_t count = 0;
  for (const Field& field : fields_) {
    if (absl::EqualsIgnoreCase(field.name, name)) ++count;
  }
  return count;
}

bool MessageHead::IsConnectionOption(absl::string_view name) const {
  for (const Field& field : fields_) {
    if (!absl::EqualsIgnoreCase(field.name, "connection")) continue;
    absl::string_view rest = field.value;
    absl::string_view option;
    while (NextListElement(rest, option)) {
      if (absl::EqualsIgnoreCase(option, name)) return true;
    }
  }
  return false;
}

void MessageHead::ResetCommon() {
  bytes_.Clear();
  fields_.clear();
  content_length_.reset();
  minor_version_ = 1;
  chunked_ = false;
  keep_alive_ = false;
}

void RequestHead::Reset() {
  ResetCommon();
  method_ = Method::kGet;
  target_ = path_ = query_ = absl::string_view();
  has_query_ = false;
  expect_continue_ = false;
}

void ResponseHead::Reset() {
  ResetCommon();
  status_ = 0;
}

}  // namespace holt::worker
