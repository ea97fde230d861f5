#pragma once
// How an asset is divided: windows of time, named parts, parts that come and go, or two of these crossed.

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/partition/time_windows.h"

namespace assetd {

/// Keys by index in the order in which they came; an index is never given again, so that sets of indices stay true when a key is removed.
class NamedKeys {
 public:
  explicit NamedKeys(std::vector<std::string> keys = {});
  /// Its index, new or that of before: a key that comes back is the partition it was.
  PartitionIndex add(const std::string& key);
  bool remove(const std::string& key);  ///< false: it was not there
  std::optional<PartitionIndex> index(std::string_view key) const;  ///< of one that is there
  const std::string& key(PartitionIndex index) const { return keys_[static_cast<std::size_t>(index)]; }  ///< also of one that was removed
  const IndexSet& existing() const { return existing_; }

 private:
  std::vector<std::string> keys_;
  std::map<std::string, PartitionIndex, std::less<>> index_of_;
  IndexSet existing_;
};

/// By name: the sets of dynamic partitions. What is not in it is empty.
using DynamicKeys = std::map<std::string, std::shared_ptr<const NamedKeys>>;

/// A definition that can be asked. Immutable; use from any thread.
///
/// With two dimensions a key is "first|second", the dimensions in the order of their names; its index has the one with windows of time (else the second)
/// in its low 32 bits, so that a stretch of time is one range for each value of the other.
class Partitions {
 public:
  /// Errors are sentences that begin with the key of the definition that is wrong. `dynamic` is looked at now: a changed set needs a new Partitions.
  static std::expected<Partitions, std::string> make(const PartitionsSpec& spec, const DynamicKeys& dynamic);

  std::string key(PartitionIndex index) const;
  std::optional<PartitionIndex> index(std::string_view key) const;
  /// All that can be filled by then: windows that have ended, keys that are there.
  IndexSet existing(WallTime now) const;
  /// The time of a partition, where it has one.
  std::optional<TimeWindow> window(PartitionIndex index) const;
  /// What is asked for where nobody says which: the last window of time that has ended, and of other dimensions all keys.
  IndexSet usual(WallTime now) const;
  /// Of all windows of time with a moment of [begin, end), and all keys of the other dimension. Nothing where there is no time.
  std::optional<IndexSet> within(const TimeWindow& time, WallTime now) const;

  struct Dimension {
    std::string name;
    std::variant<TimeWindows, std::shared_ptr<const NamedKeys>> of;
    bool dynamic = false;  ///< its keys come and go
    bool has_time() const { return std::holds_alternative<TimeWindows>(of); }
  };
  const std::vector<Dimension>& dimensions() const { return dimensions_; }  ///< in the order of their names
  /// The index within each dimension, and back.
  std::vector<PartitionIndex> split(PartitionIndex index) const;
  PartitionIndex join(const std::vector<PartitionIndex>& parts) const;
  /// All combinations of one set for each dimension, in their order.
  IndexSet cross(const std::vector<IndexSet>& sets) const;
  /// The other way round: products of sets whose union is `set`, as few as its order gives.
  std::vector<std::vector<IndexSet>> products(const IndexSet& set) const;
  /// All that there are by then in one dimension, as existing().
  IndexSet existing_in(std::size_t dimension, WallTime now) const;

 private:
  explicit Partitions(std::vector<Dimension> dimensions);

  std::vector<Dimension> dimensions_;
  std::size_t low_ = 0;  ///< the dimension in the low bits
};

/// The time of a partition by its key, whatever keys the other dimension has; nothing where it has no time, or that is no key of it.
std::optional<TimeWindow> window_of(const PartitionsSpec& spec, std::string_view key);

}  // namespace assetd
