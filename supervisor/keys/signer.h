// Signs TLS 1.3 handshakes for workers, and nothing else: whoever takes over a
// worker gets no oracle for other signatures. The content to sign comes from a
// worker and is hostile.
#ifndef HOLT_SUPERVISOR_KEYS_SIGNER_H_
#define HOLT_SUPERVISOR_KEYS_SIGNER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/ipc/settings.h"
#include "supervisor/keys/tls_identity.h"

namespace holt::supervisor {

// OK when `content` is what a TLS 1.3 server signs in CertificateVerify (RFC
// 8446 section 4.4.3): 64 spaces, the context string, a zero byte, and a
// transcript hash of 32 or 48 bytes. The hash is that of the cipher suite, so
// either size goes with any signature scheme. InvalidArgument otherwise.
absl::Status CheckCertificateVerifyContent(absl::Span<const uint8_t> content);

// Whether a key of `kind` makes signatures of the TLS SignatureScheme `scheme`.
bool SchemeBelongsTo(KeyKind kind, uint16_t scheme);

// Hashes and signs `content` into `signature` and returns the size.
// InvalidArgument when the content is not a CertificateVerify;
// PermissionDenied when the scheme does not belong to the identity's key.
absl::StatusOr<size_t> SignCertificateVerify(const TlsIdentity& identity,
                                             uint16_t scheme,
                                             absl::Span<const uint8_t> content,
                                             absl::Span<uint8_t> signature);

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_KEYS_SIGNER_H_
