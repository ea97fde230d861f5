#include "daemon/http/past_partitions.h"

#include <map>
#include <set>

namespace assetd::http {
namespace {

constexpr int kRowsARead = 1'000;  // one budget of time is for so many

/// What happened to one partition up to the moment; times are of the latest.
struct Happened {
  bool made = false;
  std::optional<WallTime> reported, ended;
  bool failed = false;  ///< at `ended`
};

struct History {
  std::map<std::string, Happened> of;  ///< by key
  std::set<std::string> made_ever, ended_ever;  ///< also after the moment
  std::optional<WallTime> all_reported;  ///< a report that named no partition is of all that there were
  bool all_reported_later = false;       ///< such a one came after the moment: what is there now may be of it
};

Reader::Result<bool> read_made(const std::string& asset, WallTime at, History& history, Reader& reader) {
  PageRequest page{kRowsARead, ""};
  do {
    const auto rows = reader.materializations(asset, page);
    if (!rows) return std::unexpected(rows.error());
    for (const auto& [id, made] : rows->items) {
      const bool is_report = made.run == 0;
      if (!made.partition.empty()) history.made_ever.insert(made.partition);
      if (made.at > at) {
        history.all_reported_later |= is_report && made.partition.empty();
        continue;
      }
      if (made.partition.empty()) {
        if (is_report && !history.all_reported) history.all_reported = made.at;
        continue;
      }
      auto& known = history.of[made.partition];
      known.made = true;
      if (is_report && !known.reported) known.reported = made.at;
    }
    page.cursor = rows->next_cursor;
  } while (!page.cursor.empty());
  return true;
}

Reader::Result<bool> read_ended(const std::string& asset, WallTime at, History& history, Reader& reader) {
  PageRequest page{kRowsARead, ""};
  do {
    const auto rows = reader.asset_attempts(asset, page);
    if (!rows) return std::unexpected(rows.error());
    for (const auto& each : rows->items) {
      if (each.partition.empty() || (each.status != StepStatus::failed && each.status != StepStatus::succeeded)) continue;
      history.ended_ever.insert(each.partition);
      auto& known = history.of[each.partition];
      if (each.ended_at > at || (known.ended && *known.ended >= each.ended_at)) continue;
      known.ended = each.ended_at;
      known.failed = each.status == StepStatus::failed;
    }
    page.cursor = rows->next_cursor;
  } while (!page.cursor.empty());
  return true;
}

bool had_failed(const Happened& known, const std::optional<WallTime>& all_reported) {
  const auto undone_by = [&](const std::optional<WallTime>& reported) { return reported && *reported >= *known.ended; };
  return known.ended && known.failed && !undone_by(known.reported) && !undone_by(all_reported);
}

/// Of those that are kept no more.
void add_from_now(const NowKnown& now, const History& history, const Partitions& divided, std::vector<IndexRange>& made, std::vector<IndexRange>& failed) {
  if (!now.states || !now.divided) return;
  const auto take = [&](const IndexSet& set, const std::set<std::string>& kept, std::vector<IndexRange>& into) {
    set.each([&](PartitionIndex index) {
      const auto key = now.divided->key(index);
      const auto there = kept.contains(key) ? std::nullopt : divided.index(key);
      if (there) into.push_back({*there, *there + 1});
    });
  };
  if (!history.all_reported_later) take(now.states->materialized, history.made_ever, made);
  take(now.states->failed, history.ended_ever, failed);
}

}  // namespace

Reader::Result<std::shared_ptr<const PartitionStates>> partitions_at(const PartitionsSpec& spec, const Partitions& divided, WallTime at, const NowKnown& now, Reader& reader) {
  History history;
  if (const auto read = read_made(now.name, at, history, reader); !read) return std::unexpected(read.error());
  if (const auto read = read_ended(now.name, at, history, reader); !read) return std::unexpected(read.error());
  std::vector<IndexRange> made, failed;
  for (const auto& [key, known] : history.of) {
    const auto index = divided.index(key);
    if (!index) continue;
    if (known.made) made.push_back({*index, *index + 1});
    if (had_failed(known, history.all_reported)) failed.push_back({*index, *index + 1});
  }
  add_from_now(now, history, divided, made, failed);
  auto states = PartitionStates{spec, IndexSet(std::move(made)), IndexSet(std::move(failed))};
  if (history.all_reported) states.materialized = states.materialized | divided.existing(*history.all_reported);
  if (states.materialized.empty() && states.failed.empty()) return nullptr;
  return std::make_shared<const PartitionStates>(std::move(states));
}

}  // namespace assetd::http
