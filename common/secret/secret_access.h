// The token against which a SecretBytes shows its bytes. Its Bazel target is
// visible to the few places that may read secrets and to nobody else, so that
// one query names them all:
//   bazel query 'rdeps(//..., //common/secret:secret_access, 1)'
#ifndef HOLT_COMMON_SECRET_SECRET_ACCESS_H_
#define HOLT_COMMON_SECRET_SECRET_ACCESS_H_

namespace holt {

class SecretAccess {
 public:
  SecretAccess() = default;
};

}  // namespace holt

#endif  // HOLT_COMMON_SECRET_SECRET_ACCESS_H_
