#pragma once
// Sets of partitions as ranges of their indices: ten years of hours that are all there cost one range.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <optional>
#include <vector>

namespace assetd {

using PartitionIndex = std::int64_t;

/// Half-open: [begin, end), begin < end.
struct IndexRange {
  PartitionIndex begin = 0, end = 0;
  bool operator==(const IndexRange&) const = default;
};

/// A value. Ranges are sorted, disjoint and never touch, so that equal sets have equal ranges. Costs below are in the number of ranges.
class IndexSet {
 public:
  IndexSet() = default;
  /// Empty ranges are left out; the others may come in any order and overlap.
  explicit IndexSet(std::vector<IndexRange> ranges);
  static IndexSet range(PartitionIndex begin, PartitionIndex end) { return IndexSet({{begin, end}}); }

  bool empty() const { return ranges_.empty(); }
  std::int64_t size() const;
  bool contains(PartitionIndex index) const;  ///< logarithmic
  const std::vector<IndexRange>& ranges() const { return ranges_; }

  void insert(PartitionIndex index) { *this = *this | range(index, index + 1); }
  void erase(PartitionIndex index) { *this = *this - range(index, index + 1); }
  IndexSet operator|(const IndexSet& other) const;
  IndexSet operator&(const IndexSet& other) const;
  IndexSet operator-(const IndexSet& other) const;
  bool operator==(const IndexSet&) const = default;

  /// The first `count` of them; all if there are fewer.
  IndexSet first(std::int64_t count) const;
  IndexSet last(std::int64_t count) const;  ///< the last `count` of them
  void each(const std::function<void(PartitionIndex)>& visit) const;

  /// "0-8759,9000": inclusive, as people write ranges. Empty for the empty set.
  std::string encode() const;
  /// Nothing where the text is no such list in order.
  static std::optional<IndexSet> decode(std::string_view text);

 private:
  std::vector<IndexRange> ranges_;
};

}  // namespace assetd
