#include "admin-service/store/sqlite_prices.h"

#include <limits>

#include "common/base/status_macros.h"

namespace holt::admin {
namespace {

// The price that was always there has the least number as its moment.
constexpr int64_t kAlways = std::numeric_limits<int64_t>::min();

int64_t MomentOf(absl::Time time) {
  return time == absl::InfinitePast() ? kAlways : absl::ToUnixMicros(time);
}

absl::Time TimeOf(int64_t moment) {
  return moment == kAlways ? absl::InfinitePast()
                           : absl::FromUnixMicros(moment);
}

}  // namespace

absl::StatusOr<std::vector<PriceRecord>> SelectPrices(Database& database) {
  ASSIGN_OR_RETURN(
      Statement query,
      database.Prepare("SELECT * FROM prices ORDER BY effective_time, model"));
  std::vector<PriceRecord> prices;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, query.Step());
    if (!row) return prices;
    prices.push_back({.model = query.Text(0),
                      .effective_time = TimeOf(query.Integer(1)),
                      .retired = query.Integer(2) != 0,
                      .prompt_micros_per_million = query.Integer(3),
                      .completion_micros_per_million = query.Integer(4),
                      .cached_micros_per_million = query.Integer(5),
                      .audio_micros_per_mebibyte = query.Integer(6)});
  }
}

absl::Status InsertPrice(Database& database, const PriceRecord& price) {
  ASSIGN_OR_RETURN(Statement insert,
                   database.Prepare("INSERT INTO prices VALUES (?1, ?2, ?3, "
                                    "?4, ?5, ?6, ?7)"));
  return insert.Bind(1, price.model)
      .Bind(2, MomentOf(price.effective_time))
      .Bind(3, int64_t{price.retired})
      .Bind(4, price.prompt_micros_per_million)
      .Bind(5, price.completion_micros_per_million)
      .Bind(6, price.cached_micros_per_million)
      .Bind(7, price.audio_micros_per_mebibyte)
      .Run();
}

}  // namespace holt::admin
