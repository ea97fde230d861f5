#pragma once
// Notices that a file was saved on which the definitions depend (--watch).

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "daemon/definitions/compiler.h"

namespace assetd {

/// Looks twice a second, by size and time of each file: that also sees what is written over a network or by a container, and costs a stat a file.
class DefinitionsWatch {
 public:
  /// `changed` is called on a thread of its own, once for each state that was seen(); it must not block for long.
  DefinitionsWatch(CompileOptions options, std::function<void()> changed);
  ~DefinitionsWatch();

  /// What the files were like when they were last read (CompileResult::watch_state). Any thread.
  void seen(std::string watch_state);

 private:
  void loop();

  CompileOptions options_;
  std::function<void()> changed_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::string state_;  ///< empty: nothing is waited for
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace assetd
