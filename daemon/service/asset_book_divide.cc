// AssetBook: what is known of partitions when assets are divided otherwise than before.

#include <algorithm>

#include "core/partition/removed.h"
#include "daemon/service/asset_book.h"

namespace assetd {
namespace {

constexpr std::size_t kFormerKept = 8;  // divisions: ranges of each are few, and nobody turns back further

/// The partitions of the same keys, of those that there are; what finds no place stays in `set`.
IndexSet take_carried(IndexSet& set, const Partitions& from, const Partitions& to) {
  std::vector<IndexRange> found, left;
  set.each([&](PartitionIndex index) {
    const auto there = to.index(from.key(index));
    if (there) found.push_back({*there, *there + 1});
    else left.push_back({index, index + 1});
  });
  set = IndexSet(std::move(left));
  return IndexSet(std::move(found));
}

/// Moves what is known from one division to another; what finds no place there stays behind.
class Mover {
 public:
  /// `is_latest`: a check that has no set in `into` has nothing said of it later than this.
  Mover(const Partitions& from, const Partitions& to, bool is_latest) : from_(from), to_(to), is_latest_(is_latest) {}

  void move(PartitionStates& states, PartitionStates& into) const {
    move(states.materialized, into.materialized);
    move(states.failed, into.failed);
    move(states.disturbed, into.disturbed);
    move(states.failed_checks, into.failed_checks);
    move(states.passed_checks, into.passed_checks);
    auto of = IndexSet();
    move(states.reported.of, of);
    if (of.empty()) return;
    // There is one report: of two the later stands for its own partitions.
    if (into.reported.of.empty() || into.reported.at < states.reported.at) into.reported = {std::move(of), states.reported.data_version, states.reported.at};
    else if (into.reported.at == states.reported.at) into.reported.of = into.reported.of | of;
  }

 private:
  void move(IndexSet& set, IndexSet& into) const {
    into = into | take_carried(set, from_, to_);
  }
  // A check without a set is one whose last result named no partition; one with an empty set named some, of other keys.
  void move(std::map<std::string, IndexSet>& sets, std::map<std::string, IndexSet>& into) const {
    for (auto& [check, set] : sets) {
      IndexSet found;
      move(set, found);
      if (is_latest_ || !found.empty()) into[check] = into[check] | found;
    }
    std::erase_if(sets, [](const auto& each) { return each.second.empty(); });
  }

  const Partitions& from_;
  const Partitions& to_;
  bool is_latest_;
};

bool is_nothing(const PartitionStates& states) {
  return states.materialized.empty() && states.disturbed.empty() && states.passed_checks.empty() && states.reported.of.empty();
}

bool has_dynamic_keys(const PartitionsSpec& spec) {
  return std::ranges::any_of(spec.dimensions, [](const DimensionSpec& each) { return std::holds_alternative<DynamicPartitionsSpec>(each.of); });
}

/// What was owed for keys that are there no more is owed for nothing.
void carry_over(CheckDebts& debts, const Partitions* before, const Partitions* after) {
  const auto carried = [&](IndexSet set) { return before && after ? take_carried(set, *before, *after) : IndexSet(); };
  for (auto* where : {&debts.open, &debts.awaited, &debts.refused}) {
    for (auto& [check, set] : *where) set = carried(set);
    std::erase_if(*where, [](const auto& each) { return each.second.empty(); });
  }
  debts.uncounted = carried(debts.uncounted);
  for (auto& [run, set] : debts.made_by) set = carried(set);
  std::erase_if(debts.made_by, [](const auto& each) { return each.second.empty(); });
}

using Former = std::vector<std::shared_ptr<const PartitionStates>>;

/// What was made is kept. What failed is over: nobody can make it well, and its alert has ended.
void keep(Former& former) {
  for (auto& each : former) {
    auto kept = std::make_shared<PartitionStates>(*each);
    kept->failed = {};
    kept->failed_checks.clear();
    each = std::move(kept);
  }
  std::erase_if(former, [](const auto& each) { return is_nothing(*each); });
  former.resize(std::min(former.size(), kFormerKept));
}

/// True: something of `former` has its place again. `begins_with_latest`: its first was in force until now.
bool take_over(Former& former, PartitionStates& into, const Partitions& after, const DynamicKeys& dynamic, bool begins_with_latest) {
  const auto known_before = into;
  for (std::size_t nth = 0; nth < former.size(); ++nth) {
    const auto before = Partitions::make(former[nth]->spec, dynamic);
    if (!before) continue;
    auto left = std::make_shared<PartitionStates>(*former[nth]);
    Mover(*before, after, begins_with_latest && nth == 0).move(*left, into);
    former[nth] = std::move(left);
  }
  return into != known_before;
}

}  // namespace

void AssetBook::divide(const PartitionsInForce& partitions) {
  for (AssetId id = 0; id < partitions.project->definitions.assets.size(); ++id) divide(id, partitions);
}

void AssetBook::divide(AssetId id, const PartitionsInForce& partitions) {
  const auto& asset = partitions.project->definitions.assets[id];
  const auto& spec = asset.partitions;
  const auto* after = partitions.table.of(id);
  const auto states = current(id).partitions;
  auto former = current(id).former;
  // Of one that was not divided, and is: what was owed for it whole is owed for none of its partitions.
  if (!states && spec && !current(id).debts.empty()) stage(asset.key).debts = {};
  const bool is_other = states && !(spec && spec->dimensions == states->spec.dimensions);
  if (is_other) former.insert(former.begin(), states);
  // Where nothing else changed, keys that were added can have brought something back.
  else if (!after || std::ranges::none_of(former, [&](const auto& each) { return !states || has_dynamic_keys(each->spec); })) return;
  auto next = after ? std::make_shared<PartitionStates>(is_other || !states ? PartitionStates{*spec} : *states) : nullptr;
  const bool came_back = next && take_over(former, *next, *after, partitions.dynamic, is_other);
  if (!is_other && !came_back) return;
  auto& state = stage(asset.key);
  if (!next || next->materialized.empty()) state.data_until.reset();
  if (is_other) {
    const auto before = Partitions::make(states->spec, partitions.dynamic);
    carry_over(state.debts, before ? &*before : nullptr, after);
  }
  state.partitions = std::move(next);
  keep(former);
  state.former = std::move(former);
}

std::vector<std::string> AssetBook::forget_failures_of_removed(const PartitionsInForce& partitions) {
  std::vector<std::string> keys;
  for (AssetId id = 0; id < partitions.project->definitions.assets.size(); ++id) {
    const auto* divided = partitions.table.of(id);
    const auto& states = current(id).partitions;
    if (!divided || !states || !has_dynamic_keys(states->spec)) continue;
    auto left = std::make_shared<PartitionStates>(*states);
    left->failed = without_removed(*divided, left->failed);
    for (auto& [check, set] : left->failed_checks) set = without_removed(*divided, set);
    if (*left == *states) continue;
    auto& state = stage(keys.emplace_back(partitions.project->graph.key(id)));
    const bool was_it = left->failed.empty() && !states->failed.empty() && state.last_attempt && state.last_attempt->status == StepStatus::failed;
    if (was_it) state.last_attempt.reset();
    state.partitions = std::move(left);
  }
  return keys;
}

}  // namespace assetd
