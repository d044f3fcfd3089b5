#include "common/ipc/frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "common/testing/status_matchers.h"

namespace holt {
namespace {

constexpr uint64_t kId = 0x1122334455667788;

template <typename Message>
std::vector<uint8_t> Encoded(const Message& message) {
  EncodedFrame frame;
  const absl::Span<const uint8_t> bytes = frame.Encode(kId, message);
  return std::vector<uint8_t>(bytes.begin(), bytes.end());
}

template <typename Message>
Message RoundTrip(const Message& message) {
  absl::StatusOr<Message> decoded = DecodeFrame<Message>(Encoded(message));
  EXPECT_THAT(decoded, IsOk());
  return decoded.value_or(Message{});
}

// Shorter and longer than it says, with a header that agrees.
template <typename Message>
void ExpectOnlyItsOwnSize(const Message& message) {
  const std::vector<uint8_t> whole = Encoded(message);
  for (const int change : {-1, 1}) {
    std::vector<uint8_t> other = whole;
    other.resize(whole.size() + static_cast<size_t>(change));
    if (other.size() < kFrameHeaderSize) continue;
    const size_t payload = other.size() - kFrameHeaderSize;
    other[4] = static_cast<uint8_t>(payload & 0xff);
    other[5] = static_cast<uint8_t>(payload >> 8);
    EXPECT_THAT(DecodeFrame<Message>(other),
                StatusCodeIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST(FramesTest, HeaderSaysTypeSizeAndId) {
  const auto header = DecodeFrameHeader(Encoded(DialRequest{.upstream = 3}));
  ASSERT_THAT(header, IsOk());
  EXPECT_EQ(header->type, FrameType::kDialRequest);
  EXPECT_EQ(header->payload_size, 2u);
  EXPECT_EQ(header->id, kId);
}

TEST(FramesTest, SignatureFramesComeThrough) {
  SignRequest request{.identity = 2, .signature_scheme = 0x0403};
  request.content_size = kMaxSignContent;
  request.content.fill(0x20);
  EXPECT_EQ(RoundTrip(request).content, request.content);
  EXPECT_EQ(RoundTrip(request).signature_scheme, 0x0403);
  SignReply reply{.status = ReplyStatus::kBusy, .signature_size = 64};
  reply.signature[63] = 9;
  EXPECT_EQ(RoundTrip(reply).signature, reply.signature);
  EXPECT_EQ(RoundTrip(reply).status, ReplyStatus::kBusy);
}

TEST(FramesTest, TicketKeysComeThrough) {
  TicketKeysReply reply;
  reply.has_previous = true;
  reply.current.name.fill(1);
  reply.previous.hmac_key.fill(2);
  const TicketKeysReply decoded = RoundTrip(reply);
  EXPECT_TRUE(decoded.has_previous);
  EXPECT_EQ(decoded.current.name, reply.current.name);
  EXPECT_EQ(decoded.previous.hmac_key, reply.previous.hmac_key);
}

TEST(FramesTest, CredentialsComeThrough) {
  CredentialReply reply;
  reply.upstream = 4;
  reply.size = kMaxCredential;
  reply.bytes.fill('c');
  EXPECT_EQ(RoundTrip(reply).bytes, reply.bytes);
  EXPECT_EQ(RoundTrip(CredentialRequest{.upstream = 5}).upstream, 5);
}

TEST(FramesTest, SmallFramesComeThrough) {
  const Introduce introduce{.what = Introduction::kJournal,
                            .role = Role::kWorker,
                            .index = 7,
                            .flags = kJournalOrphan};
  EXPECT_EQ(RoundTrip(introduce).what, Introduction::kJournal);
  EXPECT_EQ(RoundTrip(introduce).index, 7);
  EXPECT_EQ(RoundTrip(introduce).flags, kJournalOrphan);
  EXPECT_EQ(RoundTrip(Drain{.deadline_millis = 9}).deadline_millis, 9u);
  EXPECT_EQ(RoundTrip(DialReply{.status = DialStatus::kBusy}).status,
            DialStatus::kBusy);
}

TEST(FramesTest, FramesOfAnotherSizeAreRefused) {
  SignRequest request;
  request.content_size = 130;
  ExpectOnlyItsOwnSize(request);
  ExpectOnlyItsOwnSize(SignReply{.signature_size = 64});
  ExpectOnlyItsOwnSize(TicketKeysReply{});
  ExpectOnlyItsOwnSize(CredentialReply{});
  ExpectOnlyItsOwnSize(Introduce{.what = Introduction::kJournal});
  ExpectOnlyItsOwnSize(Drain{});
  ExpectOnlyItsOwnSize(DialReply{});
  ExpectOnlyItsOwnSize(Ready{});
}

TEST(FramesTest, LengthsBeyondTheirBoundAreRefused) {
  // content_size follows the header and four bytes.
  std::vector<uint8_t> frame = Encoded(SignRequest{});
  frame[kFrameHeaderSize + 4] = kMaxSignContent + 1;
  EXPECT_THAT(DecodeFrame<SignRequest>(frame),
              StatusCodeIs(absl::StatusCode::kInvalidArgument));
  frame = Encoded(CredentialReply{});
  frame[kFrameHeaderSize + 5] = 0xff;
  EXPECT_THAT(DecodeFrame<CredentialReply>(frame),
              StatusCodeIs(absl::StatusCode::kInvalidArgument));
}

TEST(FramesTest, EnumerationsBeyondTheirBoundAreRefused) {
  for (const int what : {0, 8, 255}) {
    std::vector<uint8_t> frame =
        Encoded(Introduce{.what = Introduction::kJournal});
    frame[kFrameHeaderSize] = static_cast<uint8_t>(what);
    EXPECT_THAT(DecodeFrame<Introduce>(frame),
                StatusCodeIs(absl::StatusCode::kInvalidArgument));
  }
  std::vector<uint8_t> frame = Encoded(DialReply{});
  frame[kFrameHeaderSize] = 7;
  EXPECT_THAT(DecodeFrame<DialReply>(frame),
              StatusCodeIs(absl::StatusCode::kInvalidArgument));
}

TEST(FramesTest, BrokenHeadersAreRefused) {
  const std::vector<uint8_t> good = Encoded(Drain{});
  for (const size_t at : {0u, 1u, 2u, 4u, 7u}) {
    std::vector<uint8_t> bad = good;
    bad[at] ^= 0x41;
    EXPECT_THAT(DecodeFrameHeader(bad),
                StatusCodeIs(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_THAT(DecodeFrameHeader(absl::MakeConstSpan(good).first(15)),
              StatusCodeIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(DecodeFrameHeader({}),
              StatusCodeIs(absl::StatusCode::kInvalidArgument));
}

TEST(FramesTest, AFrameOfAnotherTypeIsRefused) {
  EXPECT_THAT(DecodeFrame<DialRequest>(Encoded(CredentialRequest{})),
              StatusCodeIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace holt
