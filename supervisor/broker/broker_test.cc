#include "supervisor/broker/broker.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "common/base/unique_fd.h"
#include "common/ipc/frames.h"
#include "common/secret/secret_access.h"
#include "common/secret/secret_arena.h"
#include "common/testing/status_matchers.h"
#include "supervisor/keys/key_files.h"

namespace holt::supervisor {
namespace {

constexpr Role kChildren[] = {Role::kWorker, Role::kCourier, Role::kConnector,
                              Role::kAdminService};

SignRequest CertificateVerify() {
  SignRequest request;
  request.signature_scheme = 0x0403;
  request.content_size = 130;
  std::memset(request.content.data(), 0x20, 64);
  std::memcpy(request.content.data() + 64, "TLS 1.3, server CertificateVerify",
              34);
  return request;
}

class BrokerTest : public testing::Test {
 protected:
  void SetUp() override {
    auto arena = SecretArena::Create({.size = 256 << 10});
    ASSERT_THAT(arena, IsOk());
    arena_ = *std::move(arena);
    vault_ = std::make_unique<Vault>(*arena_, clock_);
    broker_ = std::make_unique<Broker>(*vault_, clock_);
    auto identities =
        TlsIdentities::Load(*arena_, {files_.WriteIdentity(TestKey::kP256)});
    ASSERT_THAT(identities, IsOk());
    vault_->SetIdentities(*identities);
    Start(Role::kWorker);
  }

  // A new child of that role, with a new pair.
  void Start(Role role) {
    auto pair = FrameChannel::MakePair();
    ASSERT_THAT(pair, IsOk());
    ours_ = FrameChannel(std::move(pair->first));
    childs_ = FrameChannel(std::move(pair->second));
    child_ = std::make_unique<ChildSession>(role, vault_->identities());
  }
  void StartReady(Role role) {
    Start(role);
    ASSERT_THAT(Send(1, Ready{}), IsOk());
  }

  // What the broker makes of a message from the child.
  template <typename Message>
  absl::Status Send(uint64_t id, const Message& message, int fd = -1) {
    EXPECT_THAT(childs_.SendMessage(id, message, fd), IsOk());
    return HandleNext();
  }
  absl::Status SendRaw(absl::Span<const uint8_t> bytes) {
    EXPECT_THAT(childs_.Send(bytes), IsOk());
    return HandleNext();
  }
  absl::Status HandleNext() {
    ReceivedFrame frame;
    EXPECT_THAT(ours_.Receive(frame), IsOk());
    return broker_->HandleFrame(*child_, frame, ours_);
  }

  // The answer that the child finds, which must be one to `id`.
  template <typename Message>
  Message Answer(uint64_t id) {
    ReceivedFrame frame;
    EXPECT_THAT(childs_.Receive(frame), IsOk());
    const auto header = DecodeFrameHeader(frame.bytes());
    EXPECT_THAT(header, IsOk());
    EXPECT_EQ(header->id, id);
    auto message = DecodeFrame<Message>(frame.bytes());
    EXPECT_THAT(message, IsOk());
    return message.ok() ? *message : Message{};
  }
  bool NothingCameBack() {
    ReceivedFrame frame;
    return absl::IsNotFound(childs_.Receive(frame));
  }

  void SetCredential(uint16_t upstream, absl::string_view text) {
    SecretBytes secret(*arena_, text.size());
    std::memcpy(secret.RevealMutable(SecretAccess()).data(), text.data(),
                text.size());
    vault_->SetCredential(upstream, std::move(secret));
  }

  FakeClock clock_;
  KeyFiles files_;
  std::unique_ptr<SecretArena> arena_;
  std::unique_ptr<Vault> vault_;
  std::unique_ptr<Broker> broker_;
  std::unique_ptr<ChildSession> child_;
  FrameChannel ours_;
  FrameChannel childs_;
};

TEST_F(BrokerTest, CertificateVerifyIsSigned) {
  StartReady(Role::kWorker);
  ASSERT_THAT(Send(77, CertificateVerify()), IsOk());
  const auto reply = Answer<SignReply>(77);
  EXPECT_EQ(reply.status, ReplyStatus::kOk);
  EXPECT_GT(reply.signature_size, 60);
  EXPECT_EQ(child_->signatures(), 1u);
}

TEST_F(BrokerTest, AnythingElseToSignEndsTheChild) {
  StartReady(Role::kWorker);
  SignRequest request = CertificateVerify();
  request.content[64] = 'X';
  EXPECT_FALSE(Send(2, request).ok());
  request = CertificateVerify();
  request.content_size = 131;
  EXPECT_FALSE(Send(3, request).ok());
  request.content_size = 0;
  EXPECT_FALSE(Send(4, request).ok());
  EXPECT_TRUE(NothingCameBack());
}

TEST_F(BrokerTest, ContentIsCheckedWhicheverIdentityIsNamed) {
  StartReady(Role::kWorker);
  SignRequest request = CertificateVerify();
  request.identity = 9;
  request.content[0] = 'X';
  EXPECT_FALSE(Send(2, request).ok());
}

TEST_F(BrokerTest, UnknownIdentityAndForeignSchemeAreAnswered) {
  StartReady(Role::kWorker);
  SignRequest request = CertificateVerify();
  request.identity = 1;
  ASSERT_THAT(Send(2, request), IsOk());
  EXPECT_EQ(Answer<SignReply>(2).status, ReplyStatus::kNotFound);
  request = CertificateVerify();
  request.signature_scheme = 0x0804;
  ASSERT_THAT(Send(3, request), IsOk());
  EXPECT_EQ(Answer<SignReply>(3).status, ReplyStatus::kRefused);
  EXPECT_EQ(child_->signatures(), 0u);
}

TEST_F(BrokerTest, DrainingChildSignsWithWhatItWasStartedWith) {
  StartReady(Role::kWorker);
  auto none = TlsIdentities::Load(*arena_, {});
  ASSERT_THAT(none, IsOk());
  vault_->SetIdentities(*none);
  ASSERT_THAT(Send(2, CertificateVerify()), IsOk());
  EXPECT_EQ(Answer<SignReply>(2).status, ReplyStatus::kOk);
}

TEST_F(BrokerTest, SignaturesAreBoundedPerSecond) {
  StartReady(Role::kWorker);
  for (uint32_t i = 0; i < Broker::kMaxSignaturesPerSecond; ++i) {
    ASSERT_THAT(Send(i, CertificateVerify()), IsOk());
    ASSERT_EQ(Answer<SignReply>(i).status, ReplyStatus::kOk);
  }
  ASSERT_THAT(Send(9999, CertificateVerify()), IsOk());
  EXPECT_EQ(Answer<SignReply>(9999).status, ReplyStatus::kBusy);
  EXPECT_EQ(child_->busy_replies(), 1u);
  clock_.Advance(absl::Seconds(1));
  ASSERT_THAT(Send(10000, CertificateVerify()), IsOk());
  EXPECT_EQ(Answer<SignReply>(10000).status, ReplyStatus::kOk);
}

TEST_F(BrokerTest, FloodEndsTheChild) {
  StartReady(Role::kWorker);
  absl::Status status;
  uint32_t sent = 1;
  while (status.ok() && sent < 2 * Broker::kMaxFramesPerSecond) {
    status = Send(sent++, CertificateVerify());
    if (status.ok()) Answer<SignReply>(sent - 1);
  }
  EXPECT_THAT(status, StatusCodeIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(sent, Broker::kMaxFramesPerSecond + 1);
}

TEST_F(BrokerTest, TicketKeysAreThoseOfTheRing) {
  ASSERT_THAT(Send(5, TicketKeysRequest{}), IsOk());
  EXPECT_EQ(Answer<TicketKeysReply>(5).current.name,
            vault_->tickets().KeysNow().current.name);
}

TEST_F(BrokerTest, TicketKeysAskedForTooOftenEndTheChild) {
  absl::Status status;
  int answered = -1;
  for (; status.ok() && answered < 100; ++answered) {
    status = Send(5, TicketKeysRequest{});
  }
  EXPECT_THAT(status, StatusCodeIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(answered, 10);
}

TEST_F(BrokerTest, CredentialIsGivenByUpstream) {
  SetCredential(3, "horse");
  ASSERT_THAT(Send(6, CredentialRequest{3}), IsOk());
  const auto reply = Answer<CredentialReply>(6);
  EXPECT_EQ(reply.status, ReplyStatus::kOk);
  EXPECT_EQ(reply.upstream, 3);
  EXPECT_EQ(std::string(reply.bytes.begin(), reply.bytes.begin() + reply.size),
            "horse");
}

TEST_F(BrokerTest, MissingCredentialIsAnswered) {
  for (const uint16_t upstream :
       std::initializer_list<uint16_t>{0, 16, UINT16_MAX}) {
    ASSERT_THAT(Send(6, CredentialRequest{upstream}), IsOk());
    const auto reply = Answer<CredentialReply>(6);
    EXPECT_EQ(reply.status, ReplyStatus::kNotFound);
    EXPECT_EQ(reply.size, 0);
  }
}

TEST_F(BrokerTest, ReadyComesOnceFromEveryChild) {
  for (const Role role : kChildren) {
    Start(role);
    EXPECT_FALSE(child_->ready());
    ASSERT_THAT(Send(1, Ready{}), IsOk());
    EXPECT_TRUE(child_->ready());
    EXPECT_THAT(Send(2, Ready{}),
                StatusCodeIs(absl::StatusCode::kFailedPrecondition));
  }
}

TEST_F(BrokerTest, NothingIsSignedBeforeReady) {
  EXPECT_THAT(Send(2, CertificateVerify()),
              StatusCodeIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_TRUE(NothingCameBack());
}

TEST_F(BrokerTest, OnlyWorkersGetSecrets) {
  SetCredential(0, "horse");
  for (const Role role : {Role::kCourier, Role::kConnector, Role::kAdminService,
                          Role::kManaged, Role::kSupervisor}) {
    Start(role);
    if (role != Role::kManaged && role != Role::kSupervisor) {
      ASSERT_THAT(Send(1, Ready{}), IsOk());
    }
    EXPECT_THAT(Send(2, CertificateVerify()),
                StatusCodeIs(absl::StatusCode::kPermissionDenied));
    EXPECT_THAT(Send(3, TicketKeysRequest{}),
                StatusCodeIs(absl::StatusCode::kPermissionDenied));
    EXPECT_THAT(Send(4, CredentialRequest{0}),
                StatusCodeIs(absl::StatusCode::kPermissionDenied));
    EXPECT_TRUE(NothingCameBack());
  }
}

TEST_F(BrokerTest, ManagedProgramsMaySendNothing) {
  Start(Role::kManaged);
  EXPECT_THAT(Send(1, Ready{}),
              StatusCodeIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(BrokerTest, FramesOfTheOtherDirectionEndTheChild) {
  for (const bool ready : {false, true}) {
    ready ? StartReady(Role::kWorker) : Start(Role::kWorker);
    EXPECT_FALSE(Send(2, SignReply{}).ok());
    EXPECT_FALSE(Send(2, TicketKeysReply{}).ok());
    EXPECT_FALSE(Send(2, CredentialReply{}).ok());
    EXPECT_FALSE(Send(2, Introduce{Introduction::kJournal}).ok());
    EXPECT_FALSE(Send(2, Drain{}).ok());
    EXPECT_FALSE(Send(2, DialRequest{}).ok());
    EXPECT_FALSE(Send(2, DialReply{}).ok());
    EXPECT_TRUE(NothingCameBack());
  }
}

TEST_F(BrokerTest, DescriptorFromAChildEndsIt) {
  const UniqueFd some(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_THAT(Send(1, Ready{}, some.get()),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       testing::HasSubstr("descriptor")));
}

TEST_F(BrokerTest, MalformedFramesEndTheChild) {
  EncodedFrame encoded;
  const auto good = encoded.Encode(1, CredentialRequest{0});
  std::vector<uint8_t> bytes(good.begin(), good.end());
  bytes.push_back(0);
  EXPECT_FALSE(SendRaw(bytes).ok());  // one byte too many
  const auto all = absl::MakeConstSpan(bytes);
  EXPECT_FALSE(SendRaw(all.first(good.size() - 1)).ok());  // one too few
  bytes[0] = 9;                                            // a reserved type
  EXPECT_FALSE(SendRaw(all.first(good.size())).ok());
  EXPECT_FALSE(SendRaw(std::vector<uint8_t>(3)).ok());
  EXPECT_TRUE(NothingCameBack());
}

TEST_F(BrokerTest, PushesAreUnasked) {
  SetCredential(2, "horse");
  ASSERT_THAT(broker_->PushTicketKeys(ours_), IsOk());
  Answer<TicketKeysReply>(0);
  ASSERT_THAT(broker_->PushCredential(2, ours_), IsOk());
  EXPECT_EQ(Answer<CredentialReply>(0).upstream, 2);
}

TEST_F(BrokerTest, ChildThatIsGoneIsReported) {
  ASSERT_THAT(childs_.SendMessage(1, CredentialRequest{0}), IsOk());
  ReceivedFrame frame;
  ASSERT_THAT(ours_.Receive(frame), IsOk());
  childs_.Close();
  EXPECT_FALSE(broker_->HandleFrame(*child_, frame, ours_).ok());
}

}  // namespace
}  // namespace holt::supervisor
