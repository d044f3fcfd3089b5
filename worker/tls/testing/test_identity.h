// Keys and self-signed certificates, made for a test.
#ifndef HOLT_WORKER_TLS_TESTING_TEST_IDENTITY_H_
#define HOLT_WORKER_TLS_TESTING_TEST_IDENTITY_H_

#include <string>

#include "common/ipc/settings.h"
#include "worker/tls/openssl.h"

namespace holt::worker {

struct TestIdentity {
  KeyKind kind = KeyKind::kNone;
  KeyPtr key;
  X509Ptr certificate;
  std::string pem;  // of the certificate
};

// `rsa_bits` counts for RSA only. The certificate is for gateway.example and
// for 127.0.0.1.
TestIdentity MakeTestIdentity(KeyKind kind, unsigned rsa_bits = 2048);

// The PEM chains in the form of kWorkerCertificatesFd.
std::string ChainsFile(std::initializer_list<const TestIdentity*> identities);

}  // namespace holt::worker

#endif  // HOLT_WORKER_TLS_TESTING_TEST_IDENTITY_H_
