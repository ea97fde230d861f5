#include "tests/simulation/violation.h"

#include <array>
#include <utility>

namespace assetd::simulation {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, kInvariants> kTexts{{
    {"terminal", "a terminal state never changes"},
    {"transition", "a transition that is not in the table never happens"},
    {"one_live", "at most one live attempt, and one living process tree, per (run, step)"},
    {"intent", "nothing is executed without a committed intent that has not ended"},
    {"once", "an attempt id is executed at most once"},
    {"slots", "a slot is held exactly from intent to committed end"},
    {"pool", "no intent raises what is held above the pool's present size; a writer never shares a resource"},
    {"limit", "no run begins beyond a limit that counts it, nor has more live processes than its max_steps"},
    {"roots", "every skipped step has a failed, canceled or check-failed root in its run"},
    {"parents", "no child starts before its parents have ended or after one has failed"},
    {"blockers", "every step that waits states what for, equal to a naive recomputation"},
    {"one_run", "at most one run per (schedule, instant) and per idempotency key"},
    {"line", "runs of a schedule that wait in line begin one after the other"},
    {"cancel", "after a cancel commits, no intent of that run does"},
    {"tree", "when the end of an attempt commits, no process of it is left"},
    {"truth", "the end that commits is the end that was: lost only when nobody saw it"},
    {"messages", "each message of a step counts once, in order"},
    {"ended", "a run that ended has ended steps and attempts, and what failed has a cause"},
    {"leftovers", "once everything is over no claim, file, process or slot is left"},
    {"strangers", "a process that is none of ours is never killed"},
    {"liveness", "without faults everything is terminal within a bounded number of inputs"},
    {"pinned", "a run stays with the definitions it was planned with; its plan survives being stored"},
    {"automated", "automation asks for an asset once for what happened above it, and never not at all"},
    {"backfilled", "a backfill asks for each partition once, for none after its cancel, and counts as made what was made"},
    {"divided", "a run makes partitions that there are: windows that have ended, keys that were not removed"},
    {"paused", "nothing begins by itself for what is muted, nor while all is paused"},
    {"ticks", "a tick comes not before its instant, nor later than jitter and misfire let it, and makes the window that had ended by then"},
    {"reused", "a step is reused only where its asset says so, its parents have ended and no attempt has begun it"},
    {"sensed", "what a sensor finds is asked for once, in the transaction of its cursor, and never while it may not act"},
    {"paced", "a sensor is looked at when it is due and, after failures, no sooner than its back-off says, whoever hangs"},
    {"told", "alerts and OpenLineage events are raised as a naive recomputation says: one for each root cause, held back by silences, repeated after their interval"},
    {"delivered", "an alert arrives at least once, not before its commit, an event of a step not before the one before it; attempts come at their time"},
    {"fresh", "the freshness of an asset is as its data, its policy and the clock say, and each change of it is told"},
    {"no_throw", "no input makes the engine throw"},
}};

}  // namespace

std::string_view to_string(Invariant invariant) { return kTexts[static_cast<std::size_t>(invariant)].first; }
std::string_view meaning(Invariant invariant) { return kTexts[static_cast<std::size_t>(invariant)].second; }

}  // namespace assetd::simulation
