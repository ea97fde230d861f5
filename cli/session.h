#pragma once
// What every command works with: the daemon, where output goes and in which form, and the exit codes of the contract.

#include <functional>
#include <iosfwd>
#include <memory>
#include <string>

#include "cli/api_client.h"
#include "cli/format.h"
#include "cli/terminal.h"

namespace assetd::cli {

enum Exit : int { kOk = 0, kFailed = 1, kUsage = 2, kRefused = 3, kCanceled = 4, kDetached = 130 };

struct Settings {
  std::string url;
  std::string token;
  bool json = false;
};

class Session {
 public:
  Session(Settings settings, std::unique_ptr<ApiClient> api, Terminal terminal, std::ostream& out, std::ostream& err)
      : settings(std::move(settings)), api(std::move(api)), terminal(terminal), out(out), err(err) {}

  Settings settings;
  std::unique_ptr<ApiClient> api;
  Terminal terminal;
  std::ostream& out;
  std::ostream& err;

  SystemTime now() const { return std::chrono::system_clock::now(); }
  /// Prints the answer as JSON, or lets `human` print it; a problem goes to stderr. Returns the exit code.
  int show(const Result<Json>& answer, const std::function<void(const Json&)>& human);
  /// Says what went wrong and what to do. Returns the exit code: 2 when the request was wrong, 3 when the daemon is not there or refuses.
  int fail(const Problem& problem);
  int usage(const std::string& message);
};

/// What a command line chose to do.
using Action = std::function<int(Session&)>;

}  // namespace assetd::cli
