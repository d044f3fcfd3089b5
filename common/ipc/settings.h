// What the supervisor tells a worker, the connector and the courier at start:
// fixed structs in a sealed memfd. Trusted direction (the supervisor is the
// sender), yet magic, layout and size are checked, so that two builds cannot
// misread one another. No secret is in here. Text members are zero-terminated.
//
// Durations are milliseconds, sizes are bytes.
#ifndef HOLT_COMMON_IPC_SETTINGS_H_
#define HOLT_COMMON_IPC_SETTINGS_H_

#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/unique_fd.h"
#include "common/ipc/shared_memory.h"

namespace holt {

inline constexpr size_t kMaxUpstreams = 16;
inline constexpr size_t kMaxIdentities = 4;
inline constexpr size_t kMaxWorkers = 64;

// The kind of a TLS identity's key, by which the worker chooses signature
// schemes.
enum class KeyKind : uint8_t {
  kNone = 0,
  kEcdsaP256 = 1,
  kEcdsaP384 = 2,
  kRsa = 3,  // RSA-PSS with SHA-256 or SHA-384
  kEd25519 = 4,
};

struct UpstreamSettings {
  char name[64];          // for logs and status
  char host[256];         // to dial; name or address literal, without brackets
  char authority[272];    // the Host header: host, and port where it is not the
                          // scheme's default
  char path_prefix[256];  // before the request's path; empty or "/x", never a
                          // trailing slash
  uint16_t port;
  uint8_t tls;             // 1: the worker speaks TLS to it
  uint8_t has_credential;  // 1: ask the supervisor for it (CredentialRequest)
  char spki_pin[48];  // base64 of SHA-256 of the SubjectPublicKeyInfo that is
                      // required; empty: by the authorities
  uint32_t max_connections;  // per worker
};

struct WorkerSettings {
  static constexpr uint32_t kMagic = 0x484f4c57;  // "HOLW"
  static constexpr uint32_t kLayout = 1;
  uint32_t magic;
  uint32_t layout;
  uint16_t worker_index;
  uint16_t worker_count;

  // Listener.
  uint8_t tls;          // 0: plain HTTP
  uint8_t force_https;  // plain requests get 403 (unless trust_proxy and
                        // X-Forwarded-Proto is https)
  uint8_t trust_proxy;  // X-Forwarded-For/-Proto are believed, one hop, counted
                        // from the right
  uint8_t identity_count;
  KeyKind identities[kMaxIdentities];  // in the order of the chains in
                                       // kWorkerCertificatesFd
  uint32_t max_connections;            // per worker
  uint32_t max_connections_per_address;

  // Limits of one request.
  uint32_t max_request_line;
  uint32_t max_field_size;
  uint32_t max_head_size;
  uint32_t max_field_count;
  uint32_t max_requests_per_connection;
  uint64_t max_body_size;
  uint64_t max_buffered_per_exchange;
  uint64_t max_buffered_per_worker;
  uint32_t max_concurrent_per_key;

  // Times.
  uint32_t handshake_timeout;
  uint32_t head_timeout;  // from its first byte; also for the first byte of a
                          // new connection
  uint32_t idle_timeout;  // keep-alive
  uint32_t body_gap_timeout;
  uint32_t write_stall_timeout;
  uint32_t connect_timeout;
  uint32_t upstream_head_timeout;
  uint32_t upstream_gap_timeout;
  uint32_t upstream_idle_timeout;  // pooled connections
  uint32_t keep_alive_comment;     // SSE comment after this much silence
  uint32_t connection_max_age;

  uint16_t upstream_count;
  UpstreamSettings upstreams[kMaxUpstreams];
};

struct ConnectorSettings {
  static constexpr uint32_t kMagic = 0x484f4c43;  // "HOLC"
  static constexpr uint32_t kLayout = 1;
  uint32_t magic;
  uint32_t layout;
  uint32_t connect_timeout;
  uint32_t resolve_interval;  // how long an answer of the resolver is used
  uint16_t max_dials;         // under way at one time
  uint16_t upstream_count;
  UpstreamSettings upstreams[kMaxUpstreams];
};

struct CourierSettings {
  static constexpr uint32_t kMagic = 0x484f4c4b;  // "HOLK"
  static constexpr uint32_t kLayout = 1;
  uint32_t magic;
  uint32_t layout;
  uint32_t batch_interval;   // at most this long between a committed record and
                             // its report
  uint32_t report_interval;  // node status to the admin-service
  uint32_t poll_interval;    // second way of learning of key changes
};

// A sealed memfd that holds `settings` (magic and layout are filled in).
template <typename Settings>
absl::StatusOr<UniqueFd> MakeSettingsFile(const char* name, Settings settings) {
  static_assert(std::is_trivially_copyable_v<Settings>);
  settings.magic = Settings::kMagic;
  settings.layout = Settings::kLayout;
  return MakeSealedFile(
      name, absl::string_view(reinterpret_cast<const char*>(&settings),
                              sizeof(settings)));
}

// The settings in the sealed file `fd`; FailedPrecondition when they are of
// another build.
template <typename Settings>
absl::StatusOr<Settings> ReadSettingsFile(int fd) {
  static_assert(std::is_trivially_copyable_v<Settings>);
  absl::StatusOr<std::string> bytes = ReadSealedFile(fd, sizeof(Settings));
  if (!bytes.ok()) return bytes.status();
  Settings settings;
  if (bytes->size() != sizeof(settings)) {
    return absl::FailedPreconditionError("settings of another build");
  }
  std::memcpy(&settings, bytes->data(), sizeof(settings));
  if (settings.magic != Settings::kMagic ||
      settings.layout != Settings::kLayout) {
    return absl::FailedPreconditionError("settings of another build");
  }
  return settings;
}

// Copies text into a zero-terminated member; InvalidArgument when it does not
// fit or holds a zero byte.
template <size_t N>
absl::Status SetText(char (&member)[N], absl::string_view text) {
  if (text.size() >= N || text.find('\0') != absl::string_view::npos) {
    return absl::InvalidArgumentError("text does not fit its settings member");
  }
  std::memset(member, 0, N);
  std::memcpy(member, text.data(), text.size());
  return absl::OkStatus();
}

}  // namespace holt

#endif  // HOLT_COMMON_IPC_SETTINGS_H_
