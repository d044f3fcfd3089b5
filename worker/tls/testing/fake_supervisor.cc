#include "worker/tls/testing/fake_supervisor.h"

#include <openssl/rsa.h>

#include <utility>

#include "common/base/check.h"

namespace holt::worker {
namespace {

using DigestContextPtr =
    std::unique_ptr<EVP_MD_CTX, OpenSslDeleter<EVP_MD_CTX_free>>;

// The digest of a SignatureScheme that fits the key; "none" when it does not.
const char* DigestOf(KeyKind kind, uint16_t scheme) {
  if (kind == KeyKind::kEcdsaP256 && scheme == 0x0403) return "SHA256";
  if (kind == KeyKind::kEcdsaP384 && scheme == 0x0503) return "SHA384";
  if (kind == KeyKind::kRsa && scheme == 0x0804) return "SHA256";
  if (kind == KeyKind::kRsa && scheme == 0x0805) return "SHA384";
  if (kind == KeyKind::kEd25519 && scheme == 0x0807) return nullptr;
  return "none";
}

TicketKey MakeTicketKey(uint8_t seed) {
  TicketKey key;
  key.name.fill(seed);
  key.aes_key.fill(static_cast<uint8_t>(seed + 1));
  key.hmac_key.fill(static_cast<uint8_t>(seed + 2));
  return key;
}

}  // namespace

FakeSupervisor::FakeSupervisor(Loop& loop) {
  auto pair = *FrameChannel::MakePair();
  channel_ = FrameChannel(std::move(pair.first));
  event_ = std::make_unique<FdEvent>(loop, channel_.fd(),
                                     [this](uint32_t) { OnReady(); });
  event_->SetInterest(FdEvent::kRead);
  client_ =
      std::make_unique<SupervisorClient>(loop, std::move(pair.second), *this);
}

void FakeSupervisor::Die() {
  event_->SetInterest(0);
  channel_.Close();
}

void FakeSupervisor::Release() {
  hold_ = false;
  while (!held_.empty()) {
    Answer(held_.back());
    held_.pop_back();
  }
}

void FakeSupervisor::OnReady() {
  ReceivedFrame frame;
  while (channel_.Receive(frame).ok()) {
    const auto request = DecodeFrame<SignRequest>(frame.bytes());
    HOLT_CHECK(request.ok());
    held_.push_back({DecodeFrameHeader(frame.bytes())->id, *request});
    if (hold_) continue;
    Answer(held_.back());
    held_.pop_back();
  }
}

void FakeSupervisor::Answer(const Held& held) {
  SignReply reply;
  if (refuse_) {
    reply.status = ReplyStatus::kRefused;
  } else {
    reply = Sign(held.request);
  }
  HOLT_CHECK(channel_.SendMessage(held.id, reply).ok());
}

SignReply FakeSupervisor::Sign(const SignRequest& request) {
  HOLT_CHECK(request.identity < identities_.size());
  const TestIdentity& identity = *identities_[request.identity];
  const DigestContextPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;
  HOLT_CHECK(EVP_DigestSignInit_ex(
                 context.get(), &key_context,
                 DigestOf(identity.kind, request.signature_scheme), nullptr,
                 nullptr, identity.key.get(), nullptr) == 1);
  if (identity.kind == KeyKind::kRsa) {
    EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, RSA_PSS_SALTLEN_DIGEST);
  }
  SignReply reply;
  size_t size = reply.signature.size();
  HOLT_CHECK(EVP_DigestSign(context.get(), reply.signature.data(), &size,
                            request.content.data(), request.content_size) == 1);
  reply.signature_size = static_cast<uint16_t>(size);
  ++signatures_;
  return reply;
}

TicketKeysReply MakeTicketKeys(uint8_t seed) {
  TicketKeysReply keys;
  keys.current = MakeTicketKey(seed);
  return keys;
}

TicketKeysReply MakeTicketKeys(uint8_t seed, uint8_t previous) {
  TicketKeysReply keys = MakeTicketKeys(seed);
  keys.has_previous = true;
  keys.previous = MakeTicketKey(previous);
  return keys;
}

}  // namespace holt::worker
