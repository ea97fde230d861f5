// How processes are made: run:, env:, retries:, pools:, uses:.
#include <algorithm>
#include <array>

#include "core/definition/outputs.h"
#include "core/definition/reading.h"
#include "core/definition/retry_delay.h"
#include "core/definition/scalars.h"
#include "core/definition/variables.h"

namespace assetd {
namespace {

constexpr std::array<std::string_view, 7> kSignals{"TERM", "INT", "QUIT", "HUP", "USR1", "USR2", "KILL"};

std::optional<std::string> read_signal(MapReader& reader) {
  auto signal = reader.text("stop_signal");
  if (!signal) return std::nullopt;
  if (signal->starts_with("SIG")) signal->erase(0, 3);
  if (std::find(kSignals.begin(), kSignals.end(), *signal) != kSignals.end()) return signal;
  reader.file().error(reader.at("stop_signal"), "\"" + *signal + "\" is no signal that can stop a step",
                      suggest(*signal, {kSignals.begin(), kSignals.end()}));
  return std::nullopt;
}

void refuse_secrets(const SourceFile& file, const YamlNode& node) {
  if (const auto secret = find_secret(node.text); node.kind == YamlNode::Kind::scalar && secret)
    file.error(file.at(node, *secret), "a secret can't stand in a plugin's own key: it would be stored and shown",
               "put it into env: or a resource");
  for (const auto& item : node.items) refuse_secrets(file, item);
  for (const auto& entry : node.entries) refuse_secrets(file, entry.value);
}

bool is_environment_name(std::string_view name) {
  return !name.empty() && name.find_first_of("= \t\n") == std::string_view::npos && !(name[0] >= '0' && name[0] <= '9');
}

void check_env_names(const MapReader& reader) {
  const auto* env = reader.node().find("env");
  if (!env) return;
  for (const auto& entry : env->entries)
    if (!is_environment_name(entry.key))
      reader.file().error(reader.file().key_at(entry), "\"" + entry.key + "\" is no name of an environment variable");
}

}  // namespace

std::vector<std::string> read_command(MapReader& reader) {
  const auto* command = reader.require("command");
  if (!command) return {};
  if (command->kind == YamlNode::Kind::scalar) {
    reader.refuse("command", *command, "a list of program and arguments", "write [sh, -c, \"…\"] to have a shell read it");
    return {};
  }
  auto parts = reader.texts("command");
  const auto& file = reader.file();
  if (command->kind == YamlNode::Kind::sequence && command->items.empty()) reader.refuse("command", *command, "a program and its arguments");
  for (const auto& item : command->items)
    if (item.text.find('\0') != std::string::npos) file.error(item, "an argument cannot hold a NUL byte");
  if (!parts.empty() && parts.front().empty())
    file.error(command->items.front(), "the command names no program: its first part is empty", "perhaps a variable that it is made of is not set");
  return parts;
}

ProcessDefaults read_process(MapReader& reader, ProcessDefaults outer) {
  check_env_names(reader);
  for (auto& [name, value] : reader.text_map("env", Secrets::allowed)) outer.env[name] = value;
  if (const auto env_file = reader.path("env_file")) outer.env_file = *env_file;
  for (auto& pattern : reader.texts("inherit_env"))
    if (std::find(outer.inherit_env.begin(), outer.inherit_env.end(), pattern) == outer.inherit_env.end())
      outer.inherit_env.push_back(std::move(pattern));
  if (const auto warm = reader.boolean("warm")) outer.warm = *warm;
  return outer;
}

void read_bounds(MapReader& reader, RunSpec& run) {
  run.timeout = reader.duration("timeout");
  run.queue_timeout = reader.duration("queue_timeout");
  if (const auto signal = read_signal(reader)) run.stop_signal = *signal;
  if (const auto grace = reader.duration("grace")) run.grace = *grace;
  run.limits = read_limits(reader);
}

std::string read_plugin_name(const Reading& reading, MapReader& reader, bool builtin) {
  const auto* node = builtin ? reader.take("plugin") : reader.require("plugin");
  if (!node) return builtin ? "exec" : "";
  const auto name = read_text(reader.file(), *node, "\"plugin\"").value_or("");
  if (builtin && name == kOutputsPlugin) {
    reader.file().error(*node, "\"" + name + "\" is what outputs: stands for", "leave plugin: out and write run: {command: […], outputs: […]}");
    return "exec";
  }
  std::vector<std::string_view> known(reading.context.plugins.begin(), reading.context.plugins.end());
  if (builtin) known.push_back("exec");
  if (name.empty() || std::find(known.begin(), known.end(), name) != known.end()) return name;
  if (name == "exec") {
    reader.file().error(*node, "\"exec\" runs a command and describes no assets",
                        "write the asset under assets: with run: {command: […]}");
    return "";
  }
  auto hint = suggest(name, known);
  if (!hint.starts_with("did you mean"))
    hint += (hint.empty() ? "" : "; ") +
            std::string("plugins are looked for in ASSETD_PLUGINS, the project's plugins/ and share/assetd/plugins");
  reader.file().error(*node, "there is no plugin \"" + name + "\"", hint);
  return name;
}

RunSpec read_run(Reading& reading, const SourceFile& file, const YamlNode& node, const ProcessDefaults& outer) {
  MapReader reader(file, node, "run:");
  RunSpec run;
  run.stop_signal.clear();
  run.plugin = read_plugin_name(reading, reader, true);
  auto process = read_process(reader, outer);
  run.env = std::move(process.env);
  run.env_file = std::move(process.env_file);
  run.inherit_env = std::move(process.inherit_env);
  run.warm = process.warm;
  run.cwd = reader.path("cwd").value_or("");
  read_bounds(reader, run);
  if (run.plugin == "exec" && reader.is_map()) {
    run.command = read_command(reader);
    read_outputs(reading, reader, run);
    reader.refuse_rest();
    return run;
  }
  for (const auto* entry : reader.rest()) {
    refuse_secrets(file, entry->value);
    run.config[entry->key] = to_json(entry->value);
  }
  return run;
}

namespace {

/// Plugins may have reasons of their own: one that assetd does not know is a warning, as a slip of the pen would mean no retry at all.
std::vector<std::string> read_retry_on(Reading& reading, MapReader& retries) {
  constexpr std::array<std::string_view, 14> kReasons{"exit_code", "signal", "timeout", "lost", "never_started", "out_of_memory", "cpu_time", "plugin_error", "exception",
                                                      "not_run", "node_failed", "hook_failed", "resource_locked", "definition_changed"};
  auto reasons = retries.texts("retry_on");
  if (const auto* node = retries.take("retry_on"); node && node->kind == YamlNode::Kind::sequence && node->items.empty())
    retries.refuse("retry_on", *node, "a list of reasons", "leave it out to retry after every failure, or write max: 0 for none");
  for (const auto& reason : reasons) {
    if (reason == "check_failed" || reason == "canceled" || reason == "upstream_failed" || reason == "queue_timeout")
      retries.file().error(retries.at("retry_on"), "no attempt follows \"" + reason + "\": it is not the end of a process", "leave it out");
    else if (std::find(kReasons.begin(), kReasons.end(), reason) == kReasons.end())
      reading.problems.warn(retries.at("retry_on"), "\"" + reason + "\" is no reason of assetd's own, only a plugin can say it; " +
                                                        suggest(reason, {kReasons.begin(), kReasons.end()}));
  }
  return reasons;
}

std::optional<Millis> read_retry_delay(MapReader& retries, const char* key) {
  const auto delay = retries.duration(key);
  if (delay && *delay > kLongestRetryDelay) retries.refuse(key, *retries.take(key), "at most 7d", "no attempt waits longer for its turn");
  return delay;
}

}  // namespace

RetrySpec read_retries(Reading& reading, MapReader& reader, RetrySpec outer) {
  constexpr int kMost = 1'000;
  const auto* node = reader.take("retries");
  if (!node) return outer;
  if (as_integer(*node)) {
    outer.max = static_cast<int>(reader.integer("retries", 0, kMost).value_or(0));
    return outer;
  }
  MapReader retries(reader.file(), *node, "retries:");
  if (const auto max = retries.integer("max", 0, kMost)) outer.max = static_cast<int>(*max);
  if (const auto delay = read_retry_delay(retries, "delay")) outer.delay = *delay;
  if (const auto backoff = retries.word<Backoff>("backoff")) outer.backoff = *backoff;
  if (const auto jitter = retries.number("jitter", 0, 1)) outer.jitter = *jitter;
  if (const auto most = read_retry_delay(retries, "max_delay")) outer.max_delay = *most;
  if (auto on = read_retry_on(reading, retries); !on.empty()) outer.on = std::move(on);
  retries.refuse_rest();
  return outer;
}

std::map<std::string, int> read_pools(Reading& reading, MapReader& reader) {
  constexpr int kMost = 1'000'000;
  const auto* node = reader.take("pools");
  if (!node) return {};
  MapReader pools(reader.file(), *node, "pools:");
  std::map<std::string, int> result;
  for (const auto& entry : node->entries) {
    const auto slots = pools.integer(entry.key, 1, kMost);
    if (!slots) continue;
    result[entry.key] = static_cast<int>(*slots);
    reading.pools.push_back({entry.key, reader.file().key_at(entry), result[entry.key]});
  }
  return result;
}

std::map<std::string, HoldMode> read_uses(Reading& reading, MapReader& reader) {
  const auto* node = reader.take("uses");
  if (!node) return {};
  MapReader uses(reader.file(), *node, "uses:");
  std::map<std::string, HoldMode> result;
  for (const auto& entry : node->entries) {
    if (const auto mode = uses.word<HoldMode>(entry.key)) result[entry.key] = *mode;
    reading.resources.push_back({entry.key, reader.file().key_at(entry), 0});
  }
  return result;
}

std::map<std::string, std::string> read_tags(MapReader& reader) {
  const auto* node = reader.take("tags");
  if (!node || node->kind != YamlNode::Kind::sequence) return reader.text_map("tags");
  std::map<std::string, std::string> result;
  for (auto& tag : reader.texts("tags")) result[tag];
  return result;
}

bool check_name(const SourceFile& file, const SourceRef& where, const std::string& name, const std::string& what) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
  const auto bad = name.find_first_not_of(std::string(kLetters) + ".-");
  if (!name.empty() && name.size() <= 255 && bad == std::string::npos &&
      kLetters.find(name[0]) != std::string_view::npos)
    return true;
  file.error(where, "\"" + name + "\" is no name for " + what,
             "letters, digits, '_', '.' and '-', beginning with a letter, a digit or '_'");
  return false;
}

std::string read_name(MapReader& reader, std::string_view key) {
  const auto name = reader.required_text(key);
  if (!name.empty() || reader.node().find(key)) {
    if (const auto* node = reader.node().find(key); node && node->kind == YamlNode::Kind::scalar)
      check_name(reader.file(), reader.at(key), name, "this");
  }
  return name;
}

}  // namespace assetd
