#pragma once
// What a step's process finds in its environment. Of the daemon's own only PATH, HOME, USER, LANG, LC_*, TZ and TMPDIR
// pass, and what inherit_env names.

#include <atomic>
#include <expected>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace assetd {

/// Resolves ${secret:NAME}; nothing when there is no such secret.
using SecretLookup = std::function<std::expected<std::string, std::string>(const std::string& name)>;

struct EnvironmentSpec {
  std::map<std::string, std::string> env;  ///< values may hold ${secret:NAME}
  std::string env_file;  ///< absolute path, empty for none; KEY=VALUE lines as systemd and docker read them
  std::vector<std::string> inherit_env;  ///< names or NAME_* patterns
};

/// With every ${secret:NAME} of it looked up. The error names the missing secret.
std::expected<std::string, std::string> resolve_secrets(const std::string& value, const SecretLookup& secrets);

/// Later wins: passed through, inherited, env_file, env. The error names the missing file or secret. A file that is a pipe is waited for, 30 s at most
/// and until `stop`.
std::expected<std::map<std::string, std::string>, std::string> make_environment(
    const EnvironmentSpec& spec, const std::map<std::string, std::string>& daemon_env, const SecretLookup& secrets, const std::atomic<bool>* stop = nullptr);

/// Whether make_environment() may wait for a program or a file: not on a thread for which others wait.
bool may_take_time(const EnvironmentSpec& spec, const std::map<std::string, std::string>& daemon_env);

/// This process's environment as a map.
std::map<std::string, std::string> current_environment();

/// Secrets come from a file (KEY=VALUE lines, ASSETD_SECRETS_FILE), the environment (ASSETD_SECRET_NAME), or a program
/// (ASSETD_SECRETS_COMMAND NAME → stdout, within 30 s; ended once `stop` is set).
SecretLookup default_secrets(const std::map<std::string, std::string>& daemon_env, const std::atomic<bool>* stop = nullptr);

}  // namespace assetd
