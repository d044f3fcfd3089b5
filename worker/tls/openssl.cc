#include "worker/tls/openssl.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"

namespace holt::worker {

void X509StackDeleter::operator()(STACK_OF(X509) * stack) const {
  sk_X509_pop_free(stack, X509_free);
}

void InitOpenSsl() {
  HOLT_CHECK(OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr) == 1);
}

absl::Status OpenSslError(absl::string_view what) {
  std::string message(what);
  while (const unsigned long code = ERR_get_error()) {
    absl::StrAppend(&message, " [", absl::Hex(code, absl::kZeroPad8), "]");
  }
  return absl::InvalidArgumentError(message);
}

absl::StatusOr<X509StackPtr> ParseCertificates(OSSL_LIB_CTX* library,
                                               absl::string_view pem) {
  if (pem.empty()) return absl::InvalidArgumentError("no certificates");
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  X509StackPtr stack(sk_X509_new_null());
  HOLT_CHECK(bio != nullptr && stack != nullptr);
  while (true) {
    X509* certificate = X509_new_ex(library, nullptr);
    HOLT_CHECK(certificate != nullptr);
    // Frees the certificate when it fails.
    if (PEM_read_bio_X509(bio.get(), &certificate, nullptr, nullptr) ==
        nullptr) {
      X509_free(certificate);
      break;
    }
    HOLT_CHECK(sk_X509_push(stack.get(), certificate) > 0);
  }
  const bool at_end =
      ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!at_end || sk_X509_num(stack.get()) == 0) {
    return OpenSslError("certificates do not parse");
  }
  ERR_clear_error();
  return stack;
}

}  // namespace holt::worker
