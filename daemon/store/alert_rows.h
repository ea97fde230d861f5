#pragma once
// Alerts and silences as rows: how they are written and read.

#include <string>
#include <vector>

#include "daemon/store/database.h"

namespace assetd {

void write_alert_change(Database& database, const AlertChange& change);

inline constexpr const char* kAlertColumns =
    "id, rule, event, at, run, asset, chk, reason, detail, skipped, cause, open, body, state, attempts, last_error, next_attempt_at, delivered_at, "
    "resolved_at, silence, repeats";
AlertRecord read_alert(Database& database, Columns& row);

/// Those that are pending or open, in the order in which they were raised.
std::vector<AlertRecord> read_live_alerts(Database& database);
std::vector<Silence> read_silences(Database& database, WallTime ends_after);

}  // namespace assetd
