// The time after the faults: everything must end, and nothing be left.

#include <algorithm>
#include <utility>

#include "tests/simulation/violation.h"
#include "tests/simulation/world.h"

namespace assetd::simulation {
namespace {
constexpr int kAskAgain = 50;
constexpr int kStandStill = 4'000;          // actions after which time brings nothing new any more: runs that last longer than a minute would never be over
constexpr std::int64_t kStill = 1'000'000;  // the version of that
constexpr int kSettleBound = 30'000;  // actions within which everything must have ended once faults stop
}

/// The same, without windows that come and instants that pass.
static RunContext standing_still(const RunContext& now) {
  auto definitions = std::make_shared<Definitions>(*now.definitions);
  for (auto& asset : definitions->assets) {
    if (asset.automation.find("cron") != std::string::npos) asset.automation.clear();
    if (!asset.partitions) continue;
    for (auto& dimension : asset.partitions->dimensions)
      if (auto* windows = std::get_if<TimeWindowsSpec>(&dimension.of)) windows->end = "2023-11-14T22:16";
  }
  return {kStill, definitions, now.graph};
}

/// One last word of what was made by hand, once all else is over: what follows it has nothing else that sets it off.
static void tell(Machine& machine, DaemonHost& daemon) {
  if (machine.options.rules.told > 0) daemon.tell(machine.random.pick(machine.store.definitions().definitions->assets)->key, "");
}

void World::settle() {
  machine_.faults = false;
  machine_.disk.full = false;
  machine_.now.wall = std::max(machine_.now.wall, Machine::kBegan);  // before that no window had ended: what sensors ask for could never be run
  machine_.random.leave_tape();
  machine_.trace.add([] { return std::string("---- the faults end"); });
  bool told = false;
  for (int i = 0; i < kSettleBound; ++i) {
    if (daemon_ && daemon_->draining()) kill(Who::daemon);
    if (daemon_ && i % kAskAgain == 0 && !people_.is_calm()) people_.calm(*daemon_);
    else if (daemon_ && i >= kStandStill && i % kAskAgain == 0 && machine_.store.definitions().version != kStill) daemon_->reload(standing_still(machine_.store.definitions()));
    if (is_over() && !std::exchange(told, true)) tell(machine_, *daemon_);
    if (is_over()) {
      machine_.store.check_followed(machine_.now.wall);
      machine_.store.check_all_tried();
      if (machine_.options.sensors > 0) machine_.outside.check_all_asked(machine_.store.sensors(), machine_.store.happened_since_watched());
      return witness_.check_leftovers(supervisor_->logic(), daemon_->engine());
    }
    draw(true);
  }
  broken(Invariant::liveness, what_is_left());
}

bool World::is_over() const {
  if (!daemon_ || !supervisor_ || !people_.is_calm() || !daemon_->engine().runs().empty() || !daemon_->engine().wrecks().empty()) return false;
  const auto& backfills = machine_.store.backfills();
  if (std::ranges::any_of(backfills, [](const auto& each) { return each.second.status == BackfillStatus::running || !each.second.runs.empty(); })) return false;
  if (!daemon_->alerts().is_quiet()) return false;
  if (machine_.options.sensors > 0 && (!daemon_->sensors().is_quiet() || !machine_.outside.all_taken())) return false;
  // A latched daemon is told of ends and takes none: it begins again from what is committed before anything counts.
  if (daemon_->latched()) return false;
  // What is over in the store may still be on its way to the disk: acknowledgements wait for company.
  if (daemon_->has_tasks() || daemon_->has_events() || daemon_->has_later() || supervisor_->has_work() || !daemon_->is_connected()) return false;
  return programs_.all().empty() && ready_shims().empty();
}

std::string World::what_is_left() const {
  if (!daemon_ || !supervisor_) return "there is no daemon, or no supervisor";
  std::string text = std::to_string(daemon_->engine().runs().size()) + " runs do not end, " + std::to_string(daemon_->engine().wrecks().size()) + " damaged ones neither; the daemon is " + daemon_->link();
  for (const auto& [id, run] : daemon_->engine().runs()) {
    text += "; run " + std::to_string(id) + " (" + std::string(to_string(run->record.status)) + ", " + std::to_string(run->live.size()) + " live attempts, " + std::to_string(run->open_check_units) + " open units of checks):";
    for (StepIndex step = 0; step < run->steps.size(); ++step) {
      if (is_terminal(run->steps[step].status)) continue;
      text += " " + run->asset(step).key + "=" + std::string(to_string(run->steps[step].status)) + " (" + in_words(daemon_->engine().blockers(id, step, machine_.now.wall)) + ")";
    }
  }
  for (const auto& [id, backfill] : machine_.store.backfills())
    if (!assetd::is_over(backfill.status) || !backfill.runs.empty()) text += "; backfill " + std::to_string(id) + " is " + std::string(to_string(backfill.status)) + " with " + std::to_string(backfill.runs.size()) + " runs";
  if (!daemon_->sensors().is_quiet()) text += "; not all sensors have seen what there is";
  return text;
}

}  // namespace assetd::simulation
