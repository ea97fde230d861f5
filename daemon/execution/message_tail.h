#pragma once
// Reads the message files of live attempts as they grow: by inode and offset, whole lines only, each once.

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "core/engine/input.h"
#include "daemon/execution/paths.h"

namespace assetd {

class MessageTail {
 public:
  /// `handler` is called with what is new of one attempt; it must not block. Of an attempt that writes much there is one such piece at a time: the next one
  /// is read when MessagesArrived::hold of the last one is gone, in turns with other attempts'.
  using Handler = std::function<void(MessagesArrived)>;
  MessageTail(DataPaths paths, Handler handler);
  ~MessageTail();

  /// Reads on from `offset`, up to which the attempt's messages are committed.
  void follow(const AttemptId& attempt, std::int64_t offset);
  /// What was read beyond `offset` was not committed: it is read again.
  void rewind(const AttemptId& attempt, std::int64_t offset);
  /// The process tree is gone. `then` is called with the last that is left, an unterminated last line too, once all before has been handed over: at once
  /// on the caller's thread if it is little, else later on ours; never if the tail is destroyed before. The attempt is no longer followed. Any thread.
  void finish(const AttemptId& attempt, std::int64_t offset_if_unknown, Handler then);

 private:
  struct State;
  void loop();
  void collect_changed();
  void look_at_all();
  void read_next(const AttemptId& attempt);

  DataPaths paths_;
  Handler handler_;
  std::shared_ptr<State> state_;  // holds of pieces outlive the tail
  int inotify_ = -1;  ///< -1: there is none, and all files are looked at ten times a second
  std::thread thread_;
};

}  // namespace assetd
