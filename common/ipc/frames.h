// The frames on the socket pairs: supervisor with each child, worker with
// connector. Fixed layouts, little-endian, hard bounds; docs/protocol/frames.md
// is the page about them. The receiver treats the sender as hostile: Decode
// refuses any frame whose size is not exactly what its type says.
//
// Even types ask (or tell), odd types answer. A request's id comes back in its
// reply; 0 is for frames nobody asked for. At most one descriptor travels with
// a frame.
#ifndef HOLT_COMMON_IPC_FRAMES_H_
#define HOLT_COMMON_IPC_FRAMES_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/base/bytes.h"
#include "common/ipc/descriptors.h"

namespace holt {

// No frame is larger; every receive buffer has this size.
inline constexpr size_t kMaxFrameSize = 2048;
inline constexpr size_t kFrameHeaderSize = 16;

enum class FrameType : uint16_t {
  // worker -> supervisor
  kSignRequest = 2,
  kSignReply = 3,
  kTicketKeysRequest = 4,
  kTicketKeysReply = 5,  // also sent unasked, with id 0, when the keys rotate
  kCredentialRequest = 6,
  kCredentialReply =
      7,  // also sent unasked, with id 0, when a credential was replaced
  // any child -> supervisor
  kReady = 8,  // the child serves; sent once. 9 is reserved.
  // supervisor -> any child
  kIntroduce = 10,  // carries one descriptor; 11 is reserved
  kDrain = 12,  // finish what runs, accept nothing new, exit; 13 is reserved
  // worker -> connector
  kDialRequest = 14,
  kDialReply = 15,  // carries the connected socket when status is kOk
};

struct FrameHeader {
  FrameType type{};
  uint32_t payload_size = 0;
  uint64_t id = 0;
};

// Reads the header of a whole frame and checks that payload_size is the number
// of bytes that follow it and at most kMaxFrameSize - kFrameHeaderSize, and
// that the type is one of the enum.
absl::StatusOr<FrameHeader> DecodeFrameHeader(absl::Span<const uint8_t> frame);

// A frame ready to send: header and encoded payload in a fixed buffer, wiped on
// destruction (some carry ticket keys or credentials).
class EncodedFrame {
 public:
  EncodedFrame() = default;
  ~EncodedFrame();
  EncodedFrame(const EncodedFrame&) = delete;
  EncodedFrame& operator=(const EncodedFrame&) = delete;

  // Message is one of the structs below.
  template <typename Message>
  absl::Span<const uint8_t> Encode(uint64_t id, const Message& message) {
    Writer payload(absl::MakeSpan(buffer_).subspan(kFrameHeaderSize));
    message.Encode(payload);
    return Finish(Message::kType, id, payload);
  }

 private:
  absl::Span<const uint8_t> Finish(FrameType type, uint64_t id,
                                   const Writer& payload);
  std::array<uint8_t, kMaxFrameSize> buffer_;
};

// The payload of `frame` as a Message; InvalidArgument when the type or size
// differs or a bound is broken.
template <typename Message>
absl::StatusOr<Message> DecodeFrame(absl::Span<const uint8_t> frame) {
  absl::StatusOr<FrameHeader> header = DecodeFrameHeader(frame);
  if (!header.ok()) return header.status();
  if (header->type != Message::kType) {
    return absl::InvalidArgumentError("frame of another type");
  }
  Reader payload(frame.subspan(kFrameHeaderSize));
  absl::StatusOr<Message> message = Message::Decode(payload);
  if (message.ok() && !payload.Finish()) {
    return absl::InvalidArgumentError("frame with left-over bytes");
  }
  return message;
}

// ---- worker -> supervisor
// ---------------------------------------------------------------------------------------------

// The whole to-be-signed content of a TLS 1.3 server CertificateVerify (RFC
// 8446 section 4.4.3): 64 x 0x20, the context string, a zero byte, the
// transcript hash (32 or 48 bytes). 130 or 146 bytes. The supervisor rebuilds
// the fixed part and refuses anything else.
inline constexpr size_t kMaxSignContent = 146;
inline constexpr size_t kMaxSignature = 512;

enum class ReplyStatus : uint16_t {
  kOk = 0,
  kRefused = 1,   // the request made no sense for this key
  kBusy = 2,      // over the rate the sender is allowed
  kNotFound = 3,  // no such key, credential or upstream
};

struct SignRequest {
  static constexpr FrameType kType = FrameType::kSignRequest;
  uint16_t identity = 0;  // index into the TLS identities of the settings
  uint16_t signature_scheme = 0;  // TLS SignatureScheme, RFC 8446 section 4.2.3
  uint16_t content_size = 0;
  std::array<uint8_t, kMaxSignContent> content{};
  void Encode(Writer& to) const;
  static absl::StatusOr<SignRequest> Decode(Reader& from);
};

struct SignReply {
  static constexpr FrameType kType = FrameType::kSignReply;
  ReplyStatus status = ReplyStatus::kOk;
  uint16_t signature_size = 0;
  std::array<uint8_t, kMaxSignature> signature{};
  void Encode(Writer& to) const;
  static absl::StatusOr<SignReply> Decode(Reader& from);
};

struct TicketKeysRequest {
  static constexpr FrameType kType = FrameType::kTicketKeysRequest;
  void Encode(Writer&) const {}
  static absl::StatusOr<TicketKeysRequest> Decode(Reader&) {
    return TicketKeysRequest{};
  }
};

// One session ticket key. Wiped on destruction.
struct TicketKey {
  std::array<uint8_t, 16> name{};
  std::array<uint8_t, 32> aes_key{};
  std::array<uint8_t, 32> hmac_key{};
  ~TicketKey();
  TicketKey() = default;
  TicketKey(const TicketKey&) = default;
  TicketKey& operator=(const TicketKey&) = default;
};

struct TicketKeysReply {
  static constexpr FrameType kType = FrameType::kTicketKeysReply;
  TicketKey current;  // seals new tickets
  bool has_previous = false;
  TicketKey previous;  // still opens old ones, which are then renewed
  void Encode(Writer& to) const;
  static absl::StatusOr<TicketKeysReply> Decode(Reader& from);
};

struct CredentialRequest {
  static constexpr FrameType kType = FrameType::kCredentialRequest;
  uint16_t upstream = 0;  // index into the upstreams of the settings
  void Encode(Writer& to) const;
  static absl::StatusOr<CredentialRequest> Decode(Reader& from);
};

inline constexpr size_t kMaxCredential = 1024;

struct CredentialReply {
  static constexpr FrameType kType = FrameType::kCredentialReply;
  ReplyStatus status = ReplyStatus::kOk;
  uint16_t upstream = 0;
  uint16_t size = 0;
  std::array<uint8_t, kMaxCredential> bytes{};
  ~CredentialReply();
  CredentialReply() = default;
  CredentialReply(const CredentialReply&) = default;
  CredentialReply& operator=(const CredentialReply&) = default;
  void Encode(Writer& to) const;
  static absl::StatusOr<CredentialReply> Decode(Reader& from);
};

// ---- any child -> supervisor
// ------------------------------------------------------------------------------------------

// A worker is ready when it accepts; the courier when the first whole key
// snapshot stands in the table; the connector and the admin-service when they
// answer.
struct Ready {
  static constexpr FrameType kType = FrameType::kReady;
  void Encode(Writer&) const {}
  static absl::StatusOr<Ready> Decode(Reader&) { return Ready{}; }
};

// ---- supervisor -> any child
// ------------------------------------------------------------------------------------------

// What the descriptor that comes along is.
enum class Introduction : uint16_t {
  kConnectorChannel =
      1,  // to a worker: frames with the connector; replaces an earlier one
  kWorkerChannel = 2,  // to the connector: frames with worker `index`; replaces
                       // an earlier one of that index
  kAdminChannel = 3,   // to the courier: stream socket pair, gRPC client side;
                       // replaces an earlier one
  kCourierChannel =
      4,          // to the admin-service: stream socket pair, gRPC server side
  kJournal = 5,   // to the courier: journal file of slot `index`, read-write;
                  // flag kJournalOrphan: no worker owns it
  kCounters = 6,  // to the courier: ChildCounters of child `role`, slot
                  // `index`, read-only
  kKeysFile = 7,  // to the admin-service: the operator's API_KEYS_FILE,
                  // read-only, whenever it changed; flag kKeysFileMissing (no
                  // descriptor): it is gone
};

inline constexpr uint16_t kJournalOrphan = 1;
inline constexpr uint16_t kKeysFileMissing = 1;

struct Introduce {
  static constexpr FrameType kType = FrameType::kIntroduce;
  Introduction what{};
  Role role{};
  uint16_t index = 0;
  uint16_t flags = 0;
  void Encode(Writer& to) const;
  static absl::StatusOr<Introduce> Decode(Reader& from);
};

struct Drain {
  static constexpr FrameType kType = FrameType::kDrain;
  uint32_t deadline_millis = 0;  // exit by then, finished or not
  void Encode(Writer& to) const;
  static absl::StatusOr<Drain> Decode(Reader& from);
};

// ---- worker -> connector
// ----------------------------------------------------------------------------------------------

struct DialRequest {
  static constexpr FrameType kType = FrameType::kDialRequest;
  uint16_t upstream = 0;  // index into the upstreams of the settings: a worker
                          // cannot name an address
  void Encode(Writer& to) const;
  static absl::StatusOr<DialRequest> Decode(Reader& from);
};

enum class DialStatus : uint16_t {
  kOk = 0,          // the frame carries the connected, non-blocking socket
  kUnresolved = 1,  // the name has no address
  kRefused = 2,
  kUnreachable = 3,
  kTimedOut = 4,
  kBusy = 5,      // too many dials under way
  kNotFound = 6,  // no such upstream
};

struct DialReply {
  static constexpr FrameType kType = FrameType::kDialReply;
  DialStatus status = DialStatus::kOk;
  void Encode(Writer& to) const;
  static absl::StatusOr<DialReply> Decode(Reader& from);
};

}  // namespace holt

#endif  // HOLT_COMMON_IPC_FRAMES_H_
