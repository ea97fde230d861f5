#include "daemon/store/bounded_query.h"

#include <sqlite3.h>
#include <time.h>

namespace assetd {
namespace {

constexpr int kInstructionsBetweenLooks = 2'000;  // of SQLite's machine: some 20 µs
// By the clock a query may take longer than by processor time: on a busy machine it waits for its turn.
constexpr int kClockFactor = 10;

std::chrono::nanoseconds processor_time() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace

BoundedDatabase::BoundedDatabase(std::unique_ptr<Database> database, Millis budget, OnDamage on_damage)
    : database_(std::move(database)), budget_(budget), on_damage_(std::move(on_damage)) {
  auto interrupt = [](void* self) -> int { return static_cast<BoundedDatabase*>(self)->overdue(); };
  sqlite3_progress_handler(database_->handle(), kInstructionsBetweenLooks, interrupt, this);
}

void BoundedDatabase::start(Millis budget) {
  bounded_ = budget != Millis::max();
  if (!bounded_) return;
  processor_end_ = processor_time() + budget;
  clock_end_ = std::chrono::steady_clock::now() + kClockFactor * budget;
}

bool BoundedDatabase::overdue() const {
  return bounded_ && (processor_time() >= processor_end_ || std::chrono::steady_clock::now() >= clock_end_);
}

}  // namespace assetd
