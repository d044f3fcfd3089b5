#include "common/ipc/frame_channel.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <vector>

#include "common/testing/status_matchers.h"

namespace holt {
namespace {

class FrameChannelTest : public testing::Test {
 protected:
  void SetUp() override {
    auto pair = *FrameChannel::MakePair();
    near_ = FrameChannel(std::move(pair.first));
    far_ = FrameChannel(std::move(pair.second));
  }

  // Sends raw bytes with two descriptors, as no end of ours does.
  void SendWithTwoDescriptors() {
    int fds[2] = {0, 1};
    char byte = 'x';
    iovec bytes{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(fds))] = {};
    msghdr message{};
    message.msg_iov = &bytes;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(fds));
    std::memcpy(CMSG_DATA(header), fds, sizeof(fds));
    ASSERT_EQ(::sendmsg(near_.fd(), &message, 0), 1);
  }

  FrameChannel near_;
  FrameChannel far_;
  ReceivedFrame frame_;
};

TEST_F(FrameChannelTest, AFrameArrivesWhole) {
  ASSERT_THAT(near_.SendMessage(7, DialRequest{.upstream = 3}), IsOk());
  ASSERT_THAT(far_.Receive(frame_), IsOk());
  EXPECT_EQ(DecodeFrame<DialRequest>(frame_.bytes())->upstream, 3);
  EXPECT_FALSE(frame_.has_fd());
}

TEST_F(FrameChannelTest, FramesStayApart) {
  ASSERT_THAT(near_.SendMessage(1, Ready{}), IsOk());
  ASSERT_THAT(near_.SendMessage(2, Drain{}), IsOk());
  ASSERT_THAT(far_.Receive(frame_), IsOk());
  EXPECT_EQ(DecodeFrameHeader(frame_.bytes())->id, 1u);
  ASSERT_THAT(far_.Receive(frame_), IsOk());
  EXPECT_EQ(DecodeFrameHeader(frame_.bytes())->id, 2u);
}

TEST_F(FrameChannelTest, ADescriptorComesAlongAndIsCloseOnExec) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  ASSERT_THAT(near_.SendMessage(0, Ready{}, write_end.get()), IsOk());
  write_end.reset();
  ASSERT_THAT(far_.Receive(frame_), IsOk());
  ASSERT_TRUE(frame_.has_fd());
  const UniqueFd received = frame_.TakeFd();
  EXPECT_NE(::fcntl(received.get(), F_GETFD) & FD_CLOEXEC, 0);
  char byte = 0;
  ASSERT_EQ(::write(received.get(), "x", 1), 1);
  EXPECT_EQ(::read(read_end.get(), &byte, 1), 1);
}

TEST_F(FrameChannelTest, NothingThereIsNotFound) {
  EXPECT_THAT(far_.Receive(frame_), StatusCodeIs(absl::StatusCode::kNotFound));
}

TEST_F(FrameChannelTest, AGonePeerIsUnavailable) {
  far_.Close();
  EXPECT_THAT(near_.SendMessage(0, Ready{}),
              StatusCodeIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(near_.Receive(frame_),
              StatusCodeIs(absl::StatusCode::kUnavailable));
}

TEST_F(FrameChannelTest, APeerThatDoesNotReadIsSaidSoAndNothingBlocks) {
  absl::Status sent = absl::OkStatus();
  while (sent.ok()) sent = near_.SendMessage(0, Ready{});
  EXPECT_THAT(sent, StatusCodeIs(absl::StatusCode::kResourceExhausted));
  ASSERT_THAT(far_.Receive(frame_), IsOk());
}

TEST_F(FrameChannelTest, AnOversizedFrameIsRefused) {
  const std::vector<uint8_t> bytes(kMaxFrameSize + 1);
  ASSERT_EQ(::send(near_.fd(), bytes.data(), bytes.size(), 0),
            static_cast<ssize_t>(bytes.size()));
  EXPECT_THAT(far_.Receive(frame_),
              StatusCodeIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(FrameChannelTest, SeveralDescriptorsAreRefusedAndClosed) {
  SendWithTwoDescriptors();
  // The next free number stays the next free number.
  const UniqueFd before(::dup(0));
  const int next = before.get() + 1;
  EXPECT_THAT(far_.Receive(frame_),
              StatusCodeIs(absl::StatusCode::kInvalidArgument));
  EXPECT_FALSE(frame_.has_fd());
  const UniqueFd after(::dup(0));
  EXPECT_EQ(after.get(), next);
}

}  // namespace
}  // namespace holt
