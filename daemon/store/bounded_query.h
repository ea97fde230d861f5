#pragma once
// A connection for queries, each on one committed state and within a budget of time.

#include <chrono>
#include <expected>
#include <functional>
#include <memory>

#include "daemon/store/database.h"

namespace assetd {

class BoundedDatabase {
 public:
  using OnDamage = std::function<void(const StoreError&)>;
  /// `on_damage` hears of damaged pages that a query met, in its thread.
  BoundedDatabase(std::unique_ptr<Database> database, Millis budget, OnDamage on_damage);

  /// Runs `body(Database&)` in a read transaction. `busy` if it took too long.
  template <typename Body>
  auto read(Body body) -> std::expected<decltype(body(std::declval<Database&>())), StoreError> {
    start(budget_);
    return in_transaction(std::move(body));
  }
  template <typename Body>
  auto read_unbounded(Body body) -> std::expected<decltype(body(std::declval<Database&>())), StoreError> {
    start(Millis::max());
    return in_transaction(std::move(body));
  }

 private:
  template <typename Body>
  auto in_transaction(Body body) -> std::expected<decltype(body(std::declval<Database&>())), StoreError> {
    Transaction snapshot(*database_, "BEGIN");
    auto value = body(*database_);
    snapshot.commit();
    if (auto outcome = database_->outcome(); !outcome) {
      if (outcome.error().pages && on_damage_) on_damage_(outcome.error());
      return std::unexpected(outcome.error());
    }
    return value;
  }
  void start(Millis budget);
  bool overdue() const;

  std::unique_ptr<Database> database_;
  Millis budget_;
  OnDamage on_damage_;
  bool bounded_ = false;
  std::chrono::nanoseconds processor_end_{};             ///< of this thread's processor time
  std::chrono::steady_clock::time_point clock_end_{};
};

}  // namespace assetd
