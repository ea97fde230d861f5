#pragma once
// What happens to a run, as it happens, on a thread and connection of its own: what stands now, then the live stream, again after every loss.

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cli/api_client.h"
#include "cli/format.h"

namespace assetd::cli {

struct StepUpdate {
  std::string key, partition, status, reason, detail;
  std::optional<SystemTime> at;
  int attempt = 0;  ///< 0: none was made yet
};

/// How far the list of steps was. It may be ahead of the moment from which the stream is told: what it said already is no news.
class ListedSteps {
 public:
  void note(const StepUpdate& listed);
  /// False: the stream tells what the list was told after. From the first news of a step on, all of it is.
  bool is_news(const StepUpdate& told);

 private:
  using Progress = std::pair<int, int>;  ///< attempt, how far it is
  static Progress progress_of(const StepUpdate& step);
  std::map<std::pair<std::string, std::string>, Progress> steps_;  ///< by key and partition
};

/// One thing that was learnt.
struct RunUpdate {
  enum class Kind {
    step,      ///< `step` is how a step stands; the same may be told again after a reconnection
    finished,  ///< the run has ended
    lost,      ///< the daemon does not answer; `problem` says why; it is tried again
    refused,   ///< the daemon refuses; nothing more will come
  };
  Kind kind;
  StepUpdate step;
  Problem problem;
};

class RunFollower {
 public:
  /// Starts at once. `api` is for this follower alone. `wake_fd` is an eventfd that is written to whenever there is something to take.
  RunFollower(std::unique_ptr<ApiClient> api, std::string run_id, int wake_fd);
  ~RunFollower();
  std::vector<RunUpdate> take();

 private:
  void follow();
  Result<bool> catch_up(std::string& as_of);  ///< true: the run has ended
  bool on_event(const StreamEvent& event);    ///< false: nothing more is wanted
  void tell(StepUpdate step);
  void push(RunUpdate update);

  std::unique_ptr<ApiClient> api_;
  const std::string run_id_;
  const int wake_fd_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> ended_ = false;  // the thread
  bool finished_ = false;  // the run; of the thread alone
  ListedSteps listed_;     // of the thread alone
  std::mutex mutex_;
  std::deque<RunUpdate> updates_;
  std::thread thread_;  // last: starts when all else is there
};

bool is_terminal(const std::string& status);

}  // namespace assetd::cli
