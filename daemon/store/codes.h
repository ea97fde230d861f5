#pragma once
// Enumerations as the small integers that are stored. A stored meaning never changes: add numbers, never reuse one.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/alert/alert.h"
#include "core/run/records.h"
#include "core/sensor/sensor.h"

namespace assetd {

template <typename E>
struct StoredCodes;  // ::table, pairs of value and number

template <>
struct StoredCodes<RunStatus> {
  using enum RunStatus;
  // Below 10: the run has not ended. The index runs_active and its queries rely on it.
  static constexpr std::pair<RunStatus, int> table[] = {{queued, 0}, {running, 1}, {canceling, 2}, {succeeded, 10}, {failed, 11}, {canceled, 12}};
};
inline constexpr int kFirstEndedRun = 10;

template <>
struct StoredCodes<StepStatus> {
  using enum StepStatus;
  static constexpr std::pair<StepStatus, int> table[] = {{pending, 0},    {ready, 1},   {starting, 2}, {running, 3}, {waiting_retry, 4},
                                    {succeeded, 10}, {failed, 11}, {skipped, 12}, {canceled, 13}};
};

template <>
struct StoredCodes<StepsMode> {
  using enum StepsMode;
  static constexpr std::pair<StepsMode, int> table[] = {{all, 0}, {assets, 1}, {checks, 2}};
};

template <>
struct StoredCodes<AttemptOutcome> {
  using enum AttemptOutcome;
  static constexpr std::pair<AttemptOutcome, int> table[] = {{succeeded, 0}, {failed, 1}, {canceled, 2}};
};

template <>
struct StoredCodes<ExitReport::Kind> {
  using enum ExitReport::Kind;
  static constexpr std::pair<ExitReport::Kind, int> table[] = {{exited, 0}, {signaled, 1}, {never_started, 2}, {lost, 3}};
};

template <>
struct StoredCodes<CheckStatus> {
  using enum CheckStatus;
  static constexpr std::pair<CheckStatus, int> table[] = {{passed, 0}, {failed, 1}, {warned, 2}, {skipped, 3}, {error, 4}};
};

template <>
struct StoredCodes<Severity> {
  using enum Severity;
  static constexpr std::pair<Severity, int> table[] = {{error, 0}, {warn, 1}};
};

template <>
struct StoredCodes<HoldMode> {
  using enum HoldMode;
  static constexpr std::pair<HoldMode, int> table[] = {{read, 0}, {write, 1}};
};

template <>
struct StoredCodes<TickOutcome> {
  using enum TickOutcome;
  static constexpr std::pair<TickOutcome, int> table[] = {{requested, 0}, {skipped, 1}, {failed, 2}, {queued, 3}};
};

template <>
struct StoredCodes<AlertState> {
  using enum AlertState;
  static constexpr std::pair<AlertState, int> table[] = {{pending, 0}, {delivered, 1}, {failed, 2}, {silenced, 3}};
};

template <>
struct StoredCodes<SensorOutcome> {
  using enum SensorOutcome;
  static constexpr std::pair<SensorOutcome, int> table[] = {{fired, 0}, {skipped, 1}, {failed, 2}};
};

template <typename E>
constexpr int stored(E value) {
  for (const auto& [known, number] : StoredCodes<E>::table)
    if (known == value) return number;
  return -1;  // a value without a number: the round-trip test of every enumeration catches it
}

template <typename E>
constexpr std::optional<E> from_stored(std::int64_t number) {
  for (const auto& [value, known] : StoredCodes<E>::table)
    if (known == number) return value;
  return std::nullopt;
}

/// Event types that are stored as numbers; another type is stored as its text.
inline constexpr std::array<std::pair<std::string_view, int>, 10> kEventTypes{{{"run_changed", 1},
                                                                              {"step_changed", 2},
                                                                              {"asset_changed", 3},
                                                                              {"materialization", 4},
                                                                              {"check_result", 5},
                                                                              {"definitions_changed", 6},
                                                                              {"tick", 7},
                                                                              {"schedule_changed", 8},
                                                                              {"pool_changed", 9},
                                                                              {"automation_changed", 10}}};

}  // namespace assetd
