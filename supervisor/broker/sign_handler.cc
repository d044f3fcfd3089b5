#include "common/base/status_macros.h"
#include "common/ipc/frames.h"
#include "supervisor/broker/request.h"
#include "supervisor/keys/signer.h"

namespace holt::supervisor {
namespace {

absl::Status Refuse(const Request& request, ReplyStatus status) {
  SignReply reply;
  reply.status = status;
  return request.channel.SendMessage(request.id, reply);
}

const TlsIdentity* Find(const TlsIdentities* identities, uint16_t index) {
  if (identities == nullptr || index >= identities->all().size()) {
    return nullptr;
  }
  return &identities->all()[index];
}

}  // namespace

absl::Status HandleSign(const Request& request) {
  ASSIGN_OR_RETURN(const SignRequest sign,
                   DecodeFrame<SignRequest>(request.frame));
  const auto content =
      absl::MakeConstSpan(sign.content).first(sign.content_size);
  // First: what is no CertificateVerify costs the child its life, whichever
  // identity it named.
  RETURN_IF_ERROR(CheckCertificateVerifyContent(content));
  const TlsIdentity* identity = Find(request.child.identities(), sign.identity);
  if (identity == nullptr) return Refuse(request, ReplyStatus::kNotFound);
  if (!SchemeBelongsTo(identity->kind(), sign.signature_scheme)) {
    return Refuse(request, ReplyStatus::kRefused);
  }
  SignReply reply;
  const auto size =
      SignCertificateVerify(*identity, sign.signature_scheme, content,
                            absl::MakeSpan(reply.signature));
  // Not the child's fault: the handshake fails, the child lives.
  if (!size.ok()) return Refuse(request, ReplyStatus::kRefused);
  reply.signature_size = static_cast<uint16_t>(*size);
  request.child.CountSignature();
  return request.channel.SendMessage(request.id, reply);
}

absl::Status AnswerSignBusy(const Request& request) {
  return Refuse(request, ReplyStatus::kBusy);
}

}  // namespace holt::supervisor
