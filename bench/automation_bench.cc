// What an evaluation of automation costs: after one event, and of all assets. automation_bench ASSETS: one JSON object.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "core/automation/automation.h"

namespace assetd {
namespace {

constexpr AssetId kWidth = 100;  // of a layer; each asset has three above it
constexpr int kRounds = 101;
const IndexSet kItself = IndexSet::range(0, 1);

Definitions layers(AssetId count) {
  Definitions definitions;
  for (AssetId id = 0; id < count; ++id) {
    AssetSpec asset;
    char key[16];
    std::snprintf(key, sizeof key, "a%08u", id);
    asset.key = key;
    for (AssetId i = 0; id >= kWidth && i < 3; ++i) {
      const AssetId above = (id / kWidth - 1) * kWidth + (id % kWidth + i * 7) % kWidth;
      asset.deps.push_back({.asset = definitions.assets[above].key, .on_failure = OnFailure::skip, .source = {}});
    }
    definitions.assets.push_back(std::move(asset));
  }
  return definitions;
}

/// Everything is materialized and eager, nothing is in progress.
class Calm final : public AutomationWorld {
 public:
  explicit Calm(AssetId count) : graph_(AssetGraph::build(layers(count)).value()) {}
  const AssetGraph& graph() const override { return graph_; }
  ConditionPtr condition(AssetId) const override { return eager_; }
  IndexSet existing(AssetId, WallTime) const override { return kItself; }
  IndexSet latest_window(AssetId, WallTime) const override { return kItself; }
  std::optional<WallTime> next_window(AssetId, WallTime) const override { return std::nullopt; }
  IndexSet made_from(AssetId, AssetId, const IndexSet& of_parent) const override { return of_parent; }
  bool selects(const std::string&, AssetId) const override { return true; }
  IndexSet materialized(AssetId) const override { return kItself; }
  IndexSet in_progress(AssetId) const override { return {}; }
  IndexSet failed(AssetId) const override { return {}; }
  IndexSet checks_failed(AssetId) const override { return {}; }

 private:
  AssetGraph graph_;
  ConditionPtr eager_ = parse_condition("eager").value();
};

template <typename Work>
double median_ms(Work work) {
  std::vector<double> took;
  for (int round = 0; round < kRounds; ++round) {
    const auto begun = std::chrono::steady_clock::now();
    work(round);
    took.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count());
  }
  std::ranges::nth_element(took, took.begin() + kRounds / 2);
  return took[kRounds / 2];
}

int measure(AssetId count) {
  const Calm world(count);
  Automation automation(world);
  WallTime now{};
  const auto take = [](const Automation::Evaluated&) {};
  automation.evaluate_all(now, {}, take);
  while (automation.unsettled()) (void)automation.evaluate(now, {});
  const double tick = median_ms([&](int) { automation.evaluate_all(now += Millis(1), {}, take); });
  // One asset near the end was touched: what looks at it is evaluated, and nothing is asked for.
  const double touched = median_ms([&](int round) { (void)automation.evaluate(now += Millis(1), {.touched = {count - 1 - kWidth - round % kWidth}}); });
  // One asset near the end was materialized: what is below it is asked for.
  const double updated = median_ms([&](int round) {
    (void)automation.evaluate(now += Millis(1), {.updated = {{count - 1 - kWidth - round % kWidth, kItself}}});
    while (automation.unsettled()) (void)automation.evaluate(now, {});
  });
  std::printf("{\"assets\": %u, \"touched_ms\": %.4f, \"event_ms\": %.4f, \"tick_ms\": %.3f}\n", count, touched, updated, tick);
  return 0;
}

}  // namespace
}  // namespace assetd

int main(int argc, char** argv) {
  if (argc != 2 || std::atoi(argv[1]) < 1'000) return std::fprintf(stderr, "usage: automation_bench ASSETS (1,000 at least)\n"), 2;
  return assetd::measure(static_cast<assetd::AssetId>(std::atoi(argv[1])));
}
