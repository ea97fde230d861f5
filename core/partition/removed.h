#pragma once
// What is no more: partitions whose dynamic key was removed. What was known of them stays known, and comes back with the key.

#include "core/partition/partitions.h"

namespace assetd {

/// Those of a set whose keys are there; windows of time always are.
inline IndexSet without_removed(const Partitions& partitions, const IndexSet& set) {
  const auto& dimensions = partitions.dimensions();
  IndexSet there;
  for (auto& sets : partitions.products(set)) {
    for (std::size_t i = 0; i < sets.size(); ++i)
      if (dimensions[i].dynamic) sets[i] = sets[i] & std::get<std::shared_ptr<const NamedKeys>>(dimensions[i].of)->existing();
    there = there | partitions.cross(sets);
  }
  return there;
}

}  // namespace assetd
