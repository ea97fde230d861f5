#pragma once
// A real assetd-supervisor in a folder of its own, and a daemon's connection to it.

#include <chrono>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "supervisor/frame.h"

namespace assetd::supervisor::testing {

using nlohmann::json;

/// For a shell: until there is a file `go` in its folder.
inline constexpr char kWaitForGo[] = "while [ ! -e go ]; do sleep 0.01; done";

/// A number for `sleep` that the process table can be searched for: no other call and no other test program gives it.
std::string marker();

/// Calls `condition` until it is true; false after 30 s.
bool eventually(const std::function<bool()>& condition);

/// A folder that is removed at the end, after whatever process still works in it was killed.
class Folder {
 public:
  Folder();
  ~Folder();
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// The supervisor's program, serving `folder`/s with its claims in `claims`.
class Program {
 public:
  explicit Program(const Folder& folder, std::string claims = "", std::vector<std::string> options = {});
  ~Program();
  void start();
  void kill_9();
  /// Waits for it to end by itself; its exit code.
  int wait();
  int pid() const { return pid_; }
  const std::string& claims() const { return claims_; }
  std::vector<std::string> claimed() const;  ///< attempts that have a claim

 private:
  std::string folder_, socket_, claims_;
  std::vector<std::string> options_;
  int pid_ = 0;
};

/// What a daemon sees. Every wait fails by throwing after 30 s.
class Channel {
 public:
  /// Connects to the supervisor on `socket` of the folder and says hello.
  explicit Channel(const Folder& folder, std::uint64_t generation = 1, const std::string& store = "store", const std::string& socket = "s",
                   const json& protocol = {1, 1});
  ~Channel();
  Channel(const Channel&) = delete;

  void send_all(const std::vector<json>& messages);
  void send(const json& message) { send_all(std::vector<json>{message}); }
  /// The next message; nothing when the supervisor closed the connection.
  std::optional<json> next();
  /// The next message of that op, about that attempt when one is given; others are kept for later calls.
  json expect(const std::string& op, const std::string& attempt = "");

 private:
  std::optional<json> read_one();

  int fd_ = -1;
  FrameReader reader_;
  std::vector<json> kept_;
};

/// A new id.
std::string new_attempt();
json spawn(const Folder& folder, const std::string& attempt, std::vector<std::string> argv);
json shell(const Folder& folder, const std::string& attempt, const std::string& script);
json stop(const std::string& attempt, std::vector<std::string> signals, int grace_ms);

std::string read_text(const std::string& path);
void write_text(const std::string& path, const std::string& text);
/// Pids of living processes with `marker` in their command line.
std::vector<int> processes_with(const std::string& marker);
/// That work in the folder itself.
std::vector<int> processes_in(const std::string& folder);
int parent_of(int pid);

}  // namespace assetd::supervisor::testing
