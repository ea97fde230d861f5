#pragma once
// `outputs:` of a run block with a command: the files that the command makes.

namespace assetd {

/// What `run: {command, outputs}` is loaded as: the plugin that runs the command and then says what is in the files (plugins/exec_outputs). Its config has
/// both keys, and RunSpec::command stays, since it is shown and its files count for the version of the code.
inline constexpr const char* kOutputsPlugin = "exec_outputs";

}  // namespace assetd
