#include "cli/session.h"

#include <ostream>

namespace assetd::cli {

int Session::show(const Result<Json>& answer, const std::function<void(const Json&)>& human) {
  if (!answer) return fail(answer.error());
  if (settings.json) {
    out << answer->dump(2) << "\n";
  } else {
    human(*answer);
  }
  return kOk;
}

int Session::fail(const Problem& problem) {
  const bool said = problem.errors.size() == 1 && problem.errors.front().second == problem.detail;
  err << "error: " << (problem.detail.empty() ? problem.title : problem.detail) << "\n";
  for (const auto& [pointer, detail] : problem.errors) {
    if (!said) err << "  " << (pointer.empty() ? "" : pointer + ": ") << detail << "\n";
  }
  if (problem.status == 401) err << "  give a token with --token or ASSETD_TOKEN\n";
  const bool wrong_request = problem.status == 400 || problem.status == 404 || problem.status == 413 || problem.status == 422;
  return wrong_request ? kUsage : kRefused;
}

int Session::usage(const std::string& message) {
  err << "error: " << message << "\n";
  return kUsage;
}

}  // namespace assetd::cli
