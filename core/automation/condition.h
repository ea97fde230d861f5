#pragma once
// Conditions under which an asset is to be materialized without anybody asking: the language, as a tree. automation.h evaluates it.
//
//   eager                                  on_cron("0 6 * * *", "Europe/London")        on_missing
//   any_deps_updated and not any_deps_in_progress
//   since(any_deps_updated("tag:hourly"), newly_requested) and checks_passed
//
// Names stand alone or with arguments; `not` binds tighter than `and`, `and` than `or`. A condition is true of some of an asset's partitions and not of
// others; an asset without partitions is its own only one.

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace assetd {

struct Condition {
  enum class Kind : std::uint8_t {
    // Of the partition itself.
    missing,                ///< never materialized
    in_progress,            ///< a run has it and is not over
    failed,                 ///< its newest attempt failed
    newly_updated,          ///< materialized, or observed, since the last evaluation
    newly_updated_apart,    ///< the same, but for what came of a run that makes the asset whose condition this is as well
    newly_requested,        ///< automation asked for it at the last evaluation
    code_version_changed,   ///< the version of its code is another than at the last evaluation
    checks_passed,          ///< none of its checks failed at their last result
    cron_tick_passed,       ///< an instant of `text` in zone `zone` came since the last evaluation
    in_latest_time_window,  ///< its window is the newest that has ended; always, where there is no time
    requested,              ///< this evaluation has just asked for it: of deps, which are evaluated before
    // Of other conditions.
    any_deps,    ///< child: for a partition of an asset above that this one is made from; of those in `text`, a selection, if it is not empty
    all_deps,    ///< child: for all of these
    all_of, any_of, negation,
    since,         ///< children: trigger, reset. Was the trigger true after (or without) the reset's last time? Where both are, the reset counts
    newly_true,    ///< child: now, and was not at the last evaluation
  };
  Kind kind = Kind::missing;
  std::string name;  ///< as it is shown: "any_deps_updated", "and"
  std::string text, zone;
  int column = 0;    ///< from 1, where it stands; that of the name it comes from, for what a name stands for
  std::vector<std::shared_ptr<const Condition>> children;
  int text_column = 0;  ///< from 1, where a selection begins, within its quotes
};

using ConditionPtr = std::shared_ptr<const Condition>;

struct ConditionError {
  std::string message;
  int column = 0;  ///< from 1
};

/// Cron expressions, zones and selections in it are checked as to their syntax.
std::expected<ConditionPtr, ConditionError> parse_condition(std::string_view expression);

/// Names that may stand in an expression, for hints and completion.
std::vector<std::string> condition_names();

/// How many levels of assets above it the condition looks at: 0 where it has no any_deps or all_deps.
std::size_t depth_of(const Condition& condition);

}  // namespace assetd
