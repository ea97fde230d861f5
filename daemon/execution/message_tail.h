#pragma once
// Reads the message files of live attempts as they grow: by inode and offset, whole lines only, each once.

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "core/engine/input.h"
#include "daemon/execution/paths.h"

namespace assetd {

class MessageTail {
 public:
  /// `handler` is called on the tail's thread with what is new of one attempt; it must not block.
  using Handler = std::function<void(MessagesArrived)>;
  MessageTail(DataPaths paths, Handler handler);
  ~MessageTail();

  /// Reads on from `offset`, up to which the attempt's messages are committed.
  void follow(const AttemptId& attempt, std::int64_t offset);
  /// What was read beyond `offset` was not committed: it is read again.
  void rewind(const AttemptId& attempt, std::int64_t offset);
  /// The process tree is gone: all that is left, an unterminated last line too. The attempt is no longer followed. Any thread.
  MessagesArrived finish(const AttemptId& attempt, std::int64_t offset_if_unknown);

 private:
  struct Place {
    std::int64_t offset = 0;    ///< where the next line begins
    std::int64_t searched = 0;  ///< up to here that line does not end
  };

  void loop();
  void read_new(const AttemptId& attempt);
  MessagesArrived read_lines(const AttemptId& attempt, Place& place) const;
  void read_rest(const AttemptId& attempt, const Place& place, MessagesArrived& all) const;
  static void take_begun_line(int fd, const Place& place, std::string_view& view, std::vector<AttemptMessage>& out);

  DataPaths paths_;
  Handler handler_;
  std::mutex mutex_;
  std::map<AttemptId, Place> places_;
  int inotify_ = -1, wake_ = -1;
  std::thread thread_;
};

}  // namespace assetd
