#include "supervisor/announcement.h"

#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"

namespace holt::supervisor {
namespace {

std::string DescribeSecrets(absl::string_view secrets) {
  if (secrets == "memfd_secret") {
    return "memfd_secret: not even root of this machine reads them";
  }
  return absl::StrCat(secrets,
                      ": locked in memory, yet readable by root of this "
                      "machine (the kernel has no memfd_secret)");
}

std::string DescribeUsers(const NodeResources& node) {
  if (!node.separate_users) {
    return "MISSING: all processes run as one user, so only the sandbox stands "
           "between them (start as root to give each its own)";
  }
  return absl::StrCat("each process has its own, from ",
                      node.config.gateway.processes().first_uid(), " on");
}

std::string DescribeUpstreams(const NodeResources& node) {
  std::string text;
  for (int i = 0; i < node.config.gateway.upstreams_size(); ++i) {
    const auto& upstream = node.config.gateway.upstreams(i);
    absl::StrAppend(&text, i == 0 ? "" : ", ", upstream.name(), " ",
                    upstream.url());
  }
  return text;
}

}  // namespace

std::string ReadyLine(const NodeResources& node) {
  return absl::StrCat("ready ", node.url(), "\n");
}

std::string Banner(const NodeResources& node, absl::string_view secrets,
                   bool demo) {
  std::string text = absl::StrCat(
      "holt serves at ", node.url(), "\n", "  sandbox   ",
      node.sandbox_report.Describe(), "\n", "  secrets   ",
      DescribeSecrets(secrets), "\n", "  users     ", DescribeUsers(node), "\n",
      "  upstream  ", DescribeUpstreams(node), "\n", "  workers   ",
      node.worker_count(), "\n", "  state     ", node.state.path(), "\n");
  if (!node.config.tls()) {
    absl::StrAppend(&text,
                    "  MISSING   TLS: what clients send travels in clear\n");
  }
  if (demo) {
    absl::StrAppend(&text,
                    "  DEMO      no model is behind this; answers are made "
                    "up\n");
  }
  return text;
}

void WriteText(int fd, absl::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(fd, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return;
    text.remove_prefix(static_cast<size_t>(wrote));
  }
}

}  // namespace holt::supervisor
