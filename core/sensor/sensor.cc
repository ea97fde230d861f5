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

SensorChain chain_of(const nlohmann::json& options) {
  SensorChain chain;
  const auto sensor = options.find("sensor");
  if (sensor == options.end() || !sensor->is_object()) return chain;
  const auto kept = sensor->find("chain");
  if (kept == sensor->end() || !kept->is_object()) return chain;
  for (const auto& [name, times] : kept->items())
    if (times.is_number_integer()) chain[name] = times.get<int>();
  return chain;
}

std::string follow_chains(const std::string& sensor, SensorRequest& request, const std::function<SensorChain(RunId)>& chain_of_run) {
  const auto found = request.data.find("events");
  if (found == request.data.end()) return "";
  SensorChain chain;
  std::string circle;
  auto kept = nlohmann::json::array();
  for (const auto& event : *found) {
    const auto run = event["run_id"].is_string() ? std::stoll(event["run_id"].get<std::string>()) : 0;
    const auto led_to_it = run == 0 ? SensorChain() : chain_of_run(run);
    const auto own = led_to_it.find(sensor);
    if (own != led_to_it.end() && own->second >= kMostRounds) {
      std::string through;
      for (const auto& [name, times] : led_to_it) through += (through.empty() ? "" : ", ") + name;
      circle = "sensors go round in a circle: run " + std::to_string(run) + " came of this sensor's own runs more than " + std::to_string(kMostRounds - 1) + " times over (through " + through +
               "); it does not follow them further: let one of them wait for something else, or delete it";
      continue;
    }
    for (const auto& [name, times] : led_to_it) chain[name] = std::max(chain[name], times);
    kept.push_back(event);
  }
  *found = std::move(kept);
  ++chain[sensor];
  request.data["chain"] = chain;
  return circle;
}

}  // namespace assetd
