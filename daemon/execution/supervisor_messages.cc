#include "daemon/execution/supervisor_messages.h"

#include <nlohmann/json.hpp>

namespace assetd {
namespace {

using nlohmann::json;

constexpr int kOldestProtocol = 1, kNewestProtocol = 1;  // of `spawn`; nothing else differs between versions

/// JSON holds UTF-8 only; the launcher lets no argument and no variable pass that is none.
std::string dump(const json& body) { return body.dump(-1, ' ', false, json::error_handler_t::replace); }

json limits_body(const SpawnLimits& limits) {
  json body = json::object();
  const auto put = [&](const char* name, const std::optional<std::uint64_t>& value) {
    if (value) body[name] = *value;
  };
  put("memory_bytes", limits.memory_bytes);
  put("cpu_millis", limits.cpu_millis);
  put("cpu_seconds", limits.cpu_seconds);
  put("open_files", limits.open_files);
  put("processes", limits.processes);
  return body;
}

/// Importing what steps need takes as long as describing at most.
constexpr int kLoadMs = 120'000;

json warm_body(const WarmStart& warm) {
  return {{"key", warm.key}, {"argv", warm.argv}, {"env", warm.env}, {"cwd", warm.cwd}, {"log", warm.log_path},
          {"load", json::parse(warm.load, nullptr, false)}, {"load_ms", kLoadMs}};
}

EndKind outcome_of(const std::string& name) {
  if (name == "exited") return EndKind::exited;
  if (name == "signaled") return EndKind::signaled;
  if (name == "never_started") return EndKind::never_started;
  return EndKind::lost;
}

AttemptEnd parse_end(const json& body) {
  const auto usage = body.value("usage", json::object());
  return {.outcome = outcome_of(body.at("outcome").get<std::string>()),
          .exit_code = body.value("exit_code", 0),
          .signal = body.value("signal", 0),
          .core_dumped = body.value("core_dumped", false),
          .stopped = body.value("stopped", false),
          .cause = body.value("cause", ""),
          .detail = body.value("detail", ""),
          .started_at_ms = body.value("started_at_ms", std::int64_t{0}),
          .ended_at_ms = body.at("ended_at_ms").get<std::int64_t>(),
          .user_ms = usage.value("user_ms", std::int64_t{0}),
          .system_ms = usage.value("system_ms", std::int64_t{0}),
          .max_rss_kb = usage.value("max_rss_kb", std::int64_t{0})};
}

std::vector<ListedAttempt> parse_listing(const json& body) {
  std::vector<ListedAttempt> attempts;
  for (const auto& row : body.at("attempts")) {
    attempts.push_back({.attempt = row.at("attempt").get<std::string>(),
                        .running = row.at("state") == "running",
                        .pid = row.value("pid", 0),
                        .started_at_ms = row.value("started_at_ms", std::int64_t{0})});
  }
  return attempts;
}

SupervisorEvent parse_body(const json& body) {
  using Kind = SupervisorEvent::Kind;
  const auto op = body.at("op").get<std::string>();
  SupervisorEvent event;
  event.attempt = body.value("attempt", "");
  if (op == "welcome") {
    event.kind = Kind::connected;
    event.pid = body.at("pid").get<int>();
    event.protocol = body.at("protocol").get<int>();
    if (const auto limits = body.find("limits_not_in_force"); limits != body.end()) event.limits = {limits->at("names").get<std::vector<std::string>>(), limits->at("why").get<std::string>()};
  } else if (op == "started") {
    event.kind = Kind::started;
    event.pid = body.at("pid").get<int>();
    event.at_ms = body.at("at_ms").get<std::int64_t>();
    event.warm = body.value("warm", false);
  } else if (op == "ended") {
    event.kind = Kind::ended;
    event.end = parse_end(body);
  } else if (op == "listing") {
    event.kind = Kind::listing;
    event.attempts = parse_listing(body);
  } else if (op == "pong") {
    event.kind = Kind::answered;
  } else if (op == "refused") {
    event.kind = Kind::refused;
    event.detail = body.at("why").get<std::string>();
    event.of_spawn = body.value("of", "") == "spawn";
    event.final = event.detail == "generation";
  } else {
    throw json::other_error::create(501, "unknown op '" + op + "'", &body);
  }
  return event;
}

}  // namespace

std::string hello_message(const std::string& store_id, std::uint64_t generation) {
  return dump({{"op", "hello"}, {"protocol", {kOldestProtocol, kNewestProtocol}}, {"store_id", store_id}, {"generation", generation}});
}

std::string spawn_message(const SpawnRequest& request) {
  json body = {{"op", "spawn"},
               {"attempt", request.attempt},
               {"argv", request.argv},
               {"env", request.env},
               {"cwd", request.cwd},
               {"stdout", request.stdout_path},
               {"stderr", request.stderr_path},
               {"limits", limits_body(request.limits)}};
  if (request.warm) body["warm"] = warm_body(*request.warm);
  return dump(body);
}

std::string stop_message(const std::string& attempt, const std::vector<std::string>& signals,
                         std::chrono::milliseconds grace) {
  return dump({{"op", "stop"},
               {"attempt", attempt},
               {"signals", signals},
               {"grace_ms", std::max<std::int64_t>(0, grace.count())}});
}

std::string ack_message(const std::vector<std::string>& attempts) {
  return dump({{"op", "ack"}, {"attempts", attempts}});
}

std::string list_message(const std::vector<std::string>& may_have_run) {
  json body = {{"op", "list"}};
  if (!may_have_run.empty()) body["may_have_run"] = may_have_run;
  return dump(body);
}

std::string preload_message(const WarmStart& warm) { return dump({{"op", "preload"}, {"warm", warm_body(warm)}}); }

std::string shutdown_message() { return dump({{"op", "shutdown"}, {"mode", "when_idle"}}); }

std::string ping_message() { return dump({{"op", "ping"}}); }

std::expected<SupervisorEvent, std::string> parse_supervisor_message(std::string_view text) {
  try {
    return parse_body(json::parse(text));
  } catch (const json::exception& error) {
    return std::unexpected(std::string("the supervisor sent a message that cannot be read: ") + error.what());
  }
}

}  // namespace assetd
