#pragma once
// Those who are told: what has arrived at them, whatever the daemon knows of it.

#include <set>
#include <string>

#include "core/alert/alert.h"
#include "tests/simulation/fake_store.h"

namespace assetd::simulation {

class Receivers {
 public:
  /// An attempt arrives. Throws a Violation if it tells of what is not committed, or of an end before its begin.
  void take(const AlertRecord& alert, const FakeStore& store);
  bool has(const std::string& alert) const { return arrived_.contains(alert); }

 private:
  void check_order(const AlertRecord& alert, const FakeStore& store) const;
  std::set<std::string> arrived_;
};

}  // namespace assetd::simulation
