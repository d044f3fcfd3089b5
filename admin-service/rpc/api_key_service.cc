#include "admin-service/rpc/api_key_service.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "admin-service/rpc/conversions.h"
#include "common/base/status_macros.h"

namespace holt::admin {
namespace {

v1::ApiKey::State StateOf(const KeyRecord& key, absl::Time now) {
  switch (key.state) {
    case KeyState::kActive:
      return key.expire_time <= now ? v1::ApiKey::STATE_EXPIRED
                                    : v1::ApiKey::STATE_ACTIVE;
    case KeyState::kDisabled:
      return v1::ApiKey::STATE_DISABLED;
    case KeyState::kRevoked:
      return v1::ApiKey::STATE_REVOKED;
  }
  return v1::ApiKey::STATE_UNSPECIFIED;
}

v1::ApiKey::Source SourceOf(KeySource source) {
  switch (source) {
    case KeySource::kAdmin:
      return v1::ApiKey::SOURCE_ADMIN;
    case KeySource::kFile:
      return v1::ApiKey::SOURCE_FILE;
    case KeySource::kEnvironment:
      return v1::ApiKey::SOURCE_ENVIRONMENT;
  }
  return v1::ApiKey::SOURCE_UNSPECIFIED;
}

v1::ApiKey::OwnerKind OwnerKindOf(OwnerKind kind) {
  switch (kind) {
    case OwnerKind::kUnspecified:
      return v1::ApiKey::OWNER_KIND_UNSPECIFIED;
    case OwnerKind::kActivist:
      return v1::ApiKey::OWNER_KIND_ACTIVIST;
    case OwnerKind::kIntegration:
      return v1::ApiKey::OWNER_KIND_INTEGRATION;
  }
  return v1::ApiKey::OWNER_KIND_UNSPECIFIED;
}

void FillApiKey(const KeyRecord& key, absl::Time now, v1::ApiKey& to) {
  to.set_name(KeyName(key.key_id));
  to.set_display_name(key.display_name);
  to.set_hint(key.hint);
  to.set_state(StateOf(key, now));
  to.set_owner_kind(OwnerKindOf(key.owner_kind));
  to.set_source(SourceOf(key.source));
  *to.mutable_create_time() = ToProto(key.create_time);
  *to.mutable_update_time() = ToProto(key.update_time);
  if (key.expire_time != absl::InfiniteFuture()) {
    *to.mutable_expire_time() = ToProto(key.expire_time);
  }
  if (key.state == KeyState::kRevoked) {
    *to.mutable_revoke_time() = ToProto(key.revoke_time);
  }
  if (key.requests_per_window != 0) {
    to.set_requests_per_window(key.requests_per_window);
  }
}

absl::StatusOr<OwnerKind> OwnerKindFrom(v1::ApiKey::OwnerKind kind) {
  switch (kind) {
    case v1::ApiKey::OWNER_KIND_UNSPECIFIED:
      return OwnerKind::kUnspecified;
    case v1::ApiKey::OWNER_KIND_ACTIVIST:
      return OwnerKind::kActivist;
    case v1::ApiKey::OWNER_KIND_INTEGRATION:
      return OwnerKind::kIntegration;
    default:  // an enum of proto3 may hold any number
      return absl::InvalidArgumentError("api_key.owner_kind: no such kind");
  }
}

absl::StatusOr<NewKey> NewKeyFrom(const v1::ApiKey& from) {
  NewKey key;
  key.display_name = from.display_name();
  ASSIGN_OR_RETURN(key.owner_kind, OwnerKindFrom(from.owner_kind()));
  if (from.has_expire_time()) {
    ASSIGN_OR_RETURN(key.expire_time,
                     FromProto(from.expire_time(), "api_key.expire_time"));
  }
  if (from.has_requests_per_window()) {
    if (from.requests_per_window() < 1 ||
        from.requests_per_window() > kMaxRequestsPerWindow) {
      return absl::InvalidArgumentError(
          absl::StrCat("api_key.requests_per_window: give 1 to ",
                       kMaxRequestsPerWindow, ", or leave it unset"));
    }
    key.requests_per_window = static_cast<uint32_t>(from.requests_per_window());
  }
  return key;
}

}  // namespace

grpc::Status ApiKeyService::CreateApiKey(grpc::ServerContext* context,
                                         const v1::CreateApiKeyRequest* request,
                                         v1::CreateApiKeyResponse* response) {
  const Change change = {"CreateApiKey", request->api_key().name(),
                         callers_.Find(context->peer())};
  const absl::StatusOr<NewKey> wanted = NewKeyFrom(request->api_key());
  if (!wanted.ok()) return Refuse(change, wanted.status());
  const absl::StatusOr<CreatedKey> created =
      registry_.CreateKey(*wanted, change.actor);
  if (!created.ok()) return Refuse(change, created.status());
  FillApiKey(created->record, clock_.Now(), *response->mutable_api_key());
  response->set_secret(std::string(created->secret.Reveal()));
  return grpc::Status::OK;
}

grpc::Status ApiKeyService::GetApiKey(grpc::ServerContext*,
                                      const v1::GetApiKeyRequest* request,
                                      v1::ApiKey* response) {
  const absl::StatusOr<std::string> key_id = KeyIdOf(request->name());
  if (!key_id.ok()) return ToGrpc(key_id.status());
  const absl::StatusOr<KeyRecord> key = registry_.GetKey(*key_id);
  if (!key.ok()) return ToGrpc(key.status());
  FillApiKey(*key, clock_.Now(), *response);
  return grpc::Status::OK;
}

grpc::Status ApiKeyService::ListApiKeys(grpc::ServerContext*,
                                        const v1::ListApiKeysRequest* request,
                                        v1::ListApiKeysResponse* response) {
  const absl::StatusOr<size_t> size = PageSize(request->page_size());
  if (!size.ok()) return ToGrpc(size.status());
  const std::string binding =
      absl::StrCat("ListApiKeys:", request->show_revoked());
  const absl::StatusOr<uint64_t> after =
      ReadPageToken(binding, request->page_token());
  if (!after.ok()) return ToGrpc(after.status());
  // One more than asked for tells whether there is a next page.
  const absl::StatusOr<std::vector<KeyRecord>> keys =
      registry_.ListKeys({.after_number = *after,
                          .limit = *size + 1,
                          .include_revoked = request->show_revoked()});
  if (!keys.ok()) return ToGrpc(keys.status());
  const size_t shown = std::min(*size, keys->size());
  for (size_t i = 0; i < shown; ++i) {
    FillApiKey((*keys)[i], clock_.Now(), *response->add_api_keys());
  }
  if (keys->size() > shown) {
    response->set_next_page_token(
        MakePageToken(binding, (*keys)[shown - 1].number));
  }
  return grpc::Status::OK;
}

grpc::Status ApiKeyService::RevokeApiKey(grpc::ServerContext* context,
                                         const v1::RevokeApiKeyRequest* request,
                                         v1::ApiKey* response) {
  return SetState(
      {"RevokeApiKey", request->name(), callers_.Find(context->peer())},
      KeyState::kRevoked, response);
}

grpc::Status ApiKeyService::DisableApiKey(
    grpc::ServerContext* context, const v1::DisableApiKeyRequest* request,
    v1::ApiKey* response) {
  return SetState(
      {"DisableApiKey", request->name(), callers_.Find(context->peer())},
      KeyState::kDisabled, response);
}

grpc::Status ApiKeyService::EnableApiKey(grpc::ServerContext* context,
                                         const v1::EnableApiKeyRequest* request,
                                         v1::ApiKey* response) {
  return SetState(
      {"EnableApiKey", request->name(), callers_.Find(context->peer())},
      KeyState::kActive, response);
}

grpc::Status ApiKeyService::SetState(const Change& change, KeyState state,
                                     v1::ApiKey* response) {
  const absl::StatusOr<std::string> key_id = KeyIdOf(change.name);
  if (!key_id.ok()) return Refuse(change, key_id.status());
  const absl::StatusOr<KeyRecord> key =
      registry_.SetState(*key_id, state, change.actor);
  if (!key.ok()) return Refuse(change, key.status());
  FillApiKey(*key, clock_.Now(), *response);
  return grpc::Status::OK;
}

grpc::Status ApiKeyService::Refuse(const Change& change,
                                   const absl::Status& status) {
  // With the disk full there is no writing it down either.
  if (!absl::IsUnavailable(status)) {
    registry_.AuditRefusal(change.method, change.name, status, change.actor);
  }
  return ToGrpc(status);
}

}  // namespace holt::admin
