#pragma once
// What really happened, and what that says about what is committed.

#include <map>
#include <optional>

#include "tests/simulation/machine.h"

namespace assetd::simulation {

class Witness {
 public:
  explicit Witness(Machine& machine) : machine_(machine) {}

  void executed(const AttemptId& attempt);
  void recorded(const AttemptId& attempt, const supervisor::End& end) { truths_[attempt].recorded = end; }
  /// What was not synced may be gone: of attempts that had not ended no more can be asked than `lost`.
  void power_lost();
  /// The end of an attempt commits.
  void ended(const AttemptRecord& attempt) const;
  /// Everything is over.
  void check_leftovers(const supervisor::Logic& logic, const Engine& engine) const;

 private:
  struct Truth {
    int executed = 0;
    std::optional<supervisor::End> recorded;
    bool harmed = false;
  };
  void check_tree(const AttemptRecord& attempt) const;
  void check_truth(const AttemptRecord& attempt, const Truth& truth) const;
  void check_messages(const AttemptRecord& attempt) const;

  Machine& machine_;
  std::map<AttemptId, Truth> truths_;
  bool power_lost_ = false;
};

}  // namespace assetd::simulation
