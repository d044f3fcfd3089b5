#include "admin-service/service.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "admin-service/settings.h"
#include "common/base/log.h"
#include "common/base/status_macros.h"

namespace holt::admin {

absl::StatusOr<std::unique_ptr<AdminService>> AdminService::Create(
    std::unique_ptr<Store> store, config::v1::AdminServiceSettings settings,
    const Clock& clock) {
  std::unique_ptr<AdminService> service(
      new AdminService(std::move(store), std::move(settings), clock));
  RETURN_IF_ERROR(service->Start());
  return service;
}

absl::Status AdminService::Start() {
  ASSIGN_OR_RETURN(const internal::v1::Settings shared,
                   SharedSettingsFrom(settings_));
  ASSIGN_OR_RETURN(const std::vector<PriceRecord> prices,
                   PricesFrom(settings_));
  ASSIGN_OR_RETURN(registry_, KeyRegistry::Create(*store_, clock_));
  keys_file_ = std::make_unique<KeysFileImporter>(*registry_, clock_);
  RETURN_IF_ERROR(SyncOtherSources());
  ASSIGN_OR_RETURN(ledger_, UsageLedger::Create(*store_, clock_, prices));
  courier_service_ = std::make_unique<CourierService>(
      CourierService::Parts{*registry_, *ledger_, view_, clock_}, shared);
  api_key_service_ =
      std::make_unique<ApiKeyService>(*registry_, callers_, clock_);
  usage_service_ = std::make_unique<UsageService>(*store_, *ledger_,
                                                  CurrencyFrom(settings_));
  status_service_ = std::make_unique<StatusService>(StatusService::Parts{
      settings_, *registry_, *keys_file_, *ledger_, view_, clock_});
  ASSIGN_OR_RETURN(servers_,
                   Servers::Start({courier_service_.get()},
                                  {api_key_service_.get(), usage_service_.get(),
                                   status_service_.get()}));
  return absl::OkStatus();
}

absl::Status AdminService::SyncOtherSources() {
  ASSIGN_OR_RETURN(const std::vector<ImportedKey> environment,
                   EnvironmentKeysFrom(settings_));
  RETURN_IF_ERROR(
      registry_->SyncSource(KeySource::kEnvironment, environment).status());
  // Without a keys file there are no keys of one. With one, those of the last
  // run stay until it was read.
  if (settings_.has_keys_file()) return absl::OkStatus();
  return registry_->SyncSource(KeySource::kFile, {}).status();
}

AdminService::~AdminService() { Drain(absl::ZeroDuration()); }

void AdminService::ServeCourier(UniqueFd connection) {
  servers_->AddCourier(std::move(connection));
}

absl::Status AdminService::ServeOperators(UniqueFd listener) {
  const std::set<uid_t> permitted(settings_.operator_uids().begin(),
                                  settings_.operator_uids().end());
  ASSIGN_OR_RETURN(
      listener_,
      OperatorListener::Start(std::move(listener), permitted,
                              [this](UniqueFd connection, uid_t uid) {
                                callers_.Note(connection.get(), uid);
                                servers_->AddOperator(std::move(connection));
                              }));
  return absl::OkStatus();
}

absl::Status AdminService::ReloadKeysFile(UniqueFd file) {
  return file.valid() ? keys_file_->Load(file.get()) : keys_file_->Missing();
}

void AdminService::Drain(absl::Duration deadline) {
  if (servers_ == nullptr) return;
  servers_->SetServing(false);
  listener_ = nullptr;
  courier_service_->Close();
  servers_->Shutdown(deadline);
}

}  // namespace holt::admin
