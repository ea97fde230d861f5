#pragma once
// The production's automation within a simulation: on a book of its own, with nothing written.

#include <memory>

#include "core/forecast/simulation.h"
#include "daemon/service/asset_book.h"
#include "daemon/service/automator.h"
#include "daemon/service/projection.h"

namespace assetd {

struct ForecastStart;

class ForecastAutomation final : public Reactions {
 public:
  /// `engine` is the simulation's, in the state of `start`.
  ForecastAutomation(const ForecastStart& start, const Engine& engine);

  bool holds_schedules() const override { return automator_.find_pause("") != nullptr; }
  void note(const Change& change, const Engine& engine) override;
  bool is_due(WallTime now) const override { return automator_.is_due(now); }
  std::optional<WallTime> next_instant() const override { return automator_.next_instant(); }
  AutomationWanted evaluate(WallTime now) override { return automator_.evaluate(now); }
  void requested(const std::vector<AssetId>& assets, RunId run) override { automator_.requested(assets, run); }
  std::string leave_out_muted(std::vector<AssetId>& assets, WallTime now) const override { return automator_.leave_out_muted(assets, now); }
  void settle() override;

 private:
  AssetBook book_;
  Automator automator_{book_};
  Projection projection_;
  bool has_conditions_ = false;  ///< without any nothing needs to be noted
  std::vector<RunId> ended_;
};

}  // namespace assetd
