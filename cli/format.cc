#include "cli/format.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <string_view>

namespace assetd::cli {
namespace {

using namespace std::chrono;

std::string number(double value, const char* unit) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), value < 10 ? "%.1f %s" : "%.0f %s", value, unit);
  return text.data();
}

std::string pair(long big, const char* big_unit, long small, const char* small_unit) {
  std::string out = std::to_string(big) + " " + big_unit;
  if (small > 0) out += " " + std::to_string(small) + " " + small_unit;
  return out;
}

std::string span_text(seconds span) {
  const auto s = span.count();
  if (s < 60) return std::to_string(s) + " s";
  if (s < 3600) return std::to_string(s / 60) + " min";
  if (s < 48 * 3600) return std::to_string(s / 3600) + " h";
  return std::to_string(s / 86400) + " days";
}

/// As it is typed: in quotes where a shell would take a character as its own.
std::string shell_word(const std::string& text) {
  const auto plain = [](unsigned char c) { return std::isalnum(c) || c >= 0x80 || std::string_view("_-./:,=+@%").contains(static_cast<char>(c)); };
  if (!text.empty() && std::ranges::all_of(text, plain)) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace

std::optional<SystemTime> parse_time(const std::string& rfc3339) {
  std::tm tm{};
  const char* rest = strptime(rfc3339.c_str(), "%Y-%m-%dT%H:%M:%S", &tm);
  if (rest == nullptr) return std::nullopt;
  double fraction = 0;
  if (*rest == '.') std::sscanf(rest, "%lf", &fraction);
  return system_clock::from_time_t(timegm(&tm)) + milliseconds(static_cast<long>(fraction * 1000));
}

std::string relative_time(SystemTime at, SystemTime now) {
  const auto span = duration_cast<seconds>(at > now ? at - now : now - at);
  if (span < 1s) return "now";
  return at > now ? "in " + span_text(span) : span_text(span) + " ago";
}

std::string duration_text(milliseconds duration) {
  const auto ms = duration.count();
  if (ms < 1000) return std::to_string(ms) + " ms";
  if (ms < 60'000) return number(static_cast<double>(ms) / 1000, "s");
  const auto s = ms / 1000;
  if (s < 3600) return pair(s / 60, "min", s % 60, "s");
  return pair(s / 3600, "h", s % 3600 / 60, "min");
}

std::string number_text(const nlohmann::json& number) {
  if (!number.is_number_float()) return number.dump();
  const auto value = number.get<double>();
  std::array<char, 400> text{};  // the greatest double has 309 digits before the point
  const bool small = std::abs(value) < 1;
  std::snprintf(text.data(), text.size(), small ? "%.4g" : "%.3f", value);
  std::string out = text.data();
  if (small) return out;
  out.erase(out.find_last_not_of('0') + 1);
  if (out.ends_with('.')) out.pop_back();
  return out;
}

std::string bytes_text(std::uint64_t bytes) {
  static constexpr std::array<const char*, 5> units = {"KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < units.size(); ++unit) value /= 1024;
  return number(value, units[unit]);
}

std::string harmless(std::string text) {
  const auto steers = [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7F; };
  std::ranges::replace_if(text, steers, '?');
  return text;
}

std::string text_at(const nlohmann::json& object, const std::string& key) {
  if (!object.is_object()) return "";
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return "";
  return found->is_string() ? harmless(found->get<std::string>()) : found->dump();
}

std::string ago_at(const nlohmann::json& object, const std::string& key, SystemTime now) {
  const auto at = parse_time(text_at(object, key));
  return at ? relative_time(*at, now) : "";
}

std::string duration_at(const nlohmann::json& object, const std::string& key) {
  if (!object.is_object() || !object.contains(key) || !object[key].is_number()) return "";
  return duration_text(milliseconds(object[key].get<std::int64_t>()));
}

std::string steps_at(const nlohmann::json& run) {
  const auto total = text_at(run, "steps_total");
  return total + (total == "1" ? " step" : " steps");
}

std::string step_name(const nlohmann::json& step, const std::string& key) {
  const auto partition = text_at(step, "partition");
  return text_at(step, key) + (partition.empty() ? "" : " [" + partition + "]");
}

std::string step_options(const nlohmann::json& step) {
  const auto partition = text_at(step, "partition");
  return "--step " + shell_word(text_at(step, "key")) + (partition.empty() ? "" : " --partition " + shell_word(partition));
}

std::string log_options(const nlohmann::json& cause) {
  const auto check = text_at(cause, "check");
  return step_options(cause) + (check.empty() || !cause.value("own_process", false) ? "" : " --check " + shell_word(check));
}

std::string join(const nlohmann::json& list, const std::string& separator) {
  std::string out;
  for (const auto& [key, value] : list.items()) {
    if (!out.empty()) out += separator;
    const auto text = value.is_string() ? value.get<std::string>() : value.dump();
    out += !list.is_object() ? text : text.empty() ? key : key + "=" + text;
  }
  return out;
}

}  // namespace assetd::cli
