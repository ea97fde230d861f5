#pragma once
// What a condition waits for, or what keeps its asset back although it is true, as one sentence that API, command line and dashboard show alike.

#include "core/automation/automation.h"

namespace assetd {

struct AutomationOutlook {
  std::string next;  ///< when it is asked for: "when src is updated", "at the tick of cron \"0 6 * * *\" (2026-11-28T06:00:00.000Z)"; never empty
  std::string held;  ///< why it is not, although its condition is true or was; empty: nothing keeps it back
};

/// `answer`: of Automation::explain at `now`, over the same world. `before`: of the run that was asked for for the same causes, as " in run 17, which failed".
AutomationOutlook outlook_of(const ConditionAnswer& answer, const AutomationWorld& world, WallTime now, const std::string& before = "");

}  // namespace assetd
