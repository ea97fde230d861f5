#include "core/run/states.h"

#include <array>

namespace assetd {
namespace {

constexpr std::array<std::string_view, 6> kRunNames{"queued", "running", "canceling", "succeeded", "failed", "canceled"};
constexpr std::array<std::string_view, 9> kStepNames{"pending",       "ready",     "starting", "running", "waiting_retry",
                                                     "succeeded",     "failed",    "skipped",  "canceled"};

constexpr unsigned bit(StepStatus s) { return 1U << static_cast<unsigned>(s); }
constexpr unsigned bit(RunStatus s) { return 1U << static_cast<unsigned>(s); }

// Rows: from. Each entry: the set of what may follow.
constexpr std::array<unsigned, 6> kRunTable{
    bit(RunStatus::running) | bit(RunStatus::canceling) | bit(RunStatus::canceled) | bit(RunStatus::succeeded) | bit(RunStatus::failed),
    bit(RunStatus::canceling) | bit(RunStatus::succeeded) | bit(RunStatus::failed) | bit(RunStatus::canceled),
    bit(RunStatus::canceled) | bit(RunStatus::failed),  // failed: what was stopped was a run whose time was over
    0,
    0,
    0};

using enum StepStatus;
constexpr std::array<unsigned, 9> kStepTable{
    // pending: a checks-only step goes to running or its end without a process of its own
    bit(ready) | bit(starting) | bit(running) | bit(succeeded) | bit(failed) | bit(skipped) | bit(canceled),
    bit(pending) | bit(starting) | bit(skipped) | bit(canceled),
    // starting → pending: a batch ended before it came to this member, which goes along with the next attempt
    bit(pending) | bit(running) | bit(waiting_retry) | bit(succeeded) | bit(failed) | bit(skipped) | bit(canceled),
    bit(pending) | bit(waiting_retry) | bit(succeeded) | bit(failed) | bit(skipped) | bit(canceled),
    bit(pending) | bit(ready) | bit(starting) | bit(failed) | bit(skipped) | bit(canceled),
    0,
    0,
    0,
    0};

template <typename Enum, std::size_t N>
std::optional<Enum> parse(const std::array<std::string_view, N>& names, std::string_view text) {
  for (std::size_t i = 0; i < N; ++i)
    if (names[i] == text) return static_cast<Enum>(i);
  return std::nullopt;
}

}  // namespace

bool may_follow(RunStatus from, RunStatus to) { return (kRunTable[static_cast<std::size_t>(from)] & bit(to)) != 0; }
bool may_follow(StepStatus from, StepStatus to) { return (kStepTable[static_cast<std::size_t>(from)] & bit(to)) != 0; }

std::string_view to_string(RunStatus status) { return kRunNames[static_cast<std::size_t>(status)]; }
std::string_view to_string(StepStatus status) { return kStepNames[static_cast<std::size_t>(status)]; }
std::optional<RunStatus> parse_run_status(std::string_view text) { return parse<RunStatus>(kRunNames, text); }
std::optional<StepStatus> parse_step_status(std::string_view text) { return parse<StepStatus>(kStepNames, text); }

}  // namespace assetd
