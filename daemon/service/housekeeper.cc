#include "daemon/service/housekeeper.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace assetd {
namespace {

using std::chrono::microseconds;

constexpr Millis kFirst{std::chrono::minutes(1)};      // after a start there is other work
constexpr Millis kInterval{std::chrono::hours(1)};
constexpr Millis kSqueezed{std::chrono::minutes(5)};   // while there is too much
constexpr Millis kLook{50};
constexpr int kRest = 4;                               // times a step's length, until the next one
constexpr std::chrono::hours kAnswersKept{24};
constexpr Millis kRecordsKept{std::chrono::days(30)};  // at least
constexpr int kMostSqueeze = 90;  // a year becomes milliseconds

}  // namespace

void Housekeeper::sweep_now(Done done) {
  asked_.push_back(std::move(done));
  if (!sweep_ && !output_.valid()) next_ = Millis{1};
}

void Housekeeper::give_up() {
  if (!sweep_) return;
  sweep_.reset();
  asked_.insert(asked_.end(), std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.end()));
  waiting_.clear();
}

std::expected<void, StoreError> Housekeeper::step(const Now& now, Store& store, const Retention& retention) {
  if (next_ == Millis{0}) next_ = now.boot + kFirst;
  if (now.boot < next_) return {};
  if (output_.valid()) {
    finish(now);
    return {};
  }
  if (!sweep_) begin(now, retention);
  return prune(now, store, retention);
}

void Housekeeper::begin(const Now& now, const Retention& retention) {
  const auto share = std::pow(0.75, squeeze_);
  const auto before = [&](Millis age) { return now.wall - std::chrono::duration_cast<Millis>(age * share); };
  // By ticks and the audit people and schedules know what was dealt with: want of space is no reason to forget that.
  const auto records = now.wall - std::max(retention.runs, kRecordsKept);
  sweep_.emplace(PruneCutoffs{now.wall - kAnswersKept, before(retention.events), before(retention.runs), records});
  report_ = {};
  waiting_ = std::exchange(asked_, {});
}

std::expected<void, StoreError> Housekeeper::prune(const Now& now, Store& store, const Retention& retention) {
  if (store.is_moving_log()) {
    next_ = now.boot + kLook;
    return {};
  }
  const auto begun = std::chrono::steady_clock::now();
  const auto pruned = store.prune(*sweep_, PruneBounds{});
  if (!pruned) {
    give_up();
    next_ = asked_.empty() ? now.boot + kFirst : Millis{1};
    return pruned;
  }
  const auto took = std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now() - begun);
  report_.longest_step_us = std::max<std::int64_t>(report_.longest_step_us, took.count());
  next_ = now.boot + std::chrono::ceil<Millis>(took * (kRest + 1));
  if (!sweep_->over()) return {};
  report_.store = sweep_->pruned();
  sweep_.reset();
  output_ = std::async(std::launch::async, [sweep = OutputSweep{paths_, now.wall, now.wall - retention.logs, now.wall - retention.artifacts, retention.max_bytes}] { return sweep_output(sweep); });
  return {};
}

void Housekeeper::finish(const Now& now) {
  next_ = now.boot + kLook;
  if (output_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
  report_.output = output_.get();
  const auto& [store, output, longest] = report_;
  if (!output.error.empty()) spdlog::warn("output and artifacts that are too old were not all removed: {}", output.error);
  if (output.too_much) spdlog::warn("store and logs take {} bytes, more than retention's max_bytes; events and runs go sooner than their ages say", output.bytes);
  if (store.rows > 0 || output.runs > 0 || output.artifacts > 0)
    spdlog::info("forgot {} events, {} runs, the output of {} runs and {} artifacts; the longest step took {} ms", store.events, store.runs, output.runs, output.artifacts, longest / 1'000);
  squeeze_ = output.too_much ? std::min(squeeze_ + 1, kMostSqueeze) : 0;
  next_ = asked_.empty() ? now.boot + (output.too_much ? kSqueezed : kInterval) : Millis{1};
  for (const auto& done : std::exchange(waiting_, {})) done(report_);
}

}  // namespace assetd
