#include "supervisor/keys/key_files.h"

#include <openssl/pem.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"

namespace holt::supervisor {
namespace {

EVP_PKEY* Generate(TestKey kind) {
  switch (kind) {
    case TestKey::kP256:
      return ::EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
    case TestKey::kP384:
      return ::EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384");
    case TestKey::kRsa2048:
      return ::EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", size_t{2048});
    case TestKey::kRsa1024:
      return ::EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", size_t{1024});
    case TestKey::kEd25519:
      return ::EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    case TestKey::kSecp256k1:
      return ::EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "secp256k1");
  }
  return nullptr;
}

std::string TakeText(BIO* bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  return {text, static_cast<size_t>(size)};
}

}  // namespace

EvpKeyPtr MakeTestKey(TestKey kind) {
  EvpKeyPtr key(Generate(kind));
  HOLT_CHECK(key != nullptr);
  return key;
}

CertificatePtr MakeTestCertificate(EVP_PKEY* key, absl::Time not_before,
                                   absl::Time not_after) {
  CertificatePtr certificate(::X509_new());
  X509* made = certificate.get();
  ::X509_set_version(made, X509_VERSION_3);
  ::ASN1_INTEGER_set(::X509_get_serialNumber(made), 1);
  ::ASN1_TIME_set(::X509_getm_notBefore(made), absl::ToTimeT(not_before));
  ::ASN1_TIME_set(::X509_getm_notAfter(made), absl::ToTimeT(not_after));
  X509_NAME* name = ::X509_get_subject_name(made);
  ::X509_NAME_add_entry_by_txt(
      name, "CN", MBSTRING_ASC,
      reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  ::X509_set_issuer_name(made, name);
  ::X509_set_pubkey(made, key);
  const bool own_digest = ::EVP_PKEY_is_a(key, "ED25519") == 1;
  HOLT_CHECK(::X509_sign(made, key, own_digest ? nullptr : ::EVP_sha256()) > 0);
  return certificate;
}

std::string KeyPem(EVP_PKEY* key) {
  const BioPtr bio(::BIO_new(::BIO_s_mem()));
  HOLT_CHECK(::PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0,
                                        nullptr, nullptr) == 1);
  return TakeText(bio.get());
}

std::string CertificatePem(X509* certificate) {
  const BioPtr bio(::BIO_new(::BIO_s_mem()));
  HOLT_CHECK(::PEM_write_bio_X509(bio.get(), certificate) == 1);
  return TakeText(bio.get());
}

KeyFiles::KeyFiles()
    : directory_(std::filesystem::temp_directory_path() / "holt_keys_XXXXXX") {
  HOLT_CHECK(::mkdtemp(directory_.data()) != nullptr);
}

KeyFiles::~KeyFiles() { std::filesystem::remove_all(directory_); }

std::string KeyFiles::Write(absl::string_view name, absl::string_view contents,
                            unsigned mode) {
  const std::string path = absl::StrCat(directory_, "/", name);
  std::ofstream(path, std::ios::binary)
      .write(contents.data(), static_cast<std::streamsize>(contents.size()));
  HOLT_CHECK(::chmod(path.c_str(), mode) == 0);
  return path;
}

IdentityFiles KeyFiles::WriteIdentity(TestKey kind) {
  const EvpKeyPtr key = MakeTestKey(kind);
  const CertificatePtr certificate =
      MakeTestCertificate(key.get(), absl::FromUnixSeconds(1'577'836'800),
                          absl::FromUnixSeconds(2'840'140'800));
  const int number = identities_++;
  return {Write(absl::StrCat(number, ".crt"), CertificatePem(certificate.get()),
                0644),
          Write(absl::StrCat(number, ".key"), KeyPem(key.get()))};
}

}  // namespace holt::supervisor
