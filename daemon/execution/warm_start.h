#pragma once
// From what is known before an attempt to the preloaded process that it may be forked from.

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "daemon/execution/plugin.h"
#include "daemon/execution/supervisor_client.h"

namespace assetd {

/// `argv`: the plugin's for the verb `serve`; `env`: the step's, without what is of one attempt; `load`: what the plugin prepares for. The
/// key is a hash of all of it and of the plugin's version and folder: what is secret in it cannot be read from it.
WarmStart make_warm_start(const Plugin& plugin, std::vector<std::string> argv, const std::map<std::string, std::string>& env, std::string cwd,
                          const nlohmann::json& load, std::string log_path);

/// Begins the log anew once it is large; a process that has it open writes on into the old one.
void bound_worker_log(const std::string& path);

}  // namespace assetd
