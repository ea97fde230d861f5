#include "core/definition/retention.h"

#include <gtest/gtest.h>

#include "tests/core/definition/load_sample.h"

namespace assetd {
namespace {

using namespace std::chrono_literals;

TEST(Retention, HasDefaultsForWhatAProjectDoesNotSay) {
  EXPECT_EQ(retention_of(Definitions{}), Retention{});
  const auto loaded = testing::load("retention: {logs: 2d, artifacts: 9d, max_bytes: 3MB}\n");
  ASSERT_TRUE(loaded.lines().empty());
  const auto retention = retention_of(loaded.definitions);
  EXPECT_EQ(retention.events, Millis(24h * 90));
  EXPECT_EQ(retention.logs, Millis(48h));
  EXPECT_EQ(retention.runs, Millis(24h * 365));
  EXPECT_EQ(retention.artifacts, Millis(24h * 9));
  EXPECT_EQ(Retention{}.artifacts, Millis(24h * 365));
  EXPECT_EQ(retention.max_bytes, 3'000'000);
  EXPECT_EQ(retention_of(testing::load("retention: {max_bytes: 4096}\n").definitions).max_bytes, 4096);
}

TEST(Retention, ASizeThatIsNoneIsRefusedWhereItStands) {
  const auto loaded = testing::load("retention: {max_bytes: 99999999999TB}\n");
  ASSERT_EQ(loaded.lines().size(), 1U);
  EXPECT_NE(loaded.lines().front().find("as in 500MB or 20GB"), std::string::npos) << loaded.lines().front();
}

}  // namespace
}  // namespace assetd
