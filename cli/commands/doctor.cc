// doctor: is everything there that a daemon needs, and does it run?
#include <filesystem>
#include <iostream>

#include "cli/command_line.h"
#include "cli/doctor_checks.h"
#include "cli/subprocess.h"
#include "cli/table.h"

namespace assetd::cli {
namespace {

struct DoctorOptions {
  std::string project = ".";
  std::string data;
};

using Grade = Finding::Grade;

Finding check_ready(const HttpAnswer& answer) {
  if (answer.status == 200) return {"ready", Grade::ok, "yes"};
  const auto body = Json::parse(answer.body, nullptr, false);
  std::string why;
  for (const auto& reason : body.is_object() ? body.value("why", Json::array()) : Json::array()) {
    why += (why.empty() ? "" : "; ") + text_at(reason, "code") + ": " + text_at(reason, "detail");
  }
  return {"ready", Grade::fail, why.empty() ? "status " + std::to_string(answer.status) : why};
}

Finding check_definitions(ApiClient& api) {
  const auto definitions = api.get("/definitions");
  if (!definitions) return {"definitions", Grade::warn, definitions.error().detail};
  const auto errors = definitions->value("errors", Json::array()).size();
  if (errors == 0) return {"definitions", Grade::ok, "version " + text_at(*definitions, "version") + ", " + text_at(*definitions, "assets") + " assets"};
  return {"definitions", Grade::fail, "the files have " + std::to_string(errors) + " errors, the last good version serves: assetctl definitions show"};
}

/// What the definitions ask for and this machine does not give.
std::vector<Finding> check_limits(ApiClient& api) {
  std::vector<Finding> findings;
  const auto definitions = api.get("/definitions");
  if (!definitions) return findings;
  for (const auto& warning : definitions->value("warnings", Json::array()))
    if (text_at(warning, "code") == "limits_not_in_force") findings.push_back({"limits", Grade::warn, text_at(warning, "message")});
  return findings;
}

/// Whether the daemon answers; what it says of itself is appended.
bool ask_daemon(Session& session, std::vector<Finding>& findings) {
  const auto health = session.api->probe("/healthz");
  if (!health) {
    findings.push_back({"daemon", Grade::fail, health.error().detail});
    return false;
  }
  findings.push_back({"daemon", health->status == 200 ? Grade::ok : Grade::fail, "answers at " + session.settings.url});
  if (const auto ready = session.api->probe("/readyz")) findings.push_back(check_ready(*ready));
  findings.push_back(check_definitions(*session.api));
  for (auto& finding : check_limits(*session.api)) findings.push_back(std::move(finding));
  return true;
}

void check_data(const std::string& data, bool runs, std::vector<Finding>& findings) {
  if (runs && !std::filesystem::exists(data)) {
    findings.push_back({"data folder", Grade::warn, "the daemon that answers keeps its data elsewhere than in " + data + "; --data names the folder that is to be checked"});
    return;
  }
  findings.push_back(check_data_folder(data));
  findings.push_back(check_free_disk(data));
  findings.push_back(check_store(data));
  findings.push_back(check_supervisor(data, runs));
}

int doctor(Session& session, const DoctorOptions& options) {
  const auto data = options.data.empty() ? options.project + "/.assetd" : options.data;
  std::vector<Finding> findings;
  const bool runs = ask_daemon(session, findings);
  check_data(data, runs, findings);
  findings.push_back(check_clock());
  findings.push_back(check_project(options.project));
  for (auto& finding : check_plugins(options.project, program_dir())) findings.push_back(std::move(finding));
  for (auto& finding : check_pythons(options.project)) findings.push_back(std::move(finding));

  Json items = Json::array();
  Table table({{"CHECK"}, {"RESULT"}, {"DETAIL"}});
  bool failed = false;
  for (const auto& finding : findings) {
    failed = failed || finding.grade == Grade::fail;
    items.push_back({{"check", finding.what}, {"result", grade_name(finding.grade)}, {"detail", finding.detail}});
    table.add({finding.what, status_cell(grade_name(finding.grade)), finding.detail});
  }
  if (session.settings.json) session.out << Json{{"healthy", !failed}, {"items", items}}.dump(2) << "\n";
  else session.out << table.render(session.terminal);
  return failed ? kFailed : kOk;
}

}  // namespace

void add_doctor_command(CommandLine& line) {
  const auto options = std::make_shared<DoctorOptions>();
  auto* command = add_command(line.app, line, "doctor", "is everything there, does it run, and if not, why", options, doctor);
  command->add_option("--project", options->project, "folder that holds assetd.yaml")->capture_default_str();
  command->add_option("--data", options->data, "the daemon's data folder; by default .assetd in the project");
}

}  // namespace assetd::cli
