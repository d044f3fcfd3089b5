// Makes what each child is told at start out of the configuration: the fixed
// structs of common/ipc/settings.h, and the admin-service's message. Supervisor
// only; the configuration was checked before, no secret is in the results.
#ifndef HOLT_SUPERVISOR_SETTINGS_BUILDER_H_
#define HOLT_SUPERVISOR_SETTINGS_BUILDER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/ipc/settings.h"
#include "supervisor/config/node_config.h"

namespace holt::supervisor {

// `identities`: the kinds of the TLS keys, in the order of the chains; none:
// plain HTTP. InvalidArgument when a text does not fit its member.
absl::StatusOr<WorkerSettings> BuildWorkerSettings(
    const NodeConfig& node, absl::Span<const KeyKind> identities,
    uint16_t worker_index);
absl::StatusOr<ConnectorSettings> BuildConnectorSettings(
    const NodeConfig& node);
CourierSettings BuildCourierSettings();

// A serialized AdminServiceSettings. `info` is passed on as it is.
std::string BuildAdminSettings(const NodeConfig& node,
                               const holt::config::v1::NodeInfo& info,
                               absl::Span<const uint32_t> operator_uids);

// The file at kWorkerCertificatesFd: for each identity its PEM chain, with its
// length as four little-endian bytes before it.
std::string BuildCertificatesFile(absl::Span<const std::string> chains);

// PEM of the authorities that upstreams are checked against: each ca_file of
// the configuration, and the system's where an https upstream names none.
absl::StatusOr<std::string> ReadAuthorities(const NodeConfig& node);

// Puts the demo upstream at 127.0.0.1:`port` in the place of all upstreams. It
// is sent no credential.
void UseDemoUpstream(uint16_t port, NodeConfig& node);

}  // namespace holt::supervisor

#endif  // HOLT_SUPERVISOR_SETTINGS_BUILDER_H_
