#include "daemon/http/json_shapes.h"

#include <functional>

namespace assetd::http {

using nlohmann::json;

json source_json(const SourceRef& source) {
  if (source.file.empty()) return nullptr;
  return {{"file", source.file}, {"line", source.line}, {"column", source.column}};
}

json root_cause_json(const RootCause& cause) {
  json out = {{"key", cause.key}, {"partition", text_or_null(cause.partition)}, {"status", cause.status}, {"reason", text_or_null(cause.reason)}};
  if (!cause.check.empty()) out["check"] = cause.check;
  if (!cause.detail.empty()) out["detail"] = cause.detail;
  return out;
}

json blockers_json(const std::vector<Blocker>& blockers) {
  json out = json::array();
  for (const auto& blocker : blockers)
    out.push_back({{"kind", blocker.kind}, {"what", blocker.what}, {"detail", blocker.detail}, {"since", time_json(blocker.since)}});
  return out;
}

std::string_view severity_text(Severity severity) { return severity == Severity::error ? "error" : "warn"; }

Response list_response(json items, const std::string& next_cursor, std::int64_t as_of) {
  return json_response({{"items", std::move(items)}, {"next_cursor", text_or_null(next_cursor)}, {"as_of", as_of}});
}

PageRequest page_of(const Call& call) {
  return {static_cast<int>(call.query.integer("limit").value_or(100)), call.query.text("cursor")};
}

namespace {

/// What a cursor is bound to: it would point elsewhere in another list.
std::string binding(const Call& call) {
  std::string text(call.request.path());
  for (const char* name : {"select", "q", "status", "asset", "since", "job", "run", "types", "check", "state", "rule", "partition", "backfill"}) text += "\n" + call.query.text(name);
  // FNV-1a: a guard against mistakes, not against forgers, who would gain nothing.
  std::uint64_t hash = 14695981039346656037ull;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  char out[17];
  std::snprintf(out, sizeof out, "%016llx", static_cast<unsigned long long>(hash));
  return out;
}

}  // namespace

std::string make_cursor(const Call& call, const std::string& position) { return binding(call) + "." + position; }

std::expected<std::string, Response> read_cursor(const Call& call) {
  const std::string cursor = call.query.text("cursor");
  if (cursor.empty()) return "";
  const std::string mine = binding(call) + ".";
  if (!cursor.starts_with(mine) || cursor.size() == mine.size())
    return std::unexpected(invalid({{"/cursor", "this cursor is not of this list with these filters: begin again without it"}}));
  return cursor.substr(mine.size());
}

Response paged(const Call& call, const json& all, std::int64_t as_of) {
  const auto position = read_cursor(call);
  if (!position) return position.error();
  const auto from = static_cast<std::size_t>(std::max<std::int64_t>(parse_integer(*position).value_or(0), 0));
  const auto limit = static_cast<std::size_t>(*call.query.integer("limit"));
  json items = json::array();
  for (auto i = from; i < all.size() && items.size() < limit; ++i) items.push_back(all[i]);
  const std::string next = from + limit < all.size() ? make_cursor(call, std::to_string(from + limit)) : "";
  return list_response(std::move(items), next, as_of);
}

std::expected<std::shared_ptr<const Project>, Response> current_project(Context& context) {
  if (auto project = context.service.project()) return project;
  return std::unexpected(problem_response(503, "definitions-loading", "Not ready", "the definitions are still being loaded: see /readyz")
                             .with("Retry-After", "1"));
}

std::expected<ReadAt, Response> read_at(Context& context) {
  const auto reader = context.reader();
  if (!reader) return std::unexpected(reader.error());
  // Read first: what follows is then at least as new, and a stream that starts here misses nothing.
  const auto as_of = (*reader)->as_of();
  if (!as_of) return std::unexpected(store_problem(as_of.error()));
  return ReadAt{*reader, *as_of};
}

nlohmann::json limits_json(const LimitsSpec& limits) {
  nlohmann::json out = nlohmann::json::object();
  if (limits.memory) out["memory_bytes"] = *limits.memory;
  if (limits.cpu_millis) out["cpu"] = static_cast<double>(*limits.cpu_millis) / 1000;
  if (limits.cpu_time) out["cpu_time_ms"] = limits.cpu_time->count();
  if (limits.open_files) out["open_files"] = *limits.open_files;
  if (limits.processes) out["processes"] = *limits.processes;
  return out;
}

}  // namespace assetd::http
