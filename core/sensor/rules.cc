#include "core/sensor/rules.h"

#include <algorithm>
#include <unordered_set>

#include "core/definition/names.h"

namespace assetd {
namespace {

using nlohmann::json;

constexpr std::size_t kMarkDigits = 16;
constexpr std::int64_t kNanosOfMilli = 1'000'000;
constexpr Millis kSkewed{86'400'000};

using Marks = std::unordered_set<std::uint64_t>;

/// FNV-1a, 64 bits: of 100,000 files two share one in one of a billion cases.
std::uint64_t mark_of(const FoundFile& file) {
  std::uint64_t hash = 14695981039346656037ull;
  const auto add = [&](std::string_view bytes) {
    for (const unsigned char byte : bytes) hash = (hash ^ byte) * 1099511628211ull;
  };
  add(file.path);
  add("/" + std::to_string(file.size) + "/" + std::to_string(file.mtime_ns));
  return hash;
}

std::string hex_of(std::uint64_t mark) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out(kMarkDigits, '0');
  for (std::size_t i = kMarkDigits; i-- > 0; mark >>= 4) out[i] = kDigits[mark & 15];
  return out;
}

std::optional<std::uint64_t> mark_in(std::string_view digits) {
  std::uint64_t mark = 0;
  for (const char c : digits) {
    if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) return std::nullopt;
    mark = mark << 4 | static_cast<std::uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  return mark;
}

/// Nothing for a sensor that has not looked yet.
std::optional<Marks> seen_in(const std::string& cursor) {
  if (cursor.empty()) return std::nullopt;
  const auto read = json::parse(cursor, nullptr, false);
  if (!read.is_object() || !read.contains("seen") || !read["seen"].is_string()) return std::nullopt;
  const auto& text = read["seen"].get_ref<const std::string&>();
  Marks marks;
  for (std::size_t at = 0; at + kMarkDigits <= text.size(); at += kMarkDigits)
    if (const auto mark = mark_in(std::string_view(text).substr(at, kMarkDigits))) marks.insert(*mark);
  return marks;
}

std::string cursor_of(std::vector<std::uint64_t> marks) {
  std::ranges::sort(marks);  // the same files give the same text
  std::string text;
  text.reserve(marks.size() * kMarkDigits);
  for (const auto mark : marks) text += hex_of(mark);
  return json{{"files", marks.size()}, {"seen", text}}.dump();
}

WallTime settled_at(const FoundFile& file, Millis settle, WallTime now) {
  const WallTime written{Millis(file.mtime_ns / kNanosOfMilli)};
  return written > now + kSkewed ? now : written + settle;
}

std::vector<SensorRequest> requests_of(const std::vector<const FoundFile*>& files, FilesPer per) {
  std::vector<SensorRequest> requests;
  for (const auto* file : files) {
    if (requests.empty() || per == FilesPer::file) requests.push_back({.data = {{"files", json::array()}}});
    requests.back().data["files"].push_back(file->path);
  }
  return requests;
}

std::string count_of(std::size_t count, const char* what) { return std::to_string(count) + " " + what + (count == 1 ? "" : "s"); }

}  // namespace

SensorFinding judge_files(const FileProbeSpec& probe, const std::string& cursor, const std::vector<FoundFile>& found, WallTime now) {
  if (found.size() > kMostFilesSeen)
    return failed_finding("more than " + std::to_string(kMostFilesSeen) + " files match \"" + probe.glob + "\", more than can be told apart: let a step move away what it has read, or narrow the pattern");
  const auto before = seen_in(cursor);
  const bool only_remember = !before && probe.existing == ExistingFiles::skip;
  SensorFinding finding;
  std::vector<const FoundFile*> fresh;
  std::vector<std::uint64_t> marks;
  std::size_t unsettled = 0;
  for (const auto& file : found) {
    const auto mark = mark_of(file);
    if (only_remember || (before && before->contains(mark))) {
      marks.push_back(mark);
    } else if (const auto settled = settled_at(file, probe.settle, now); settled > now) {
      ++unsettled;
      finding.look_at = std::min(finding.look_at.value_or(settled), settled);
    } else {
      fresh.push_back(&file);
    }
  }
  std::ranges::sort(fresh, {}, [](const FoundFile* file) { return std::tie(file->mtime_ns, file->path); });
  const auto most = probe.per == FilesPer::file ? kMostSensorRequests : kMostFilesOfRun;
  if (fresh.size() > most) {
    fresh.resize(most);
    finding.more = true;
  }
  for (const auto* file : fresh) marks.push_back(mark_of(*file));
  auto after = cursor_of(std::move(marks));
  if (after != cursor) finding.cursor = std::move(after);
  finding.requests = requests_of(fresh, probe.per);
  if (!fresh.empty()) return finding;
  finding.skip_reason = only_remember ? "the first look: " + count_of(found.size(), "file") + " that were there before count as seen"
                        : unsettled > 0 ? count_of(unsettled, "file") + " may still be written"
                                        : "no file is new";
  return finding;
}

SensorFinding judge_value(const SqlProbeSpec& probe, const std::string& cursor, const FoundValue& found) {
  SensorFinding finding;
  const json data = {{"value", found.value}, {"rows", found.rows}};
  if (probe.when == SqlWhen::rows) {
    if (found.rows > 0) finding.requests.push_back({.data = data});
    else finding.skip_reason = "the query has no rows";
    return finding;
  }
  // A mark before it, so that no value is "" as none is.
  const auto after = "=" + found.value;
  if (after == cursor) {
    finding.skip_reason = "the value is the same";
    return finding;
  }
  finding.cursor = after;
  if (cursor.empty()) finding.skip_reason = "the first value: it is only remembered";
  else finding.requests.push_back({.data = data});
  return finding;
}

SensorFinding judge_happenings(const std::vector<FoundHappening>& found, std::int64_t upto, bool more) {
  SensorFinding finding;
  finding.cursor = std::to_string(upto);
  finding.more = more;
  if (found.empty()) {
    finding.skip_reason = "nothing of it happened";
    return finding;
  }
  json events = json::array();
  for (const auto& each : found)
    events.push_back({{"id", std::to_string(each.event)}, {"asset", each.asset}, {"what", name_of(each.what)}, {"run_id", each.run ? json(std::to_string(each.run)) : json()}});
  finding.requests.push_back({.data = {{"events", std::move(events)}}});
  return finding;
}

}  // namespace assetd
