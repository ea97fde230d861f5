#pragma once
// Small pieces of docs/api.md that several routes share.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "core/schedule/cron.h"
#include "daemon/http/context.h"
#include "daemon/http/route.h"
#include "daemon/store/reader.h"

namespace assetd::http {

inline nlohmann::json time_json(const std::optional<WallTime>& time) {
  return time ? nlohmann::json(format_time(*time)) : nlohmann::json();
}
inline nlohmann::json time_json(WallTime time) { return format_time(time); }
inline nlohmann::json text_or_null(const std::string& text) { return text.empty() ? nlohmann::json() : nlohmann::json(text); }
inline std::string id_text(std::int64_t id) { return std::to_string(id); }
/// 0 is none: what somebody reported was made by no run.
inline nlohmann::json id_or_null(std::int64_t id) { return id == 0 ? nlohmann::json() : nlohmann::json(id_text(id)); }

nlohmann::json source_json(const SourceRef& source);
nlohmann::json root_cause_json(const RootCause& cause);
nlohmann::json blockers_json(const std::vector<Blocker>& blockers);
std::string_view severity_text(Severity severity);

/// {"items", "next_cursor", "as_of"}.
/// One page of a list that is held in memory as a whole; takes the route's limit and cursor.
Response paged(const Call& call, const nlohmann::json& all, std::int64_t as_of);
Response list_response(nlohmann::json items, const std::string& next_cursor, std::int64_t as_of);
PageRequest page_of(const Call& call);

/// Positions for lists that are made here: bound to the route, path and filters of the call. "" is the beginning.
std::string make_cursor(const Call& call, const std::string& position);
std::expected<std::string, Response> read_cursor(const Call& call);

/// The definitions that serve, or the 503 that says they are still loading.
std::expected<std::shared_ptr<const Project>, Response> current_project(Context& context);
/// The reader together with the event id its answers will be true at (or later).
struct ReadAt {
  Reader* reader = nullptr;
  std::int64_t as_of = 0;
};
std::expected<ReadAt, Response> read_at(Context& context);

/// Only what is set: memory_bytes, cpu (processors), cpu_time_ms, open_files, processes.
nlohmann::json limits_json(const LimitsSpec& limits);

}  // namespace assetd::http
