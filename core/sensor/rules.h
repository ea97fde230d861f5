#pragma once
// What each kind of sensor asks for, given what it knew (its cursor) and what it found. A cursor that cannot be read is as none: what is there counts as new.

#include <string>
#include <vector>

#include "core/sensor/sensor.h"

namespace assetd {

inline constexpr std::size_t kMostFilesSeen = 100'000, kMostFilesOfRun = 1'000;

struct FoundFile {
  std::string path;  ///< as its steps get it
  std::int64_t size = 0;
  std::int64_t mtime_ns = 0;  ///< since the epoch
};

/// A file that is new, or was changed, and has not been written to for `settle` is asked for; the cursor remembers exactly those that are there and were. One
/// that is gone is forgotten: when it comes back it is new. Of more than 1,000 new ones, or 100 with `per: file`, the rest comes with the next look, oldest first.
/// A time more than a day ahead says nothing about when the file was written: it counts as settled.
SensorFinding judge_files(const FileProbeSpec& probe, const std::string& cursor, const std::vector<FoundFile>& found, WallTime now);

/// What a query gave: as text, and how many rows.
struct FoundValue {
  std::string value;
  std::int64_t rows = 0;
};
/// `changes`: another value than the cursor; the first one is only remembered. `rows`: whenever there are any.
SensorFinding judge_value(const SqlProbeSpec& probe, const std::string& cursor, const FoundValue& found);

struct FoundHappening {
  std::int64_t event = 0;
  std::string asset;
  AssetHappening what = AssetHappening::materialized;
  RunId run = 0;  ///< 0: reported by hand, or none
  WallTime at{};
};
/// One run for all that happened. `upto`: the newest event that was looked at, the cursor from now on.
SensorFinding judge_happenings(const std::vector<FoundHappening>& found, std::int64_t upto, bool more);

/// What a program printed: {"requests": [{"key", "select", "tags", "data", "partitions"}], "cursor", "skip_reason"}. Whatever else stands there is an error
/// that names its place as a JSON pointer.
SensorFinding read_program_answer(const std::string& output);

}  // namespace assetd
