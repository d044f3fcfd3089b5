// The one table of descriptors a child is started with, by role: what is open
// at which number. Everything else is closed. The supervisor's launcher and
// each child's main include this; nobody else names a number.
#ifndef HOLT_COMMON_IPC_DESCRIPTORS_H_
#define HOLT_COMMON_IPC_DESCRIPTORS_H_

#include <cstdint>

namespace holt {

// What a child is. The value is on the wire (Introduce frames) and in shared
// memory: never renumber.
enum class Role : uint16_t {
  kSupervisor = 0,
  kWorker = 1,
  kCourier = 2,
  kConnector = 3,
  kAdminService = 4,
  // A program that is not Holt's own, run as configured: the sidecar
  // (privatemode-proxy) or the demo upstream. It gets none of the descriptors
  // below but stderr.
  kManaged = 5,
};

// Every child of our own.
inline constexpr int kSupervisorChannelFd =
    3;  // SOCK_SEQPACKET pair, frames of common/ipc/frames.h
inline constexpr int kSandboxFd =
    4;  // sealed memfd: the compiled seccomp program and Landlock rules
        // (common/child)
inline constexpr int kSettingsFd =
    5;  // sealed memfd: WorkerSettings, ConnectorSettings, CourierSettings or a
        // serialized holt.config.v1.AdminServiceSettings
inline constexpr int kCountersFd =
    6;  // memfd of one ChildCounters, this child's own page
        // (common/ipc/counters.h)

// Worker.
inline constexpr int kWorkerListenerFd =
    7;  // listening TCP socket, shared by all workers, non-blocking
inline constexpr int kWorkerKeyTableFd = 8;  // KeyTable, opened read-only
inline constexpr int kWorkerJournalFd =
    9;  // this slot's UsageJournal file, read-write
inline constexpr int kWorkerLimiterFd =
    10;  // Limiter memory shared by all workers, read-write
inline constexpr int kWorkerCertificatesFd =
    11;  // sealed memfd: PEM chains of the TLS identities, in the order of
         // WorkerSettings::identities, each after its size (u32, little-endian)
inline constexpr int kWorkerAuthoritiesFd =
    12;  // sealed memfd: PEM of the CAs that upstreams are checked against
inline constexpr int kWorkerFdEnd = 13;

// Courier. The gRPC pair, journals and the counters of other children come
// later, by Introduce frames.
inline constexpr int kCourierKeyTableFd = 7;  // KeyTable, read-write
inline constexpr int kCourierFdEnd = 8;

// Connector. Worker channels come by Introduce frames.
inline constexpr int kConnectorFdEnd = 7;

// Admin-service. Courier pairs and the operator's keys file come by Introduce
// frames.
inline constexpr int kAdminStateDirFd =
    7;  // directory of the ledger, also the working directory
inline constexpr int kAdminListenerFd =
    8;  // listening Unix stream socket of holtctl and admin tooling
inline constexpr int kAdminFdEnd = 9;

}  // namespace holt

#endif  // HOLT_COMMON_IPC_DESCRIPTORS_H_
