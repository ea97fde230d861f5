// forecast: what will run, how long it will take, what will be too old.
#include <chrono>
#include <iostream>

#include "cli/command_line.h"
#include "cli/table.h"
#include "core/schedule/cron.h"

namespace assetd::cli {
namespace {

struct ForecastOptions {
  std::string select, horizon = "24h";
  std::vector<std::string> pools, speeds;
  std::size_t limit = 30;
  bool steps = false;
};

/// "schedule nightly", "automation", "run 41".
std::string forecast_origin(const Json& run) {
  if (const auto id = text_at(run, "run_id"); !id.empty()) return "run " + id;
  const auto name = text_at(run["trigger"], "name");
  return text_at(run["trigger"], "kind") + (name.empty() ? "" : " " + name);
}

std::string forecast_took(const Json& run, const std::string& end) {
  const auto from = parse_time(text_at(run, "started_at")), to = parse_time(text_at(run, end));
  return from && to ? duration_text(std::chrono::duration_cast<std::chrono::milliseconds>(*to - *from)) : "";
}

std::string waited_for(const Json& step) {
  std::string words;
  for (const auto& each : step["waited_for"]) words += (words.empty() ? "" : ", ") + text_at(each, "kind") + " " + text_at(each, "what");
  return words;
}

void print_forecast_runs(Session& session, const Json& runs, std::size_t limit) {
  Table table({{"BEGINS"}, {"OF", false, true}, {"STEPS", true}, {"TAKES", true}, {"SLOW", true}, {"ENDS"}, {"DECIDED BY", false, true}});
  for (const auto& run : runs) {
    if (limit-- == 0) break;
    const auto begins = text_at(run, "started_at").empty() ? std::string("later") : ago_at(run, "started_at", session.now());
    const auto ends = text_at(run, "ended_at").empty() ? std::string("later") : ago_at(run, "ended_at", session.now());
    const auto reason = text_at(run, "reason");
    table.add({begins, forecast_origin(run), text_at(run, "steps_total"), forecast_took(run, "ended_at"), forecast_took(run, "slow_ended_at"), ends,
               reason.empty() ? join(run["critical_path"], " → ") : text_at(run, "status") + ": " + reason});
  }
  session.out << table.render(session.terminal);
}

void print_forecast_steps(Session& session, const Json& runs, std::size_t limit) {
  Table table({{"BEGINS"}, {"STEP", false, true}, {"OF", false, true}, {"TAKES", true}, {"WAITED", true}, {"FOR", false, true}});
  for (const auto& run : runs)
    for (const auto& step : run["steps"]) {
      if (limit == 0) break;
      if (text_at(step, "started_at").empty()) continue;
      --limit;
      const bool waited = step.value("waited_ms", 0) > 0;
      table.add({ago_at(step, "started_at", session.now()), text_at(step, "key"), forecast_origin(run), forecast_took(step, "ended_at"),
                 waited ? duration_at(step, "waited_ms") : "", waited_for(step)});
    }
  session.out << table.render(session.terminal);
}

/// `total`: those that are not listed count too.
void print_violations(Session& session, const Json& violations, std::size_t total) {
  if (violations.empty()) return void(session.out << "no data will be too old\n");
  Table table({{"TOO OLD"}, {"ASSET", false, true}, {"BY"}, {"DATA OF"}, {"MENDED"}, {"NOTE", false, true}});
  for (const auto& each : violations)
    table.add({ago_at(each, "at", session.now()), text_at(each, "key"), text_at(each, "kind"), ago_at(each, "data_at", session.now()),
               text_at(each, "mended_at").empty() ? "not within this forecast" : ago_at(each, "mended_at", session.now()),
               each.value("already", false) ? "already" : each.value("only_if_slow", false) ? "only if steps are slow" : ""});
  session.out << "\ndata that will be too old\n" << table.render(session.terminal);
  if (total > violations.size()) session.out << "and " << total - violations.size() << " more: a selection shows others\n";
}

void print_pools_ahead(Session& session, const Json& pools) {
  Table table({{"POOL"}, {"SLOTS", true}, {"USED", true}, {"STEPS WAITED", true}, {"FOR", true}});
  for (const auto& pool : pools)
    table.add({text_at(pool, "name"), text_at(pool, "slots"), std::to_string(static_cast<int>(pool.value("used", 0.0) * 100 + 0.5)) + " %", text_at(pool, "steps_waited"),
               duration_at(pool, "waited_ms")});
  session.out << "\npools\n" << table.render(session.terminal);
}

int show_forecast(Session& session, const ForecastOptions& options) {
  if (!parse_duration(options.horizon)) return session.usage("--horizon takes a duration such as 6h or 2d, not '" + options.horizon + "'");
  std::vector<std::pair<std::string, std::string>> query = {{"horizon", options.horizon}, {"select", options.select}};
  for (const auto& [list, prefix] : {std::pair(&options.pools, "pool."), std::pair(&options.speeds, "speed.")})
    for (const auto& each : *list) {
      const auto equals = each.find('=');
      if (equals == std::string::npos || equals == 0) return session.usage("--pool takes NAME=4 or NAME=+2, --speed KEY=2; not '" + each + "'");
      query.emplace_back(prefix + each.substr(0, equals), each.substr(equals + 1));
    }
  return session.show(session.api->get("/forecast", query), [&](const Json& answer) {
    const auto& runs = answer["runs"];
    session.out << "from now until " << text_at(answer, "until") << ": runs " << text_at(answer, "runs_total") << ", steps " << text_at(answer, "steps_total") << "\n";
    if (answer.value("truncated", false)) session.out << "cut short at " << text_at(answer, "stopped_at") << ": there are too many steps to simulate\n";
    if (runs.empty()) session.out << "nothing will run by itself\n";
    else if (options.steps) print_forecast_steps(session, runs, options.limit);
    else print_forecast_runs(session, runs, options.limit);
    if (!options.steps && runs.size() > options.limit) session.out << "and " << runs.size() - options.limit << " more: --limit\n";
    for (const auto& missed : answer["missed_ticks"])
      session.out << "schedule " << text_at(missed, "schedule") << " will not run at " << text_at(missed, "instant") << ": " << text_at(missed, "reason") << "\n";
    print_violations(session, answer["violations"], answer.value("violations_total", std::size_t{0}));
    print_pools_ahead(session, answer["pools"]);
    session.out << "\nsupposed:";
    for (const auto& each : answer["assumptions"]) session.out << "\n- " << harmless(each.get<std::string>());
    session.out << "\n";
  });
}

}  // namespace

void add_forecast_command(CommandLine& line) {
  const auto options = std::make_shared<ForecastOptions>();
  auto* forecast = add_command(line.app, line, "forecast", "the runs to come, as the engine would make them; what if pools or assets were others", options, show_forecast);
  forecast->add_option("select", options->select, "only what is about these assets");
  forecast->add_option("--horizon", options->horizon, "how far ahead: 6h, 24h, at most 7d")->capture_default_str();
  forecast->add_option("--pool", options->pools, "what if a pool had other slots: gpu=4, gpu=+2; several times");
  forecast->add_option("--speed", options->speeds, "what if an asset were quicker: KEY=2 is twice as fast; several times");
  forecast->add_option("--limit", options->limit, "runs (or steps) to show")->check(CLI::Range(1, 10'000))->capture_default_str();
  forecast->add_flag("--steps", options->steps, "step by step instead of run by run");
}

}  // namespace assetd::cli
