#include "worker/tls/testing/test_identity.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "common/base/check.h"

namespace holt::worker {
namespace {

KeyPtr MakeKey(KeyKind kind, unsigned rsa_bits) {
  switch (kind) {
    case KeyKind::kEcdsaP256:
      return KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    case KeyKind::kEcdsaP384:
      return KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384"));
    case KeyKind::kRsa:
      return KeyPtr(
          EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", size_t{rsa_bits}));
    case KeyKind::kEd25519:
      return KeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    case KeyKind::kNone:
      break;
  }
  return nullptr;
}

void AddExtension(X509* certificate, int nid, const char* value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
  HOLT_CHECK(extension != nullptr);
  HOLT_CHECK(X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

X509Ptr SelfSign(EVP_PKEY* key, const EVP_MD* digest) {
  X509Ptr certificate(X509_new());
  X509* x = certificate.get();
  X509_set_version(x, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
  X509_gmtime_adj(X509_getm_notBefore(x), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x), 3600);
  X509_NAME* name = X509_get_subject_name(x);
  const unsigned char text[] = "gateway.example";
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
  X509_set_issuer_name(x, name);
  X509_set_pubkey(x, key);
  AddExtension(x, NID_subject_alt_name, "DNS:gateway.example,IP:127.0.0.1");
  AddExtension(x, NID_basic_constraints, "critical,CA:TRUE");
  HOLT_CHECK(X509_sign(x, key, digest) > 0);
  return certificate;
}

std::string ToPem(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  HOLT_CHECK(PEM_write_bio_X509(bio.get(), certificate) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(size)};
}

}  // namespace

TestIdentity MakeTestIdentity(KeyKind kind, unsigned rsa_bits) {
  TestIdentity identity;
  identity.kind = kind;
  identity.key = MakeKey(kind, rsa_bits);
  HOLT_CHECK(identity.key != nullptr);
  identity.certificate = SelfSign(
      identity.key.get(), kind == KeyKind::kEd25519 ? nullptr : EVP_sha256());
  identity.pem = ToPem(identity.certificate.get());
  return identity;
}

std::string ChainsFile(std::initializer_list<const TestIdentity*> identities) {
  std::string file;
  for (const TestIdentity* identity : identities) {
    for (int shift = 0; shift < 32; shift += 8) {
      file.push_back(static_cast<char>(identity->pem.size() >> shift & 0xff));
    }
    file += identity->pem;
  }
  return file;
}

}  // namespace holt::worker
