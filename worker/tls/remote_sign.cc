// The signature algorithm of the provider "holt-remote": takes the whole
// content to be signed, as TLS 1.3 has it, and waits for the supervisor.
#include <openssl/async.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "worker/tls/remote_keys.h"

namespace holt::worker {
namespace {

enum class Digest { kNone, kSha256, kSha384, kOther };

struct SignContext {
  const RemoteKey* key = nullptr;
  Digest digest = Digest::kNone;
  bool pss = false;
};

Digest DigestOf(const char* name) {
  if (name == nullptr || *name == '\0') return Digest::kNone;
  for (const char* sha256 : {"SHA256", "SHA2-256", "SHA-256"}) {
    if (absl::EqualsIgnoreCase(name, sha256)) return Digest::kSha256;
  }
  for (const char* sha384 : {"SHA384", "SHA2-384", "SHA-384"}) {
    if (absl::EqualsIgnoreCase(name, sha384)) return Digest::kSha384;
  }
  return Digest::kOther;
}

// The TLS SignatureScheme (RFC 8446 section 4.2.3), 0 when key and digest do
// not make one.
uint16_t SchemeOf(const SignContext& context) {
  switch (context.key->get().kind) {
    case KeyKind::kEcdsaP256:
      return context.digest == Digest::kSha256 ? 0x0403 : 0;
    case KeyKind::kEcdsaP384:
      return context.digest == Digest::kSha384 ? 0x0503 : 0;
    case KeyKind::kRsa:
      if (!context.pss) return 0;
      if (context.digest == Digest::kSha256) return 0x0804;
      return context.digest == Digest::kSha384 ? 0x0805 : 0;
    case KeyKind::kEd25519:
      return context.digest == Digest::kNone ? 0x0807 : 0;
    case KeyKind::kNone:
      return 0;
  }
  return 0;
}

void* NewContext(void* /*context*/, const char* /*properties*/) {
  return new SignContext;
}

void FreeContext(void* context) { delete static_cast<SignContext*>(context); }

// Only the padding matters: with TLS the salt is as long as the digest and the
// mask uses the same digest, which the supervisor knows.
int SetParameters(void* context, const OSSL_PARAM parameters[]) {
  if (parameters == nullptr) return 1;
  const OSSL_PARAM* padding =
      OSSL_PARAM_locate_const(parameters, OSSL_SIGNATURE_PARAM_PAD_MODE);
  if (padding == nullptr) return 1;
  auto& sign = *static_cast<SignContext*>(context);
  const char* name = nullptr;
  int number = 0;
  if (OSSL_PARAM_get_utf8_string_ptr(padding, &name) == 1) {
    sign.pss = absl::string_view(name) == OSSL_PKEY_RSA_PAD_MODE_PSS;
  } else if (OSSL_PARAM_get_int(padding, &number) == 1) {
    sign.pss = number == RSA_PKCS1_PSS_PADDING;
  }
  return sign.pss ? 1 : 0;
}

const OSSL_PARAM* SettableParameters(void* /*context*/, void* /*provider*/) {
  static const OSSL_PARAM kSettable[] = {
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, nullptr, 0),
      OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, nullptr, 0),
      OSSL_PARAM_END};
  return kSettable;
}

int SignInit(void* context, const char* digest, void* key,
             const OSSL_PARAM parameters[]) {
  auto& sign = *static_cast<SignContext*>(context);
  const auto* remote = static_cast<const RemoteKey*>(key);
  if (remote == nullptr || !remote->set) return 0;
  sign = {remote, DigestOf(digest), false};
  return sign.digest == Digest::kOther ? 0 : SetParameters(context, parameters);
}

// Inside a job: asks, and lets the loop go on until the answer is here.
absl::Span<const uint8_t> WaitForSignature(RemoteSignature& signature,
                                           const SignRequest& request) {
  if (ASYNC_get_current_job() == nullptr || !signature.Start(request)) {
    return {};
  }
  while (signature.waiting()) {
    if (ASYNC_pause_job() != 1) return {};
  }
  return signature.bytes();
}

int Sign(void* context, unsigned char* to, size_t* size, size_t room,
         const unsigned char* content, size_t content_size) {
  const auto& sign = *static_cast<const SignContext*>(context);
  if (to == nullptr) {
    *size = static_cast<size_t>(
        EVP_PKEY_get_size(sign.key->get().public_key.get()));
    return 1;
  }
  SignRequest request;
  request.identity = sign.key->identity;
  request.signature_scheme = SchemeOf(sign);
  RemoteSignature* signature = sign.key->keys->active;
  if (request.signature_scheme == 0 || content_size > request.content.size() ||
      signature == nullptr) {
    return 0;
  }
  std::memcpy(request.content.data(), content, content_size);
  request.content_size = static_cast<uint16_t>(content_size);
  const absl::Span<const uint8_t> bytes = WaitForSignature(*signature, request);
  if (bytes.empty() || bytes.size() > room) return 0;
  std::memcpy(to, bytes.data(), bytes.size());
  *size = bytes.size();
  return 1;
}

template <typename Function>
OSSL_DISPATCH Entry(int id, Function* function) {
  return {id, reinterpret_cast<void (*)()>(function)};
}

}  // namespace

const OSSL_ALGORITHM* RemoteSignatures() {
  static const OSSL_DISPATCH kDispatch[] = {
      Entry(OSSL_FUNC_SIGNATURE_NEWCTX, NewContext),
      Entry(OSSL_FUNC_SIGNATURE_FREECTX, FreeContext),
      Entry(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, SetParameters),
      Entry(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, SettableParameters),
      Entry(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, SignInit),
      Entry(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, Sign),
      {0, nullptr}};
  static const OSSL_ALGORITHM kSignatures[] = {
      {"ECDSA", kRemoteProviderProperty, kDispatch, nullptr},
      {"RSA:rsaEncryption:1.2.840.113549.1.1.1", kRemoteProviderProperty,
       kDispatch, nullptr},
      {"ED25519:1.3.101.112", kRemoteProviderProperty, kDispatch, nullptr},
      {nullptr, nullptr, nullptr, nullptr}};
  return kSignatures;
}

}  // namespace holt::worker
