// Keys and certificates out of the operator's PEM files. Supervisor only; the
// bytes are in the arena, and what comes of them is too (OpenSSL allocates
// there).
#ifndef HOLT_SUPERVISOR_KEYS_PEM_H_
#define HOLT_SUPERVISOR_KEYS_PEM_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/secret/secret_bytes.h"
#include "supervisor/keys/openssl.h"

namespace holt::supervisor {

// The private key in `pem`; `file` stands for it in messages. A key under a
// passphrase is refused with the command that takes it off.
absl::StatusOr<EvpKeyPtr> ParsePrivateKey(const SecretBytes& pem,
                                          const std::string& file);

// All certificates in `pem`, in its order, at least one.
absl::StatusOr<std::vector<CertificatePtr>> ParseCertificates(
    const SecretBytes& pem, const std::string& file);

// The certificates as PEM, and nothing else that their file may have held.
absl::StatusOr<std::string> WriteCertificates(
    const std::vector<CertificatePtr>& certificates);

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_KEYS_PEM_H_
