#pragma once
// Which partitions of an asset one that is made from it needs: between any two ways of being divided, one dimension at a time.

#include <expected>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "core/partition/partitions.h"
#include "core/partition/time_mapping.h"

namespace assetd {

/// The form of `partitions:` of a dependency, whatever the two assets are; errors are sentences. docs/partitions.md lists the forms.
std::expected<void, std::string> check_mapping(const nlohmann::json& spec);

/// Immutable; use from any thread. An asset that is not divided has the one partition 0.
class PartitionMapping {
 public:
  /// `spec`: as written, null where nothing is: windows of time by the time they share, other keys by name, everything of what has no counterpart.
  /// Null partitions: not divided. Errors are sentences: a form that does not fit these two.
  static std::expected<PartitionMapping, std::string> make(const nlohmann::json& spec, std::shared_ptr<const Partitions> downstream, std::shared_ptr<const Partitions> upstream);

  /// Partitions of upstream that `set` of downstream is made from, those that there are.
  IndexSet upstream_of(const IndexSet& set, WallTime now) const;
  /// Partitions of downstream that are made from one of `set` of upstream.
  IndexSet downstream_of(const IndexSet& set, WallTime now) const;
  /// Is each partition made from the one of the same index?
  bool is_identity() const;

 private:
  /// How one dimension of upstream follows.
  struct Rule {
    enum class Kind { all, last, time, key, only, table };
    Kind kind = Kind::all;
    int from = -1;  ///< the dimension of downstream that it follows; -1: none
    TimeMapping time;
    IndexSet only;
    std::map<PartitionIndex, IndexSet> table;  ///< by index of downstream
  };
  struct Maker;

  IndexSet up(const Rule& rule, std::size_t to, const IndexSet& set, WallTime now) const;
  IndexSet down(const Rule& rule, std::size_t to, const IndexSet& set, WallTime now) const;
  const Partitions::Dimension& from(const Rule& rule) const { return downstream_->dimensions()[static_cast<std::size_t>(rule.from)]; }

  std::shared_ptr<const Partitions> downstream_, upstream_;
  std::vector<Rule> rules_;  ///< one a dimension of upstream
};

}  // namespace assetd
