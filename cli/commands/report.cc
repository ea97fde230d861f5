// report KEY: data that was made by hand, or elsewhere.
#include <iostream>

#include "cli/command_line.h"

namespace assetd::cli {
namespace {

struct ReportOptions {
  std::string key, reason, data_version, partition;
  std::vector<std::string> metadata;
};

int report(Session& session, const ReportOptions& options) {
  const auto metadata = assignments(options.metadata, "--metadata", true);
  if (!metadata) {
    session.err << "error: " << metadata.error() << "\n";
    return kUsage;
  }
  Json body = {{"reason", options.reason}, {"metadata", *metadata}};
  if (!options.data_version.empty()) body["data_version"] = options.data_version;
  if (!options.partition.empty()) body["partition"] = options.partition;
  return session.show(session.api->post("/assets/" + key_in_path(options.key) + "/materializations", body),
                      [&](const Json&) { session.out << options.key << (options.partition.empty() ? "" : " [" + options.partition + "]") << " is reported as materialized\n"; });
}

}  // namespace

void add_report_command(CommandLine& line) {
  const auto options = std::make_shared<ReportOptions>();
  auto* command = add_command(line.app, line, "report", "data was made by hand, or elsewhere: what is below follows as if a run had made it", options, report);
  command->add_option("key", options->key, "an asset's key")->required();
  command->add_option("--reason", options->reason, "for people, kept in the audit")->required();
  command->add_option("--metadata", options->metadata, "name=value, as a step reports it; may be given several times")->allow_extra_args(false);
  command->add_option("--data-version", options->data_version, "of the data");
  command->add_option("--partition", options->partition, "of an asset that is divided: exactly this one was made; without it, all that there are");
}

}  // namespace assetd::cli
