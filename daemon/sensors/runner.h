#pragma once
// Evaluates sensors, each on a thread of its own and, but for those that only read the store, in a process of its own: one that hangs delays no other.

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "core/sensor/sensor.h"
#include "daemon/execution/environment.h"
#include "daemon/execution/plugin.h"
#include "daemon/sensors/folder_watch.h"
#include "daemon/sensors/hook_check.h"

namespace assetd {

/// Everything that an evaluation needs, as it was when it began.
struct SensorJob {
  std::string sensor;
  std::uint64_t evaluation = 0;  ///< SensorBook::begin
  SensorSpec spec;
  std::string cursor;
  bool dry_run = false;
  std::optional<WallTime> evaluated_at, fired_at;
  std::set<std::string> watched;             ///< asset: keys
  nlohmann::json resource = nullptr;         ///< sql: with its kind, paths absolute
  std::optional<Plugin> plugin;              ///< sql
};

struct SensorAnswer {
  std::string sensor;
  std::uint64_t evaluation = 0;
  bool dry_run = false;
  SensorFinding finding;
  Millis took{};
  std::string log;
  bool followed = false;   ///< its folders are watched
  bool look_again = false; ///< one was not watched while it was looked at
};

struct SensorRunnerOptions {
  std::string program;      ///< this executable
  std::string project_dir;  ///< where programs run
  std::string store_path;
  std::map<std::string, std::string> daemon_env;
  SecretLookup secrets;
};

class SensorRunner {
 public:
  struct Handlers {
    std::function<void(SensorAnswer)> answer;              ///< on the evaluation's thread; not for one that was ended with this object
    std::function<void(const std::string& sensor)> changed; ///< a file of it, on another thread
    std::function<WallTime()> now;                         ///< any thread
  };
  SensorRunner(SensorRunnerOptions options, Handlers handlers);
  /// Ends what is under way.
  ~SensorRunner();
  SensorRunner(const SensorRunner&) = delete;
  SensorRunner& operator=(const SensorRunner&) = delete;

  /// Begins an evaluation; no other of that sensor may be under way. Service's thread.
  void evaluate(SensorJob job);
  /// No longer defined: its folders are not watched any more. Service's thread.
  void forget(const std::string& sensor);

  /// What a delivery is worth. `keys`: by which it counts once; `status` 401, 400 or 503, and `why`, where it is worth nothing.
  struct HookVerdict {
    int status = 0;
    std::string why;
    SensorRequest request;
    std::vector<std::string> keys;
  };
  /// Checks its signature on the sensor's own thread, where its secret is looked up, and calls `done` there. False: too many wait already. Any thread.
  bool check(const HookSpec& hook, HookDelivery delivery, std::function<void(HookVerdict)> done);

 private:
  struct Lane {
    std::deque<std::function<void()>> waiting;
    std::thread thread;
    bool runs = false;  ///< its thread has not found the lane empty
  };
  bool post(const std::string& lane, std::function<void()> work, std::size_t most);
  void run(Lane& lane);
  SensorAnswer look(const SensorJob& job);
  void look_at_files(const SensorJob& job, SensorAnswer& answer);
  void look_at_happenings(const SensorJob& job, SensorAnswer& answer);
  void ask_program(const SensorJob& job, SensorAnswer& answer);
  void ask_database(const SensorJob& job, SensorAnswer& answer);
  std::expected<std::map<std::string, std::string>, std::string> environment_of(const SensorJob& job) const;
  std::string absolute(const std::string& path) const;
  std::expected<std::string, std::string> key_of(const HookSpec& hook);

  SensorRunnerOptions options_;
  Handlers handlers_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::map<std::string, Lane> lanes_;  ///< never removed, so that references stay good
  struct KnownKey {
    std::string value;
    std::chrono::steady_clock::time_point until;
  };
  std::map<std::string, KnownKey> keys_;  ///< by secret as written; for a minute, so that a flood of deliveries does not ask for it each time
  FolderWatch folders_;
};

}  // namespace assetd
