#pragma once
// What sensors know, what came of their evaluations, and what they asked for by a key.

#include "daemon/store/database.h"
#include "daemon/store/store.h"

namespace assetd {

inline constexpr const char* kSensorTickColumns = "sensor, number, at, last_at, took_ms, outcome, reason, runs, known, repeats, cursor_before, cursor_after, log";

/// Into an open transaction.
void write_sensors(Database& database, const SensorBatch& batch);
void read_sensors(Database& database, Recovered& into);
SensorTick read_sensor_tick(Database& database, Columns row);
std::optional<RunId> read_sensor_key(Database& database, const std::string& sensor, const std::string& key);

}  // namespace assetd
