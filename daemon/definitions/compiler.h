#pragma once
// Definitions are compiled in a short-lived child process (this program started again as `assetd compile …`): YAML
// trees and what plugins describe are dear in memory, a crash in a parser must not be one of the daemon, and `assetctl
// validate` runs the very same.

#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "core/definition/load.h"
#include "core/definition/spec.h"

namespace assetd {

struct CompileOptions {
  std::string project_dir;  ///< absolute; holds assetd.yaml
  std::string
      data_dir;  ///< absolute; plugins' state stands in DIR/imports/<name>. Empty for validate: a temporary folder
  std::string environment;               ///< --env
  std::vector<std::string> plugin_dirs;  ///< folders that hold plugin folders, in order of precedence
};

/// A source of the definitions, to know later whether anything changed without reading it.
struct WatchedFile {
  std::string path;  ///< absolute
  std::int64_t size = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t inode = 0;
  bool operator==(const WatchedFile&) const = default;
};

struct ImportReport {
  std::string name;
  std::string plugin;
  std::size_t assets = 0;
  bool ok = false;
  std::string detail;
  bool named = true;  ///< false: the name is of what it describes, and a stand-in where that failed
  nlohmann::json config = nlohmann::json::object();  ///< what the definitions say of it
};

struct CompileResult {
  std::string compiled;  ///< as core/definition/compiled.h; empty when there are errors
  std::string hash;      ///< of `compiled`: 64 hex, SHA-256
  std::vector<DefinitionError> errors;
  std::vector<DefinitionWarning> warnings;
  std::vector<ImportReport> imports;
  std::vector<WatchedFile> watched;  ///< every file read, directories of globs, and what plugins asked to watch
  std::string watch_state;  ///< JSON to hand to `is_unchanged` later: files, globs, environment variables that were
                            ///< read, plugin versions
};

/// The work itself, in this process: reads files, runs `describe`. What the child does. Never throws for bad input.
CompileResult compile_here(const CompileOptions& options);

/// The same in a child process of `program` (this executable), with a time limit. A child that dies is an error in the
/// result.
CompileResult compile_in_child(const std::string& program, const CompileOptions& options);

/// True when nothing that decided `watch_state` has changed: lists of globs, sizes, modification times, inodes,
/// variables, --env. Only stats.
bool is_unchanged(const std::string& watch_state, const CompileOptions& options);

/// The same files and variables as they are now; of a state that can't be read assetd.yaml alone. Only stats.
std::string looked_at_again(const std::string& watch_state, const CompileOptions& options);

/// The files of that state as they are now; nothing of a state that can't be read. Only stats.
std::vector<WatchedFile> files_of(const std::string& watch_state);

/// For main(): `assetd compile --project DIR …` prints the CompileResult as JSON on stdout.
int run_compile_command(const CompileOptions& options);
nlohmann::json to_json(const CompileResult& result);

}  // namespace assetd
