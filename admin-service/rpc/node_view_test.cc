#include "admin-service/rpc/node_view.h"

#include "gtest/gtest.h"

namespace holt::admin {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'800'000'000);

bool AliveAfter(NodeView& view, uint64_t heartbeat, absl::Duration since) {
  internal::v1::ReportNodeRequest report;
  internal::v1::Child& child = *report.add_children();
  child.set_role(1);
  child.set_heartbeat(heartbeat);
  view.Update(report, kStart + since);
  v1::NodeStatus status;
  view.Fill(status);
  return status.children(0).alive();
}

TEST(NodeViewTest, ReportsThatFollowAtOnceMakeNobodySilent) {
  NodeView view;
  EXPECT_TRUE(AliveAfter(view, 7, absl::ZeroDuration()));
  EXPECT_TRUE(AliveAfter(view, 7, absl::Milliseconds(1)));
}

TEST(NodeViewTest, AHeartbeatThatStandsStillIsSilence) {
  NodeView view;
  EXPECT_TRUE(AliveAfter(view, 7, absl::ZeroDuration()));
  EXPECT_FALSE(AliveAfter(view, 7, absl::Seconds(4)));
  EXPECT_TRUE(AliveAfter(view, 8, absl::Seconds(6)));
}

}  // namespace
}  // namespace holt::admin
