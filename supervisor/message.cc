#include "supervisor/message.h"

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>

#include "supervisor/claim.h"

namespace assetd::supervisor {
namespace {

using nlohmann::json;

/// Thrown by the readers below and caught in parse_command: `what` says what is wrong with the command.
struct BadCommand {
  std::string what;
};

const json& field(const json& body, const char* name) {
  const auto found = body.find(name);
  if (found == body.end()) throw BadCommand{std::string("'") + name + "' is missing"};
  return *found;
}

std::string text(const json& body, const char* name) {
  const auto& value = field(body, name);
  if (!value.is_string()) throw BadCommand{std::string("'") + name + "' must be a string"};
  auto result = value.get<std::string>();
  if (result.find('\0') != std::string::npos) throw BadCommand{std::string("'") + name + "' holds a NUL byte"};
  return result;
}

std::vector<std::string> texts(const json& body, const char* name) {
  const auto& value = field(body, name);
  if (!value.is_array()) throw BadCommand{std::string("'") + name + "' must be a list of strings"};
  std::vector<std::string> result;
  result.reserve(value.size());
  for (const auto& item : value) {
    if (!item.is_string()) throw BadCommand{std::string("'") + name + "' must be a list of strings"};
    result.push_back(item.get<std::string>());
    if (result.back().find('\0') != std::string::npos) throw BadCommand{std::string("'") + name + "' holds a NUL byte"};
  }
  return result;
}

std::uint64_t number(const json& body, const char* name) {
  const auto& value = field(body, name);
  if (!value.is_number_unsigned()) throw BadCommand{std::string("'") + name + "' must be a whole number, not negative"};
  return value.get<std::uint64_t>();
}

std::string attempt_id(const json& body) {
  auto id = text(body, "attempt");
  if (!valid_attempt_id(id)) throw BadCommand{"'attempt' must be 32 lower-case hex digits"};
  return id;
}

Hello parse_hello(const json& body) {
  const auto& range = field(body, "protocol");
  if (!range.is_array() || range.size() != 2 || !range[0].is_number_integer() || !range[1].is_number_integer()) {
    throw BadCommand{"'protocol' must be [oldest, newest]"};
  }
  Hello hello{{range[0].get<int>(), range[1].get<int>()}, text(body, "store_id"), number(body, "generation")};
  if (hello.store_id.size() > kMaxStoreId) throw BadCommand{"'store_id' is longer than 63 bytes"};
  return hello;
}

Limits parse_limits(const json& body) {
  Limits limits;
  const auto found = body.find("limits");
  if (found == body.end() || found->is_null()) return limits;
  const auto take = [&](const char* name, std::optional<std::uint64_t>& value) {
    if (found->contains(name)) value = number(*found, name);
  };
  take("memory_bytes", limits.memory_bytes);
  take("cpu_millis", limits.cpu_millis);
  take("cpu_seconds", limits.cpu_seconds);
  take("open_files", limits.open_files);
  take("processes", limits.processes);
  return limits;
}

std::optional<Warm> parse_warm(const json& body) {
  const auto found = body.find("warm");
  if (found == body.end() || found->is_null()) return std::nullopt;
  Warm warm{.key = text(*found, "key"), .argv = texts(*found, "argv"), .env = texts(*found, "env"), .cwd = text(*found, "cwd"),
            .log_path = text(*found, "log"), .load = field(*found, "load").dump()};
  if (warm.argv.empty() || warm.argv[0].empty()) throw BadCommand{"'warm.argv' names no program"};
  const auto milliseconds = [&](const char* name, std::int64_t& value) {
    if (found->contains(name)) value = static_cast<std::int64_t>(std::min<std::uint64_t>(number(*found, name), 1u << 30));
  };
  milliseconds("load_ms", warm.load_ms);
  milliseconds("idle_ms", warm.idle_ms);
  if (found->contains("attempts")) warm.attempts = number(*found, "attempts");
  if (found->contains("memory_bytes")) warm.memory_bytes = number(*found, "memory_bytes");
  return warm;
}

Spawn parse_spawn(const json& body) {
  Spawn spawn{attempt_id(body),     texts(body, "argv"),  texts(body, "env"),  text(body, "cwd"),
              text(body, "stdout"), text(body, "stderr"), parse_limits(body), parse_warm(body), {}};
  if (spawn.argv.empty() || spawn.argv[0].empty()) throw BadCommand{"'argv' names no program"};
  return spawn;
}

Preload parse_preload(const json& body) {
  auto warm = parse_warm(body);
  if (!warm) throw BadCommand{"'warm' is missing"};
  return {std::move(*warm)};
}

int signal_number(const std::string& name) {
  static constexpr std::pair<const char*, int> kNames[] = {{"INT", SIGINT},   {"TERM", SIGTERM}, {"HUP", SIGHUP},
                                                           {"QUIT", SIGQUIT}, {"USR1", SIGUSR1}, {"USR2", SIGUSR2},
                                                           {"KILL", SIGKILL}};
  for (const auto& [known, number] : kNames) {
    if (name == known) return number;
  }
  throw BadCommand{"unknown signal '" + name + "': use INT, TERM, HUP, QUIT, USR1, USR2 or KILL"};
}

Stop parse_stop(const json& body) {
  Stop stop{attempt_id(body), {}};
  for (const auto& name : texts(body, "signals")) stop.order.signals.push_back(signal_number(name));
  if (stop.order.signals.size() > kMaxStopSignals) throw BadCommand{"'signals' names more than 16"};
  stop.order.grace_ms = static_cast<std::int64_t>(std::min<std::uint64_t>(number(body, "grace_ms"), 1u << 30));
  return stop;
}

List parse_list(const json& body) {
  List list;
  if (!body.contains("may_have_run")) return list;  // of an older daemon
  list.may_have_run = texts(body, "may_have_run");
  if (!std::ranges::all_of(list.may_have_run, valid_attempt_id)) throw BadCommand{"'may_have_run' holds what is no attempt: an id is 32 lower-case hex digits"};
  return list;
}

Shutdown parse_shutdown(const json& body) {
  if (text(body, "mode") != "when_idle") throw BadCommand{"'mode' must be \"when_idle\""};
  return {};
}

Command parse_body(const json& body) {
  if (!body.is_object()) throw BadCommand{"a command is a JSON object"};
  const auto op = text(body, "op");
  if (op == "spawn") return parse_spawn(body);
  if (op == "stop") return parse_stop(body);
  if (op == "ack") return Ack{texts(body, "attempts")};
  if (op == "list") return parse_list(body);
  if (op == "preload") return parse_preload(body);
  if (op == "hello") return parse_hello(body);
  if (op == "shutdown") return parse_shutdown(body);
  if (op == "ping") return Ping{};
  throw BadCommand{"unknown op '" + op + "': it is one of hello, spawn, stop, list, ack, preload, shutdown, ping"};
}

const char* name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::exited:
      return "exited";
    case Outcome::signaled:
      return "signaled";
    case Outcome::never_started:
      return "never_started";
    case Outcome::lost:
      break;
  }
  return "lost";
}

const char* name_of(Cause cause) { return cause == Cause::out_of_memory ? "out_of_memory" : cause == Cause::cpu_time ? "cpu_time" : "no_space"; }

json body_of(const Welcome& event) {
  json body = {{"op", "welcome"},
               {"protocol", event.protocol},
               {"pid", event.pid},
               {"boot_id", event.boot_id},
               {"store_id", event.store_id}};
  if (!event.limits.names.empty()) body["limits_not_in_force"] = {{"names", event.limits.names}, {"why", event.limits.why}};
  return body;
}

json body_of(const Started& event) {
  json body = {{"op", "started"}, {"attempt", event.attempt}, {"pid", event.start.pid}, {"at_ms", event.start.at_ms}};
  if (event.start.warm) body["warm"] = true;
  return body;
}

json body_of(const Ended& event) {
  const auto& end = event.end;
  json body = {
      {"op", "ended"},
      {"attempt", event.attempt},
      {"outcome", name_of(end.outcome)},
      {"stopped", end.stopped},
      {"ended_at_ms", end.ended_at_ms},
      {"usage",
       {{"user_ms", end.usage.user_ms}, {"system_ms", end.usage.system_ms}, {"max_rss_kb", end.usage.max_rss_kb}}}};
  if (end.outcome == Outcome::exited) body["exit_code"] = end.exit_code;
  if (end.outcome == Outcome::signaled) body.update({{"signal", end.signal}, {"core_dumped", end.core_dumped}});
  if (end.cause != Cause::none) body["cause"] = name_of(end.cause);
  if (!end.detail.empty()) body["detail"] = end.detail;
  if (end.started_at_ms != 0) body["started_at_ms"] = end.started_at_ms;
  return body;
}

json body_of(const Listing& event) {
  json rows = json::array();
  for (const auto& row : event.rows) {
    json item = {{"attempt", row.attempt}, {"state", row.running ? "running" : "ended"}};
    if (row.start) item.update({{"pid", row.start->pid}, {"started_at_ms", row.start->at_ms}});
    rows.push_back(std::move(item));
  }
  return {{"op", "listing"}, {"attempts", std::move(rows)}};
}

json body_of(const Refused& event) {
  json body = {{"op", "refused"}, {"why", event.why}};
  if (!event.attempt.empty()) body["attempt"] = event.attempt;
  if (event.of_spawn) body["of"] = "spawn";
  return body;
}

json body_of(const Pong&) { return {{"op", "pong"}}; }

}  // namespace

std::expected<Command, Refused> parse_command(std::string_view text_of_command) {
  const auto body = json::parse(text_of_command, nullptr, /*allow_exceptions=*/false);
  if (body.is_discarded()) return std::unexpected(Refused{"not valid JSON", ""});
  try {
    return parse_body(body);
  } catch (const BadCommand& bad) {
    const bool named = body.is_object() && body.contains("attempt") && body["attempt"].is_string();
    return std::unexpected(Refused{bad.what, named ? body["attempt"].get<std::string>() : "", body.is_object() && body.value("op", json()) == "spawn"});
  }
}

std::string to_json(const Event& event) {
  const auto body = std::visit([](const auto& value) { return body_of(value); }, event);
  return body.dump(-1, ' ', false, json::error_handler_t::replace);  // a path in a detail may be no UTF-8
}

}  // namespace assetd::supervisor
