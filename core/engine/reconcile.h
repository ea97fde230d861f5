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
/// Nothing of it is left and nobody will tell its end.
struct ReportLost {
  AttemptRecord attempt;
};

using ReconcileAction = std::variant<StopStray, StartAttempt, StopAttempt, ReportLost>;

/// Whether the attempt's spawn has been sent on the connection that the listing came by, or on a later one. Connections are in order: it arrives, or a
/// later listing tells that it did not.
using WasSent = std::function<bool(const AttemptId&)>;

/// In the order in which they are to be done. What is sent again was certainly never executed; to send a stop again is harmless. An intent from before
/// the machine was started (by the clocks of `now`) may have been executed: after a power loss its claim, which nobody syncs, can be gone.
std::vector<ReconcileAction> reconcile(const Engine& engine, std::span<const ListedAttempt> listing, const WasSent& was_sent, const Now& now);

}  // namespace assetd
