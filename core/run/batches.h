#pragma once
// Which steps share a process: maximal groups that are convex in the graph, and such that groups never wait for each other in a circle.

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace assetd {

/// A small graph over 0..size-1 in topological order (parents before children).
struct BatchInput {
  std::uint32_t size = 0;
  std::function<void(std::uint32_t, const std::function<void(std::uint32_t)>&)> each_parent;
  std::function<void(std::uint32_t, const std::function<void(std::uint32_t)>&)> each_child;
  std::vector<std::uint32_t> kind;  ///< equal kinds may share; UINT32_MAX never shares
};

/// The group of each node, groups numbered by their first member. Greedy: a group takes in what a level later has of its kind wherever no path
/// leads out of it and back.
std::vector<std::uint32_t> make_batches(const BatchInput& input);

}  // namespace assetd
