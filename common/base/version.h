// The version of Holt, shown by every program of it.
#ifndef HOLT_COMMON_BASE_VERSION_H_
#define HOLT_COMMON_BASE_VERSION_H_

namespace holt {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace holt

#endif  // HOLT_COMMON_BASE_VERSION_H_
