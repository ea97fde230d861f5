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
  /// `watch_state`: as in seen(). `changed` is called on a thread of its own, once for each change, and must not block for long. False: the files can't be read
  /// now, it is called again soon.
  DefinitionsWatch(CompileOptions options, std::string watch_state, std::function<bool()> changed);
  ~DefinitionsWatch();

  /// What the files were like that were taken over or reported (CompileResult::watch_state). Empty, where nothing came of reading them: those of before are
  /// looked at as before. Any thread.
  void seen(std::string watch_state);

 private:
  void loop();

  CompileOptions options_;
  std::function<bool()> changed_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::string state_;  ///< a change against it is to be told
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace assetd
