#include "daemon/execution/limits_in_force.h"

namespace assetd {

std::vector<std::string> asked_in_vain(const LimitsSpec& limits, const LimitsNotInForce& not_in_force) {
  std::vector<std::string> names;
  for (const auto& name : not_in_force.names)
    if ((name == "cpu" && limits.cpu_millis) || (name == "processes" && limits.processes)) names.push_back(name);
  return names;
}

}  // namespace assetd
