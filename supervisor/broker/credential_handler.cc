#include <algorithm>

#include "common/base/status_macros.h"
#include "common/ipc/frames.h"
#include "common/secret/secret_access.h"
#include "supervisor/broker/request.h"

namespace holt::supervisor {

absl::Status HandleCredential(const Request& request) {
  ASSIGN_OR_RETURN(const CredentialRequest credential,
                   DecodeFrame<CredentialRequest>(request.frame));
  return SendCredential(request.vault, credential.upstream, request.id,
                        request.channel);
}

absl::Status AnswerCredentialBusy(const Request& request) {
  ASSIGN_OR_RETURN(const CredentialRequest credential,
                   DecodeFrame<CredentialRequest>(request.frame));
  CredentialReply reply;
  reply.status = ReplyStatus::kBusy;
  reply.upstream = credential.upstream;
  return request.channel.SendMessage(request.id, reply);
}

absl::Status SendCredential(const Vault& vault, uint16_t upstream, uint64_t id,
                            FrameChannel& channel) {
  CredentialReply reply;
  reply.upstream = upstream;
  const SecretBytes* credential = vault.credential(upstream);
  if (credential == nullptr) {
    reply.status = ReplyStatus::kNotFound;
    return channel.SendMessage(id, reply);
  }
  const auto bytes = credential->Reveal(SecretAccess());
  std::copy(bytes.begin(), bytes.end(), reply.bytes.begin());
  reply.size = static_cast<uint16_t>(bytes.size());
  return channel.SendMessage(id, reply);
}

}  // namespace holt::supervisor
