#pragma once
// After a connect: what the supervisor has against what the store says lives.

#include <functional>
#include <span>
#include <variant>
#include <vector>

#include "core/engine/engine.h"
#include "core/engine/listed_attempt.h"

namespace assetd {

/// It runs and is of no run of this store, or of one that has ended it.
struct StopStray {
  StopAttempt stop;
};
/// Nobody will tell its end. A supervisor that knows `may_have_run` of the list takes what was seen to run for its own until nothing of it is left, so
/// that this is of what cannot be left (the machine was started since) or of an older one, which looks for nothing.
struct ReportLost {
  AttemptRecord attempt;
};

using ReconcileAction = std::variant<StopStray, StartAttempt, StopAttempt, ReportLost>;

/// Whether the attempt's spawn has been sent on the connection that the listing came by, or on a later one. Connections are in order: it arrives, or a
/// later listing tells that it did not.
using WasSent = std::function<bool(const AttemptId&)>;

/// What was seen to run and has not ended. Of each a supervisor that does not know it makes sure that nothing is left, before it says so.
std::vector<AttemptId> seen_running(const Engine& engine);

/// In the order in which they are to be done. What is sent again was certainly never executed; to send a stop again is harmless. An intent from before
/// the machine was started (by the clocks of `now`) may have been executed: after a power loss its claim, which nobody syncs, can be gone.
std::vector<ReconcileAction> reconcile(const Engine& engine, std::span<const ListedAttempt> listing, const WasSent& was_sent, const Now& now);

}  // namespace assetd
