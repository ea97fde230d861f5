#pragma once
// What automation remembers, when it asked for what, and who has paused it.

#include "daemon/store/database.h"
#include "daemon/store/store.h"

namespace assetd {

/// Into an open transaction.
void write_automation(Database& database, const AutomationBatch& batch);
void read_automation(Database& database, Recovered& into);

}  // namespace assetd
