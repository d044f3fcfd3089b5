// Keys and self-signed certificates for tests, fresh in every run, written
// where TlsIdentity::Load finds them. Tests only.
#ifndef HOLT_SUPERVISOR_KEYS_KEY_FILES_H_
#define HOLT_SUPERVISOR_KEYS_KEY_FILES_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "supervisor/keys/openssl.h"
#include "supervisor/keys/tls_identity.h"

namespace holt::supervisor {

enum class TestKey { kP256, kP384, kRsa2048, kRsa1024, kEd25519, kSecp256k1 };

EvpKeyPtr MakeTestKey(TestKey kind);
// Signed by itself, for localhost.
CertificatePtr MakeTestCertificate(EVP_PKEY* key, absl::Time not_before,
                                   absl::Time not_after);
std::string KeyPem(EVP_PKEY* key);
std::string CertificatePem(X509* certificate);

// A directory of its own, removed with all files when destroyed.
class KeyFiles {
 public:
  KeyFiles();
  ~KeyFiles();
  KeyFiles(const KeyFiles&) = delete;
  KeyFiles& operator=(const KeyFiles&) = delete;

  // Writes `contents` and returns the path.
  std::string Write(absl::string_view name, absl::string_view contents,
                    unsigned mode = 0600);
  // A key of `kind` and its certificate, valid in the years 2020 to 2060.
  IdentityFiles WriteIdentity(TestKey kind);

 private:
  std::string directory_;
  int identities_ = 0;
};

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_KEYS_KEY_FILES_H_
