#pragma once
// The states of runs and steps, each with what is true in it, and the tables of what may follow what. ARCHITECTURE.md draws them.

#include <cstdint>
#include <optional>
#include <string_view>

namespace assetd {

enum class RunStatus : std::uint8_t {
  queued,     ///< accepted and durable; waits until the earlier runs of its schedule have ended, none of its steps has been looked at
  running,    ///< its steps are being worked on
  canceling,  ///< a cancel, or the end of its time, is committed: nothing of it starts any more, live attempts are being stopped
  succeeded,  ///< every step succeeded and no error check failed
  failed,     ///< ended, and at least one step failed, was skipped because of one, an error check failed, or its time was over
  canceled,   ///< ended by a cancel: every attempt has answered never_started or its tree is empty
};

enum class StepStatus : std::uint8_t {
  pending,        ///< waits for its upstream
  ready,          ///< upstream is done; waits for slots, resources or its batch. Derived, never stored
  starting,       ///< the intent of an attempt that carries it is committed; slots are held
  running,        ///< its process (or its part of a batch) has been seen to run
  waiting_retry,  ///< an attempt failed, another will be made after a delay
  succeeded,      ///< materialized and no blocking check failed
  failed,         ///< the last attempt failed, or a blocking check did (then it is materialized all the same)
  skipped,        ///< never run because something upstream failed, was canceled or failed a check
  canceled,       ///< its run was canceled before it ended
};

constexpr bool is_terminal(RunStatus s) { return s >= RunStatus::succeeded; }
constexpr bool is_terminal(StepStatus s) { return s >= StepStatus::succeeded; }

bool may_follow(RunStatus from, RunStatus to);
bool may_follow(StepStatus from, StepStatus to);

std::string_view to_string(RunStatus status);
std::string_view to_string(StepStatus status);
std::optional<RunStatus> parse_run_status(std::string_view text);
std::optional<StepStatus> parse_step_status(std::string_view text);

}  // namespace assetd
