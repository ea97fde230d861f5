#pragma once
// Retention: once an hour the store is swept, in steps between turns that hold the writer for some milliseconds, and then the files: output and artifacts.

#include <chrono>
#include <functional>
#include <future>
#include <optional>
#include <vector>

#include "core/definition/retention.h"
#include "daemon/service/output_sweep.h"
#include "daemon/store/prune.h"
#include "daemon/store/store.h"

namespace assetd {

/// The service's thread only.
class Housekeeper {
 public:
  struct Report {
    Pruned store;
    OutputSwept output;
    std::int64_t longest_step_us = 0;
  };
  using Done = std::function<void(const Report&)>;

  explicit Housekeeper(DataPaths paths) : paths_(std::move(paths)) {}

  /// A step, if it is time for one. An error is the store's: it is latched, and the sweep is given up.
  std::expected<void, StoreError> step(const Now& now, Store& store, const Retention& retention);
  /// Boot time at which step() has something to do.
  Millis next() const { return next_; }
  /// A whole sweep from now on; `done` hears what it did.
  void sweep_now(Done done);
  /// The store was opened anew: a sweep that was under way begins again later.
  void give_up();

 private:
  void begin(const Now& now, const Retention& retention);
  std::expected<void, StoreError> prune(const Now& now, Store& store, const Retention& retention);
  void finish(const Now& now);

  DataPaths paths_;
  Millis next_{0};  ///< 0: since the start nothing was looked at
  std::optional<PruneSweep> sweep_;
  std::future<OutputSwept> output_;
  Report report_;
  int squeeze_ = 0;   ///< ages are cut to (3/4)^squeeze while store and logs are larger than they may be
  std::vector<Done> asked_, waiting_;  ///< for the next sweep; for the one under way
};

}  // namespace assetd
