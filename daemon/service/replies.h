#pragma once
// Answers that several commands give.

#include <string>

#include "core/graph/selection.h"
#include "daemon/service/service.h"

namespace assetd {

Reply selection_problem(const SelectionError& error);
Reply not_found(const std::string& what, const std::string& detail);
Reply conflict(const std::string& type, const std::string& title, const std::string& detail);
Reply unavailable(const std::string& detail);
/// A run as POST /runs answers it: the first 1,000 steps, pending.
nlohmann::json run_summary(const RunPlan& plan, const Definitions& definitions);

}  // namespace assetd
