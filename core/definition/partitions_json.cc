#include "core/definition/partitions_json.h"

#include <algorithm>
#include <optional>

#include "core/definition/problems.h"
#include "core/partition/choose.h"
#include "core/partition/partitions.h"
#include "core/schedule/cron_fields.h"

namespace assetd {
namespace {

using Json = nlohmann::json;
using Error = PartitionsJsonError;

constexpr std::pair<const char*, Grain> kGrains[] = {{"hourly", Grain::hourly}, {"daily", Grain::daily}, {"weekly", Grain::weekly}, {"monthly", Grain::monthly}};
constexpr const char* kForms = "takes one of hourly, daily, weekly, monthly, cron, static, dynamic and multi";
constexpr const char* kSeeDocs = "docs/partitions.md shows what each form is for";
constexpr int kMostPerProcess = 1'000'000;

std::string scalar_text(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }
bool is_scalar(const Json& value) { return value.is_primitive() && !value.is_null(); }

Error within(const std::string& key, Error inner) {
  inner.path.insert(inner.path.begin(), key);
  return inner;
}

std::optional<Error> take_offset(const Json& json, const char* name, int& into) {
  const auto it = json.find(name);
  if (it == json.end()) return std::nullopt;
  if (!it->is_number_integer() || *it < -1000 || *it > 1000) return Error{{name}, std::string(name) + ": takes a whole number", ""};
  into = it->get<int>();
  return std::nullopt;
}

Error unknown_of_windows(const std::string& name, bool cron) {
  std::vector<std::string_view> known{"start", "end", "timezone", "minute_offset", "hour_offset", "day_offset"};
  if (cron) known = {"cron", "start", "end", "timezone", "per_process"};
  return {{name}, "unknown key \"" + name + "\"" + (cron ? " beside cron" : ""), suggest(name, known)};
}

std::optional<Error> bad_cron(const std::string& cron) {
  const auto fields = parse_cron_fields(cron);
  if (!fields) return Error{{"cron"}, "bad cron expression \"" + cron + "\": " + fields.error().message, "five fields: minute hour day-of-month month day-of-week, as in \"0 6 * * 1-5\"", fields.error().column};
  if (fields->seconds != 1) return Error{{"cron"}, "windows begin at whole minutes: \"" + cron + "\" has seconds", "write five fields, as in \"0 6 * * 1-5\""};
  return std::nullopt;
}

/// Of "end: it is before the start" the key.
std::vector<std::string> named_by(const std::string& message) { return {message.substr(0, message.find(':'))}; }

std::expected<TimeWindowsSpec, Error> read_windows(Grain grain, const Json& json, const std::string& timezone) {
  if (!json.is_object()) return std::unexpected(Error{{}, "takes a mapping with a start", "write {start: 2026-01-01}"});
  const bool cron = grain == Grain::cron;
  TimeWindowsSpec spec;
  spec.grain = grain;
  spec.timezone = timezone.empty() ? "UTC" : timezone;
  for (const auto& [name, value] : json.items()) {
    if (!cron && (name == "minute_offset" || name == "hour_offset" || name == "day_offset")) continue;
    auto* text = name == "start" ? &spec.start : name == "end" ? &spec.end : name == "timezone" ? &spec.timezone : cron && name == "cron" ? &spec.cron : nullptr;
    if (!text) return std::unexpected(unknown_of_windows(name, cron));
    if (!is_scalar(value)) return std::unexpected(Error{{name}, name + ": takes a text", ""});
    *text = scalar_text(value);
  }
  if (auto bad = cron ? bad_cron(spec.cron) : std::nullopt) return std::unexpected(std::move(*bad));
  if (spec.start.empty()) return std::unexpected(Error{{}, "needs a start", "write start: 2026-01-01, the first partition"});
  if (cron) return spec;
  for (const auto& [name, offset] : {std::pair{"minute_offset", &spec.minute_offset}, {"hour_offset", &spec.hour_offset}, {"day_offset", &spec.day_offset}})
    if (auto bad = take_offset(json, name, *offset)) return std::unexpected(std::move(*bad));
  if (const auto windows = TimeWindows::make(spec); !windows) return std::unexpected(Error{named_by(windows.error()), "partitions: " + windows.error(), kSeeDocs});
  return spec;
}

std::expected<StaticPartitionsSpec, Error> read_static(const Json& json) {
  StaticPartitionsSpec spec;
  if (!json.is_array()) return std::unexpected(Error{{}, "static: takes a list of partitions", "write static: [a, b]"});
  for (const auto& key : json) {
    if (!is_scalar(key)) return std::unexpected(Error{{}, "static: a partition is a text", ""});
    spec.keys.push_back(scalar_text(key));
  }
  const auto made = Partitions::make({{{"", spec}}}, {});
  if (!made) return std::unexpected(Error{{}, "partitions: " + made.error(), kSeeDocs});
  return spec;
}

std::expected<DynamicPartitionsSpec, Error> read_dynamic(const Json& json) {
  const auto name = is_scalar(json) ? scalar_text(json) : "";
  const auto allowed = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.'; };
  if (name.empty() || name.size() > 255 || !std::ranges::all_of(name, allowed))
    return std::unexpected(Error{{}, "dynamic: takes the name of a set of partitions, of letters, digits, '_', '.' and '-'", "write dynamic: customers"});
  return DynamicPartitionsSpec{name};
}

/// The dimension that `json` describes, besides keys that `ignore` names.
std::expected<DimensionSpec, Error> read_dimension(const std::string& name, const Json& json, const std::string& timezone, const std::string& ignore = "") {
  if (!json.is_object()) return std::unexpected(Error{{}, kForms, ""});
  if (json.contains("cron")) {
    auto own = json;
    if (!ignore.empty()) own.erase(ignore);
    auto read = read_windows(Grain::cron, own, timezone);
    if (!read) return std::unexpected(read.error());
    return DimensionSpec{name, *std::move(read)};
  }
  std::optional<DimensionSpec> found;
  for (const auto& [kind, value] : json.items()) {
    if (kind == ignore) continue;
    if (found) return std::unexpected(Error{{kind}, kForms, ""});
    found = DimensionSpec{name, {}};
    const auto grain = std::ranges::find_if(kGrains, [&](const auto& each) { return each.first == kind; });
    const auto take = [&, &kind = kind](auto read) -> std::optional<Error> {
      if (!read) return within(kind, read.error());
      found->of = std::move(*read);
      return std::nullopt;
    };
    std::optional<Error> bad;
    if (grain != std::end(kGrains)) bad = take(read_windows(grain->second, value, timezone));
    else if (kind == "static") bad = take(read_static(value));
    else if (kind == "dynamic") bad = take(read_dynamic(value));
    else if (kind == "multi") bad = Error{{kind}, "multi: a dimension has no dimensions of its own", "write two dimensions, each hourly, daily, weekly, monthly, cron, static or dynamic"};
    else bad = Error{{kind}, "unknown key \"" + kind + "\": partitions: " + kForms, suggest(kind, {"hourly", "daily", "weekly", "monthly", "cron", "static", "dynamic", "multi", "per_process"})};
    if (bad) return std::unexpected(std::move(*bad));
  }
  if (!found) return std::unexpected(Error{{}, kForms, ""});
  return *found;
}

std::expected<std::vector<DimensionSpec>, Error> read_multi(const Json& json, const std::string& timezone) {
  if (!json.is_object() || json.size() != 2) return std::unexpected(Error{{}, "multi: takes two dimensions by name", "write multi: {date: {daily: {start: …}}, region: {static: […]}}"});
  std::vector<DimensionSpec> dimensions;
  for (const auto& [name, value] : json.items()) {
    if (name.empty() || name.find('|') != std::string::npos) return std::unexpected(Error{{name}, "multi: a dimension needs a name without |", ""});
    auto read = read_dimension(name, value, timezone);
    if (!read) return std::unexpected(within(name, read.error()));
    dimensions.push_back(std::move(*read));
  }
  return dimensions;
}

std::expected<int, Error> read_per_process(const Json& value) {
  if (value == "all") return 0;
  if (value.is_number_integer() && value >= 1 && value <= kMostPerProcess) return value.get<int>();
  return std::unexpected(Error{{"per_process"}, "per_process: takes a number of partitions, or all", ""});
}

Json windows_json(const TimeWindowsSpec& spec) {
  Json json = {{"start", spec.start}, {"timezone", spec.timezone}};
  if (!spec.end.empty()) json["end"] = spec.end;
  if (!spec.cron.empty()) json["cron"] = spec.cron;
  if (spec.minute_offset) json["minute_offset"] = spec.minute_offset;
  if (spec.hour_offset) json["hour_offset"] = spec.hour_offset;
  if (spec.day_offset) json["day_offset"] = spec.day_offset;
  return json;
}

Json dimension_json(const DimensionSpec& dimension) {
  if (const auto* windows = std::get_if<TimeWindowsSpec>(&dimension.of)) {
    if (windows->grain == Grain::cron) return windows_json(*windows);
    return {{std::ranges::find(kGrains, windows->grain, [](const auto& each) { return each.second; })->first, windows_json(*windows)}};
  }
  if (const auto* keys = std::get_if<StaticPartitionsSpec>(&dimension.of)) return {{"static", keys->keys}};
  return {{"dynamic", std::get<DynamicPartitionsSpec>(dimension.of).name}};
}

}  // namespace

std::expected<PartitionsSpec, PartitionsJsonError> partitions_from_json(const Json& json, const std::string& timezone) {
  PartitionsSpec spec;
  if (!json.is_object()) return std::unexpected(Error{{}, std::string("partitions: ") + kForms, "write partitions: {daily: {start: 2026-01-01}}"});
  if (const auto it = json.find("per_process"); it != json.end()) {
    const auto read = read_per_process(*it);
    if (!read) return std::unexpected(read.error());
    spec.per_process = *read;
  }
  if (const auto multi = json.find("multi"); multi != json.end()) {
    if (json.size() > (json.contains("per_process") ? 2U : 1U)) return std::unexpected(Error{{}, std::string("partitions: ") + kForms, ""});
    auto read = read_multi(*multi, timezone);
    if (!read) return std::unexpected(within("multi", read.error()));
    spec.dimensions = std::move(*read);
  } else {
    auto read = read_dimension("", json, timezone, "per_process");
    if (!read) return std::unexpected(read.error());
    spec.dimensions.push_back(std::move(*read));
  }
  if (const auto made = Partitions::make(spec, {}); !made) return std::unexpected(Error{{}, "partitions: " + made.error(), ""});
  return spec;
}

// A key of two dimensions has a | and is no word.
std::optional<Error> bad_name(const PartitionsSpec& spec) {
  const auto* fixed = spec.dimensions.size() == 1 ? std::get_if<StaticPartitionsSpec>(&spec.dimensions[0].of) : nullptr;
  if (!fixed) return std::nullopt;
  const auto bad = std::ranges::find_if(fixed->keys, is_partition_word);
  if (bad == fixed->keys.end()) return std::nullopt;
  return Error{{"static"}, "partitions: static: no partition may be called \"" + *bad + "\": the word chooses partitions, as in --partition " + *bad, "call it otherwise; latest, all, missing, failed and stale are such words"};
}

Json to_json(const PartitionsSpec& spec) {
  Json json = Json::object();
  if (spec.dimensions.size() == 1) json = dimension_json(spec.dimensions[0]);
  else
    for (const auto& dimension : spec.dimensions) json["multi"][dimension.name] = dimension_json(dimension);
  if (spec.per_process == 0) json["per_process"] = "all";
  else if (spec.per_process != 1) json["per_process"] = spec.per_process;
  return json;
}

}  // namespace assetd
