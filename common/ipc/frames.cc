#include "common/ipc/frames.h"

#include <string.h>

#include "common/base/check.h"

namespace holt {
namespace {

bool IsKnown(uint16_t type) {
  switch (static_cast<FrameType>(type)) {
    case FrameType::kSignRequest:
    case FrameType::kSignReply:
    case FrameType::kTicketKeysRequest:
    case FrameType::kTicketKeysReply:
    case FrameType::kCredentialRequest:
    case FrameType::kCredentialReply:
    case FrameType::kReady:
    case FrameType::kIntroduce:
    case FrameType::kDrain:
    case FrameType::kDialRequest:
    case FrameType::kDialReply:
      return true;
  }
  return false;
}

static_assert(static_cast<int>(FrameType::kSignRequest) % 2 == 0);
static_assert(static_cast<int>(FrameType::kTicketKeysRequest) % 2 == 0);
static_assert(static_cast<int>(FrameType::kCredentialRequest) % 2 == 0);
static_assert(static_cast<int>(FrameType::kReady) % 2 == 0);
static_assert(static_cast<int>(FrameType::kIntroduce) % 2 == 0);
static_assert(static_cast<int>(FrameType::kDrain) % 2 == 0);
static_assert(static_cast<int>(FrameType::kDialRequest) % 2 == 0);
static_assert(static_cast<int>(FrameType::kSignReply) % 2 == 1);
static_assert(static_cast<int>(FrameType::kTicketKeysReply) % 2 == 1);
static_assert(static_cast<int>(FrameType::kCredentialReply) % 2 == 1);
static_assert(static_cast<int>(FrameType::kDialReply) % 2 == 1);

absl::Status OutOfRange() {
  return absl::InvalidArgumentError("frame value out of range");
}

void EncodeTicketKey(const TicketKey& key, Writer& to) {
  to.Bytes(key.name.data(), key.name.size());
  to.Bytes(key.aes_key.data(), key.aes_key.size());
  to.Bytes(key.hmac_key.data(), key.hmac_key.size());
}

void DecodeTicketKey(Reader& from, TicketKey& key) {
  from.Copy(key.name.data(), key.name.size());
  from.Copy(key.aes_key.data(), key.aes_key.size());
  from.Copy(key.hmac_key.data(), key.hmac_key.size());
}

}  // namespace

EncodedFrame::~EncodedFrame() {
  ::explicit_bzero(buffer_.data(), kMaxFrameSize);
}

absl::Span<const uint8_t> EncodedFrame::Finish(FrameType type, uint64_t id,
                                               const Writer& payload) {
  // Every struct below fits: a failure here is a bug of ours.
  HOLT_CHECK(payload.ok());
  Writer header(absl::MakeSpan(buffer_).first(kFrameHeaderSize));
  header.Put<uint16_t>(static_cast<uint16_t>(type));
  header.Put<uint16_t>(0);
  header.Put<uint32_t>(static_cast<uint32_t>(payload.written().size()));
  header.Put<uint64_t>(id);
  HOLT_CHECK(header.ok());
  return absl::MakeConstSpan(buffer_).first(kFrameHeaderSize +
                                            payload.written().size());
}

absl::StatusOr<FrameHeader> DecodeFrameHeader(absl::Span<const uint8_t> frame) {
  Reader reader(frame);
  const auto type = reader.Get<uint16_t>();
  const auto reserved = reader.Get<uint16_t>();
  const auto size = reader.Get<uint32_t>();
  const auto id = reader.Get<uint64_t>();
  if (!reader.ok()) return absl::InvalidArgumentError("frame is cut short");
  if (!IsKnown(type)) return absl::InvalidArgumentError("unknown frame type");
  if (reserved != 0 || frame.size() > kMaxFrameSize ||
      size != frame.size() - kFrameHeaderSize) {
    return absl::InvalidArgumentError("frame size does not match its header");
  }
  return FrameHeader{static_cast<FrameType>(type), size, id};
}

void SignRequest::Encode(Writer& to) const {
  to.Put(identity);
  to.Put(signature_scheme);
  to.Put(content_size);
  to.Bytes(content.data(), content_size);
}

absl::StatusOr<SignRequest> SignRequest::Decode(Reader& from) {
  SignRequest request;
  request.identity = from.Get<uint16_t>();
  request.signature_scheme = from.Get<uint16_t>();
  request.content_size = from.Get<uint16_t>();
  if (request.content_size > kMaxSignContent) return OutOfRange();
  from.Copy(request.content.data(), request.content_size);
  return request;
}

void SignReply::Encode(Writer& to) const {
  to.Put(static_cast<uint16_t>(status));
  to.Put(signature_size);
  to.Bytes(signature.data(), signature_size);
}

absl::StatusOr<SignReply> SignReply::Decode(Reader& from) {
  SignReply reply;
  reply.status = static_cast<ReplyStatus>(from.Get<uint16_t>());
  reply.signature_size = from.Get<uint16_t>();
  if (reply.signature_size > kMaxSignature) return OutOfRange();
  from.Copy(reply.signature.data(), reply.signature_size);
  return reply;
}

TicketKey::~TicketKey() {
  ::explicit_bzero(aes_key.data(), aes_key.size());
  ::explicit_bzero(hmac_key.data(), hmac_key.size());
}

void TicketKeysReply::Encode(Writer& to) const {
  to.Put<uint8_t>(has_previous ? 1 : 0);
  EncodeTicketKey(current, to);
  EncodeTicketKey(previous, to);
}

absl::StatusOr<TicketKeysReply> TicketKeysReply::Decode(Reader& from) {
  TicketKeysReply reply;
  const auto previous = from.Get<uint8_t>();
  if (previous > 1) return OutOfRange();
  reply.has_previous = previous == 1;
  DecodeTicketKey(from, reply.current);
  DecodeTicketKey(from, reply.previous);
  return reply;
}

void CredentialRequest::Encode(Writer& to) const { to.Put(upstream); }

absl::StatusOr<CredentialRequest> CredentialRequest::Decode(Reader& from) {
  CredentialRequest request;
  request.upstream = from.Get<uint16_t>();
  return request;
}

CredentialReply::~CredentialReply() {
  ::explicit_bzero(bytes.data(), bytes.size());
}

void CredentialReply::Encode(Writer& to) const {
  to.Put(static_cast<uint16_t>(status));
  to.Put(upstream);
  to.Put(size);
  to.Bytes(bytes.data(), size);
}

absl::StatusOr<CredentialReply> CredentialReply::Decode(Reader& from) {
  CredentialReply reply;
  reply.status = static_cast<ReplyStatus>(from.Get<uint16_t>());
  reply.upstream = from.Get<uint16_t>();
  reply.size = from.Get<uint16_t>();
  if (reply.size > kMaxCredential) return OutOfRange();
  from.Copy(reply.bytes.data(), reply.size);
  return reply;
}

void Introduce::Encode(Writer& to) const {
  to.Put(static_cast<uint16_t>(what));
  to.Put(static_cast<uint16_t>(role));
  to.Put(index);
  to.Put(flags);
}

absl::StatusOr<Introduce> Introduce::Decode(Reader& from) {
  Introduce introduce;
  const auto what = from.Get<uint16_t>();
  if (what < static_cast<uint16_t>(Introduction::kConnectorChannel) ||
      what > static_cast<uint16_t>(Introduction::kKeysFile)) {
    return OutOfRange();
  }
  introduce.what = static_cast<Introduction>(what);
  introduce.role = static_cast<Role>(from.Get<uint16_t>());
  introduce.index = from.Get<uint16_t>();
  introduce.flags = from.Get<uint16_t>();
  return introduce;
}

void Drain::Encode(Writer& to) const { to.Put(deadline_millis); }

absl::StatusOr<Drain> Drain::Decode(Reader& from) {
  Drain drain;
  drain.deadline_millis = from.Get<uint32_t>();
  return drain;
}

void DialRequest::Encode(Writer& to) const { to.Put(upstream); }

absl::StatusOr<DialRequest> DialRequest::Decode(Reader& from) {
  DialRequest request;
  request.upstream = from.Get<uint16_t>();
  return request;
}

void DialReply::Encode(Writer& to) const {
  to.Put(static_cast<uint16_t>(status));
}

absl::StatusOr<DialReply> DialReply::Decode(Reader& from) {
  DialReply reply;
  const auto status = from.Get<uint16_t>();
  if (status > static_cast<uint16_t>(DialStatus::kNotFound)) {
    return OutOfRange();
  }
  reply.status = static_cast<DialStatus>(status);
  return reply;
}

}  // namespace holt
