// Section 2.3 of the security contract, as a test: once a key is loaded and has
// signed, no memory of the process outside the arena holds it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/unique_fd.h"
#include "common/ipc/frames.h"
#include "common/secret/openssl_arena.h"
#include "common/testing/status_matchers.h"
#include "supervisor/keys/signer.h"
#include "supervisor/keys/tls_identity.h"

namespace holt::supervisor {
namespace {

// What is looked for. Kept inverted, so that looking is not finding.
class Needle {
 public:
  explicit Needle(std::vector<uint8_t> secret) : inverted_(std::move(secret)) {
    for (uint8_t& byte : inverted_) byte = static_cast<uint8_t>(~byte);
  }
  [[nodiscard]] size_t size() const { return inverted_.size(); }
  [[nodiscard]] size_t CountIn(const std::vector<uint8_t>& memory,
                               size_t used) const {
    size_t found = 0;
    for (size_t at = 0; at + size() <= used; ++at) {
      size_t i = 0;
      while (i < size() &&
             memory[at + i] == static_cast<uint8_t>(~inverted_[i])) {
        ++i;
      }
      if (i == size()) ++found;
    }
    return found;
  }

 private:
  std::vector<uint8_t> inverted_;
};

struct Range {
  uintptr_t begin;
  uintptr_t end;
};

std::vector<Range> ReadableRanges() {
  std::vector<Range> ranges;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    Range range{};
    char readable = '-';
    if (std::sscanf(line.c_str(), "%lx-%lx %c", &range.begin, &range.end,
                    &readable) == 3 &&
        readable == 'r' && line.find("[v") == std::string::npos) {
      ranges.push_back(range);
    }
  }
  return ranges;
}

// Through the kernel, which does not read memfd_secret pages (EIO): what is
// found is outside the arena. The copies that were read are wiped here.
size_t CountOutsideTheArena(const Needle& needle, const SecretArena& arena) {
  const UniqueFd memory(::open("/proc/self/mem", O_RDONLY | O_CLOEXEC));
  std::vector<uint8_t> chunk(1 << 20);
  size_t found = 0;
  for (const Range& range : ReadableRanges()) {
    const auto overlap = needle.size() - 1;
    for (uintptr_t at = range.begin; at < range.end;
         at += chunk.size() - overlap) {
      if (arena.Contains(reinterpret_cast<void*>(at + 16))) break;
      const size_t want = std::min(chunk.size(), range.end - at);
      const ssize_t got =
          ::pread(memory.get(), chunk.data(), want, static_cast<off_t>(at));
      if (got <= 0) break;
      found += needle.CountIn(chunk, static_cast<size_t>(got));
      std::fill(chunk.begin(), chunk.end(), uint8_t{0});
      asm volatile("" : : "r"(chunk.data()) : "memory");
    }
  }
  return found;
}

std::vector<uint8_t> NumberOf(const TlsIdentity& identity, const char* name,
                              bool little_endian) {
  BIGNUM* number = nullptr;
  EXPECT_EQ(::EVP_PKEY_get_bn_param(identity.key(), name, &number), 1);
  std::vector<uint8_t> bytes(static_cast<size_t>(BN_num_bytes(number)));
  if (little_endian) {
    ::BN_bn2lebinpad(number, bytes.data(), static_cast<int>(bytes.size()));
  } else {
    ::BN_bn2bin(number, bytes.data());
  }
  ::BN_clear_free(number);
  return bytes;
}

void SignFiftyTimes(const TlsIdentity& identity, uint16_t scheme) {
  std::vector<uint8_t> content(64, 0x20);
  const std::string context = "TLS 1.3, server CertificateVerify";
  content.insert(content.end(), context.begin(), context.end());
  content.resize(content.size() + 1 + 32);
  std::array<uint8_t, kMaxSignature> signature;
  for (int i = 0; i < 50; ++i) {
    content.back() = static_cast<uint8_t>(i);
    ASSERT_THAT(SignCertificateVerify(identity, scheme, content,
                                      absl::MakeSpan(signature)),
                IsOk());
  }
}

// Made by another program, so that no key was ever in our memory before.
IdentityFiles MakeIdentity(const std::string& algorithm) {
  const std::string base =
      absl::StrCat(testing::TempDir(), "/key_memory_", ::getpid());
  IdentityFiles files{base + ".crt", base + ".key"};
  const std::string command =
      absl::StrCat("openssl req -x509 -newkey ", algorithm,
                   " -nodes -days 2 -subj /CN=x ", "-keyout ", files.key_file,
                   " -out ", files.certificate_file, " 2>/dev/null");
  EXPECT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(::chmod(files.key_file.c_str(), 0600), 0);
  return files;
}

SecretArena& Arena() {
  static SecretArena* arena = [] {
    auto made = SecretArena::Create({});
    EXPECT_THAT(made, IsOk());
    auto routed = RouteOpenSslAllocations(*std::move(made));
    EXPECT_THAT(routed, IsOk());
    return *routed;
  }();
  return *arena;
}

struct Case {
  const char* algorithm;
  const char* parameter;
  uint16_t scheme;
};

class KeyMemoryTest : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
#ifdef HOLT_SANITIZER
    GTEST_SKIP() << "the shadow memory is terabytes to search";
#endif
  }
};
INSTANTIATE_TEST_SUITE_P(
    Keys, KeyMemoryTest,
    testing::Values(Case{"ec -pkeyopt ec_paramgen_curve:P-256",
                         OSSL_PKEY_PARAM_PRIV_KEY, 0x0403},
                    Case{"rsa:2048", OSSL_PKEY_PARAM_RSA_FACTOR1, 0x0804},
                    Case{"rsa:2048", OSSL_PKEY_PARAM_RSA_D, 0x0805}));

TEST_P(KeyMemoryTest, NoCopyOfTheKeyIsOutsideTheArena) {
  SecretArena& arena = Arena();
  const IdentityFiles files = MakeIdentity(GetParam().algorithm);
  const auto identity = TlsIdentity::Load(arena, files);
  ASSERT_THAT(identity, IsOk());
  SignFiftyTimes(*identity, GetParam().scheme);
  for (const bool little_endian : {false, true}) {
    const Needle needle(
        NumberOf(*identity, GetParam().parameter, little_endian));
    EXPECT_EQ(CountOutsideTheArena(needle, arena), 0u) << little_endian;
  }
  ::unlink(files.key_file.c_str());
  ::unlink(files.certificate_file.c_str());
}

// The search finds what is there, or it would prove nothing.
TEST(KeyMemorySelfTest, PlantedCopyIsFound) {
#ifdef HOLT_SANITIZER
  GTEST_SKIP() << "the shadow memory is terabytes to search";
#endif
  SecretArena& arena = Arena();
  std::vector<uint8_t> secret(32);
  for (size_t i = 0; i < secret.size(); ++i) {
    secret[i] = static_cast<uint8_t>(i * 7 + 13);
  }
  const std::vector<uint8_t> planted = secret;
  const Needle needle(std::move(secret));
  EXPECT_EQ(CountOutsideTheArena(needle, arena), 1u);
  EXPECT_EQ(planted.size(), 32u);
}

}  // namespace
}  // namespace holt::supervisor
