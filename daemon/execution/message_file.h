#pragma once
// The file into which one attempt writes its messages, read piece by piece. The step owns it while it runs: nothing in it or about it is taken for granted.

#include <string>

#include "core/engine/input.h"

namespace assetd {

// What of one attempt is read at once, so that a chatty step does not hold up the others.
inline constexpr std::int64_t kReadAtOnce = 256 << 10;
// A line beyond this is no message: it would be held in memory as text, as JSON, and by everybody who watches.
inline constexpr std::int64_t kLongestLine = 64 << 20;
// Of one attempt: no more is read, and no more kept of what is only shown (log, custom messages).
inline constexpr std::int64_t kMostRead = 256 << 20;
inline constexpr std::int64_t kMostShownBytes = 16 << 20;
inline constexpr int kMostShown = 10'000;

/// How far a file has been read.
struct MessagePlace {
  std::int64_t offset = 0;    ///< where the next line begins
  std::int64_t searched = 0;  ///< up to here that line does not end
  int shown = 0;              ///< messages that are only shown, since the attempt is followed
  bool said_shown_left_out = false;

  static MessagePlace at(std::int64_t offset) { return {offset, offset, 0, offset > kMostShownBytes}; }
};

class MessageFile {
 public:
  /// Opens at once whatever is there, and only a regular file is read.
  MessageFile(const std::string& path, AttemptId attempt);
  ~MessageFile();
  MessageFile(const MessageFile&) = delete;

  bool is_other() const { return other_; }  ///< there is something, and not a file
  std::int64_t size() const;                ///< 0 where there is none
  /// The next lines that have ended, of kReadAtOnce bytes at most. What has been searched for an end in vain is not read again before there is one. False: there
  /// is nothing more to read at present.
  bool read_on(MessagePlace& place, MessagesArrived& out) const;
  /// Nothing is written any more: a last line without an end too, and what could not be read is said.
  void read_rest(MessagePlace& place, MessagesArrived& out) const;

 private:
  std::string read_range(std::int64_t offset, std::int64_t limit) const;
  void take_begun_line(MessagePlace& place, std::string_view& view, std::vector<AttemptMessage>& out) const;

  AttemptId attempt_;
  int fd_ = -1;
  bool other_ = false;
};

}  // namespace assetd
