#include "daemon/service/replies.h"

#include <algorithm>

namespace assetd {
namespace {
constexpr std::size_t kStepsShown = 1'000;
}

Reply problem(int status, const std::string& type, const std::string& title, const std::string& detail, nlohmann::json errors) {
  nlohmann::json body = {{"type", "https://assetd.dev/problems/" + type}, {"title", title}, {"status", status}, {"detail", detail}};
  if (!errors.empty()) body["errors"] = std::move(errors);
  return {status, std::move(body)};
}

Reply selection_problem(const SelectionError& error) {
  const auto detail = "column " + std::to_string(error.column) + ": " + error.message;
  return problem(422, "invalid-selection", "The selection is not valid", detail,
                 nlohmann::json::array({{{"pointer", "/select"}, {"detail", error.message}, {"column", error.column}}}));
}

Reply not_found(const std::string& what, const std::string& detail) { return problem(404, "not-found", "No such " + what, detail); }

Reply conflict(const std::string& type, const std::string& title, const std::string& detail) { return problem(409, type, title, detail); }

Reply unavailable(const std::string& detail) { return problem(503, "unavailable", "The daemon cannot take this now", detail); }

nlohmann::json run_summary(const RunPlan& plan, const Definitions& definitions) {
  nlohmann::json steps = nlohmann::json::array();
  for (StepIndex step = 0; step < std::min(plan.size(), kStepsShown); ++step)
    steps.push_back({{"key", definitions.assets[plan.asset(step)].key}, {"partition", plan.partition(step).empty() ? nlohmann::json() : nlohmann::json(plan.partition(step))}, {"status", "pending"}});
  return {{"steps_total", plan.size()}, {"steps", std::move(steps)}};
}

}  // namespace assetd
