// A store that failed: back to what is committed, shown as it is and left alone, until the store has been opened anew.

#include <spdlog/spdlog.h>

#include "core/engine/reconcile.h"
#include "core/schedule/cron.h"
#include "daemon/service/daemon_service.h"

namespace assetd {
namespace {
constexpr Millis kUnlatchInterval{1'000};
}

// The outcome of a failed commit is unknown: nothing is started, answered or shown on top of it until the store has been opened anew.
void DaemonService::latch(const std::string& why) {
  say_latched(why);
  go_back();
}

void DaemonService::say_latched(const std::string& why) {
  spdlog::error("the store failed, nothing is started until it works again: {}", why);
  std::lock_guard lock(mutex_);
  if (latched_.empty()) latched_since_ = format_time(clock_.now().wall);
  latched_ = why;
  unlatch_at_ = clock_.now().boot + kUnlatchInterval;
}

StartsHeld DaemonService::held_for_store() const {
  std::lock_guard lock(mutex_);
  return {"latched", "cannot be written since " + latched_since_ + ": " + latched_, !latched_.empty()};
}

/// What a turn has done in memory and could not commit is dropped: what is shown from now on is the last commit. Reading does not need a disk with room.
void DaemonService::go_back() {
  if (!project()) return;  // nothing is shown yet
  book_.drop_staged();
  waiting_turn_.reset();
  Turn nothing;
  nothing.now = clock_.now();
  going_back_ = true;
  const auto taken = take_from_store(nothing);
  going_back_ = false;
  book_.drop_staged();  // what would follow from a restart waits for the store too
  if (!taken) spdlog::error("nor can the store be read, what is asked is refused: {}", taken.error());
  std::lock_guard lock(mutex_);
  unreadable_ = taken ? "" : taken.error();
}

std::string DaemonService::unreadable() const {
  std::lock_guard lock(mutex_);
  return unreadable_;
}

void DaemonService::try_unlatch() {
  {
    std::lock_guard lock(mutex_);
    if (latched_.empty() || clock_.now().boot < unlatch_at_) return;
  }
  if (store_->given_up()) return;  // opening it anew mends nothing
  book_.drop_staged();
  housekeeper_->give_up();
  waiting_turn_.reset();
  auto opened = store_->reopen();
  if (!opened) {
    say_latched(opened.error().message);
    feed_held();
    if (!unreadable().empty()) go_back();
    return;
  }
  if (auto taken = take_current_definitions(); !taken) return latch(taken.error());
  recovering_ = true;
  const auto recovered = recover();
  recovering_ = false;
  if (!recovered) return latch(recovered.error());
  if (store_->latched()) return;  // what follows from recovering could not be written
  spdlog::warn("the store works again; transaction {} was the last that is there", *opened);
  {
    std::lock_guard lock(mutex_);
    latched_.clear();
    unreadable_.clear();
  }
  if (execution_) execution_->list(seen_running(*engine_));
  if (cancels_what_runs_) tasks_.push([this](Turn& turn) { cancel_everything(turn); });  // what was asked of the former engine went with it
}

/// Why it is latched now may be another reason than before.
void DaemonService::feed_held() { engine_->handle(clock_.now(), held_for_store()); }

/// A version whose commit failed may be there all the same: then it is the one that serves.
std::expected<void, std::string> DaemonService::take_current_definitions() {
  const auto record = store_->current_definitions();
  if (!record) return std::unexpected(record.error().message);
  const auto serving = project();
  if (!*record || (serving && serving->version == (*record)->version)) return {};
  auto current = make_project(**record);
  if (!current) return std::unexpected(current.error());
  use_project(*current, nullptr);
  return {};
}

}  // namespace assetd
