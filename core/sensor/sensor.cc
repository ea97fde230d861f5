#include "core/sensor/sensor.h"

#include <algorithm>

namespace assetd {
namespace {

constexpr std::size_t kMostShown = 200;
constexpr Millis kMostBackOff{15 * 60'000};

}  // namespace

SensorFinding failed_finding(std::string why) {
  SensorFinding finding;
  finding.error = std::move(why);
  return finding;
}

std::string_view to_string(SensorOutcome outcome) {
  static constexpr std::string_view kNames[] = {"fired", "skipped", "failed"};
  return kNames[static_cast<int>(outcome)];
}

std::string shown_cursor(SensorKind kind, const std::string& cursor) {
  if (cursor.empty()) return "";
  if (kind == SensorKind::file) {
    const auto seen = nlohmann::json::parse(cursor, nullptr, false);
    const auto files = seen.is_object() ? seen.value("files", std::int64_t{0}) : 0;
    return std::to_string(files) + (files == 1 ? " file seen" : " files seen");
  }
  if (kind == SensorKind::asset) return "event " + cursor;
  if (kind == SensorKind::sql) return shown_cursor(SensorKind::program, cursor.substr(1));  // without its mark
  if (cursor.size() <= kMostShown) return cursor;
  auto cut = kMostShown - 4;
  while (cut > 0 && (static_cast<unsigned char>(cursor[cut]) & 0xC0) == 0x80) --cut;
  return cursor.substr(0, cut) + "…";
}

Millis sensor_back_off(Millis every, int failures) {
  const auto most = std::max(every, kMostBackOff);
  auto wait = every;
  for (int i = 0; i < failures && wait < most; ++i) wait *= 2;
  return std::min(wait, most);
}

}  // namespace assetd
