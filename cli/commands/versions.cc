// assets why, impact, runs changes: why an asset is stale, whom it concerns, what is different from the last success.
#include <iostream>

#include "cli/command_line.h"
#include "cli/table.h"
#include "cli/versions.h"

namespace assetd::cli {
namespace {

struct KeyOptions {
  std::string key;
};

struct WhyOptions {
  std::string key, partition;
};

struct ChangesOptions {
  std::string run, step, partition;
};

int show_why(Session& session, const WhyOptions& options) {
  const bool one = !options.partition.empty();
  const auto path = "/assets/" + key_in_path(options.key);
  const auto name = one ? options.key + " [" + options.partition + "]" : options.key;
  return session.show(one ? session.api->get(path + "/partitions/why", {{"partition", options.partition}}) : session.api->get(path), [&](const Json& asset) {
    const auto stale = asset.value("stale", Json::object());
    if (!stale.value("is", false)) {
      session.out << name << " is not stale: it was made by the code of now from the data of now\n";
      return;
    }
    session.out << session.terminal.paint(name, Colour::bold) << " is stale:\n";
    print_stale(session, stale);
  });
}

void print_keys(Session& session, const std::string& name, const Json& named) {
  const auto total = named.value("total", std::size_t{0});
  const auto keys = named.value("keys", Json::array());
  session.out << name << total;
  if (total > 0) session.out << ": " << join(keys, ", ") << (keys.size() < total ? " and " + std::to_string(total - keys.size()) + " more" : "");
  session.out << "\n";
}

std::string exposure_text(const Json& exposure) {
  std::string text = text_at(exposure, "name");
  if (const auto type = text_at(exposure, "type"); !type.empty()) text += " (" + type + ")";
  for (const auto* field : {"owner", "url"})
    if (const auto value = text_at(exposure, field); !value.empty()) text += ", " + value;
  return text;
}

int show_impact(Session& session, const KeyOptions& options) {
  return session.show(session.api->get("/assets/" + key_in_path(options.key) + "/impact"), [&](const Json& impact) {
    session.out << session.terminal.paint(options.key, Colour::bold) << ", if it is not made:\n";
    print_keys(session, "  below           ", impact.value("downstream", Json::object()));
    print_keys(session, "  ends            ", impact.value("sinks", Json::object()));
    const auto owners = join(impact.value("owners", Json::array()), ", ");
    if (!owners.empty()) session.out << "  owners          " << owners << "\n";
    for (const auto& exposure : impact.value("exposures", Json::array())) session.out << "  exposure        " << exposure_text(exposure) << "\n";
    const auto next = impact.value("next_deadline", Json());
    if (next.is_object()) session.out << "  next deadline   " << text_at(next, "key") << " at " << text_at(next, "at") << "\n";
    for (const auto& deadline : impact.value("deadlines", Json::array()))
      if (deadline.value("missed", false))
        session.out << session.terminal.paint("  missed          " + text_at(deadline, "key") + (text_at(deadline, "at").empty() ? ": it has no data" : " at " + text_at(deadline, "at")), Colour::red) << "\n";
  });
}

struct StepNamed {
  std::string key, partition;
};

/// The step that failed first, where none is named.
Result<StepNamed> step_of(Session& session, const ChangesOptions& options) {
  if (!options.step.empty()) return StepNamed{options.step, options.partition};
  const auto run = session.api->get("/runs/" + percent_encode(options.run));
  if (!run) return std::unexpected(run.error());
  for (const auto& cause : run->value("causes", Json::array())) return StepNamed{text_at(cause, "key"), options.partition.empty() ? text_at(cause, "partition") : options.partition};
  return StepNamed();
}

int show_changes(Session& session, const ChangesOptions& options) {
  const auto step = step_of(session, options);
  if (!step) return session.fail(step.error());
  if (step->key.empty()) return session.usage("no step of run " + options.run + " failed: name the one to compare, assetctl runs changes " + options.run + " KEY");
  return session.show(session.api->get("/runs/" + percent_encode(options.run) + "/changes", {{"step", step->key}, {"partition", step->partition}}), [&](const Json& changes) { print_changes(session, changes); });
}

}  // namespace

void print_stale(Session& session, const Json& stale) {
  for (const auto& why : stale.value("because", Json::array())) {
    session.out << "  " << session.terminal.paint(text_at(why, "detail"), Colour::yellow) << "\n";
    const auto chain = why.value("chain", Json::array());
    std::string indent = "    ";
    for (std::size_t i = 1; i < chain.size(); ++i, indent += "  ") session.out << indent << "because " << text_at(chain[i], "detail") << "\n";
  }
}

void print_changes(Session& session, const Json& changes) {
  const auto since = changes.value("since", Json());
  const auto step = step_name(changes, "step");
  if (!since.is_object()) {
    session.out << step << ": no earlier success is kept to compare with\n";
    return;
  }
  const auto items = changes.value("items", Json::array());
  session.out << session.terminal.paint(step, Colour::bold) << (items.empty() ? ": nothing that is known of changed since its last success, run " : ", changed since its last success, run ")
              << text_at(since, "run_id") << ":\n";
  for (const auto& item : items) session.out << "  " << text_at(item, "detail") << "\n";
}

void add_version_commands(CommandLine& line) {
  const auto why = std::make_shared<WhyOptions>();
  auto* why_command = add_command(*line.app.get_subcommand("assets"), line, "why", "why an asset, or one of its partitions, is stale, down to the cause", why, show_why);
  why_command->add_option("asset", why->key, "key of the asset")->required();
  why_command->add_option("--partition", why->partition, "of an asset that is divided: this one");
  const auto impact = std::make_shared<KeyOptions>();
  add_command(line.app, line, "impact", "what it means to others when an asset is not made", impact, show_impact)->add_option("asset", impact->key, "key of the asset")->required();
  const auto changes = std::make_shared<ChangesOptions>();
  auto* changes_command = add_command(*line.app.get_subcommand("runs"), line, "changes", "what is different from the last time a step succeeded", changes, show_changes);
  changes_command->add_option("run", changes->run, "id of the run")->required();
  changes_command->add_option("step", changes->step, "key of its asset; the one that failed first when not given");
  changes_command->add_option("--partition", changes->partition, "of an asset that is divided: this one; the one that failed first when not given");
}

}  // namespace assetd::cli
