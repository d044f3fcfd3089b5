#include "admin-service/rpc/status_service.h"

#include "admin-service/rpc/conversions.h"

namespace holt::admin {
namespace {

void FillNode(const config::v1::NodeInfo& from, v1::Node& node) {
  node.set_version(from.version());
  node.set_endpoint(from.endpoint());
  node.set_sandbox(from.sandbox());
  node.set_secret_storage(from.secrets());
  *node.mutable_upstreams() = from.upstreams();
  node.set_demo(from.demo());
  *node.mutable_start_time() =
      ToProto(absl::FromUnixMillis(from.start_unix_ms()));
  node.set_worker_count(static_cast<int32_t>(from.workers()));
}

void FillLedger(const LedgerHealth& health, v1::Ledger& ledger) {
  ledger.set_state(health.degraded ? v1::Ledger::STATE_DEGRADED
                                   : v1::Ledger::STATE_OK);
  ledger.set_schema_version(health.schema_version);
  ledger.set_commit_count(health.committed);
  ledger.set_duplicate_count(health.duplicates);
  ledger.set_reject_count(health.refused);
  if (health.commit_time != absl::InfinitePast()) {
    *ledger.mutable_commit_time() = ToProto(health.commit_time);
  }
  ledger.set_audit_intact(health.audit_intact);
}

void FillKeysFile(const KeysFileStatus& from, v1::KeysFile& file) {
  if (from.load_time != absl::InfinitePast()) {
    *file.mutable_load_time() = ToProto(from.load_time);
  }
  file.set_key_count(static_cast<int32_t>(from.key_count));
  file.set_skip_count(static_cast<int32_t>(from.skip_count));
  file.set_stale(from.stale);
}

}  // namespace

grpc::Status StatusService::GetStatus(grpc::ServerContext*,
                                      const v1::GetStatusRequest*,
                                      v1::NodeStatus* response) {
  *response->mutable_observe_time() = ToProto(parts_.clock.Now());
  FillNode(parts_.settings.node(), *response->mutable_node());
  parts_.view.Fill(*response);
  response->set_key_epoch(static_cast<int64_t>(parts_.registry.epoch()));
  FillLedger(parts_.ledger.health(), *response->mutable_ledger());
  if (parts_.settings.has_keys_file()) {
    FillKeysFile(parts_.keys_file.status(), *response->mutable_keys_file());
  }
  return grpc::Status::OK;
}

}  // namespace holt::admin
