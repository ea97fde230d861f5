#include "daemon/execution/message_tail.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "daemon/execution/messages.h"

namespace assetd {
namespace {

// More than this of one attempt waits for the next round, so that a chatty step does not hold up the others.
constexpr std::int64_t kReadAtOnce = 4 << 20;
// A line beyond this is no message: it would be held in memory as text, as JSON, and by everybody who watches.
constexpr std::int64_t kLongestLine = 64 << 20;

std::string read_range(int fd, std::int64_t offset, std::int64_t limit) {
  std::string data;
  while (static_cast<std::int64_t>(data.size()) < limit) {
    const auto before = data.size();
    data.resize(before + 65536);
    const auto got = pread(fd, data.data() + before, 65536, offset + static_cast<std::int64_t>(before));
    data.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got <= 0) break;
  }
  return data;
}

AttemptMessage too_long(std::int64_t bytes) {
  AttemptMessage message;
  message.kind = AttemptMessage::Kind::log;
  message.data = {{"level", "WARNING"}, {"message", "a message of " + std::to_string(bytes) + " bytes was left out: the most is " + std::to_string(kLongestLine)}};
  return message;
}

/// `end`: the offset behind the line.
void add(AttemptMessage message, std::int64_t end, std::vector<AttemptMessage>& out) {
  message.end = end;
  out.push_back(std::move(message));
}

void parse_line(std::string_view line, std::int64_t end, std::vector<AttemptMessage>& out) {
  if (static_cast<std::int64_t>(line.size()) > kLongestLine) return add(too_long(static_cast<std::int64_t>(line.size())), end, out);
  if (auto message = parse_message(line)) add(std::move(*message), end, out);
}

}  // namespace

MessageTail::MessageTail(DataPaths paths, Handler handler) : paths_(std::move(paths)), handler_(std::move(handler)) {
  inotify_ = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  wake_ = eventfd(0, EFD_CLOEXEC);
  if (inotify_ < 0 || wake_ < 0 || inotify_add_watch(inotify_, paths_.messages_dir().c_str(), IN_MODIFY | IN_CLOSE_WRITE) < 0)
    throw std::runtime_error("cannot watch " + paths_.messages_dir() + " for messages of steps (is fs.inotify.max_user_instances used up?)");
  thread_ = std::thread([this] { loop(); });
}

MessageTail::~MessageTail() {
  eventfd_write(wake_, 1);
  thread_.join();
  close(inotify_);
  close(wake_);
}

void MessageTail::follow(const AttemptId& attempt, std::int64_t offset) {
  {
    std::lock_guard lock(mutex_);
    places_.try_emplace(attempt, Place{offset, offset});
  }
  // Only a file that was there before the watch needs a first look: after a restart.
  if (offset > 0 || access(paths_.messages(attempt).c_str(), F_OK) == 0) read_new(attempt);
}

void MessageTail::rewind(const AttemptId& attempt, std::int64_t offset) {
  {
    std::lock_guard lock(mutex_);
    places_[attempt] = {offset, offset};
  }
  read_new(attempt);
}

void MessageTail::loop() {
  alignas(inotify_event) char buffer[16384];
  pollfd fds[] = {{inotify_, POLLIN, 0}, {wake_, POLLIN, 0}};
  while (true) {
    poll(fds, 2, -1);
    if (fds[1].revents != 0) return;
    std::set<AttemptId> changed;
    for (ssize_t got; (got = read(inotify_, buffer, sizeof buffer)) > 0;)
      for (char* at = buffer; at < buffer + got; at += sizeof(inotify_event) + reinterpret_cast<inotify_event*>(at)->len)
        if (const auto* event = reinterpret_cast<inotify_event*>(at); event->len > 0) changed.insert(event->name);
    for (const auto& attempt : changed) read_new(attempt);
  }
}

void MessageTail::read_new(const AttemptId& attempt) {
  // The lock is held over the hand-over too: finish() must not overtake messages that were read before it.
  std::lock_guard lock(mutex_);
  const auto it = places_.find(attempt);
  if (it == places_.end()) return;
  while (true) {
    const auto before = it->second.offset;
    auto arrived = read_lines(attempt, it->second);
    if (arrived.offset == before) return;
    handler_(std::move(arrived));
  }
}

MessagesArrived MessageTail::finish(const AttemptId& attempt, std::int64_t offset_if_unknown) {
  std::lock_guard lock(mutex_);
  const auto it = places_.find(attempt);
  auto place = it == places_.end() ? Place{offset_if_unknown, offset_if_unknown} : it->second;
  if (it != places_.end()) places_.erase(it);
  MessagesArrived all{attempt, place.offset, {}, place.offset};
  while (true) {
    const auto before = place.offset;
    auto arrived = read_lines(attempt, place);
    std::ranges::move(arrived.messages, std::back_inserter(all.messages));
    if (arrived.offset == before) break;
  }
  read_rest(attempt, place, all);
  return all;
}

// The next lines that have ended. What has been searched for an end in vain is not read again before there is one.
MessagesArrived MessageTail::read_lines(const AttemptId& attempt, Place& place) const {
  MessagesArrived result{attempt, place.offset, {}, place.offset};
  const int fd = open(paths_.messages(attempt).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return result;
  std::string data;
  auto last = std::string::npos;
  while (last == std::string::npos) {
    data = read_range(fd, place.searched, kReadAtOnce);
    last = data.rfind('\n');
    if (last == std::string::npos) place.searched += static_cast<std::int64_t>(data.size());
    if (data.empty()) break;
  }
  if (last != std::string::npos) {
    std::string_view view(data.data(), last + 1);
    result.offset = place.searched + static_cast<std::int64_t>(view.size());
    take_begun_line(fd, place, view, result.messages);
    for (auto end = view.find('\n'); end != std::string_view::npos; end = view.find('\n')) {
      const auto line = view.substr(0, end);
      view.remove_prefix(end + 1);
      parse_line(line, result.offset - static_cast<std::int64_t>(view.size()), result.messages);
    }
    place = {result.offset, result.offset};
  }
  close(fd);
  return result;
}

// The line that began in an earlier read and ends in `view`.
void MessageTail::take_begun_line(int fd, const Place& place, std::string_view& view, std::vector<AttemptMessage>& out) {
  const auto begun = place.searched - place.offset;
  if (begun == 0) return;
  const auto end = view.find('\n');
  const auto length = begun + static_cast<std::int64_t>(end);
  const auto behind = place.offset + length + 1;
  if (length > kLongestLine)
    add(too_long(length), behind, out);
  else
    parse_line(read_range(fd, place.offset, length).substr(0, static_cast<std::size_t>(length)), behind, out);
  view.remove_prefix(end + 1);
}

void MessageTail::read_rest(const AttemptId& attempt, const Place& place, MessagesArrived& all) const {
  all.offset = place.searched;
  if (place.searched - place.offset > kLongestLine) return add(too_long(place.searched - place.offset), all.offset, all.messages);
  const int fd = open(paths_.messages(attempt).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  parse_line(read_range(fd, place.offset, place.searched - place.offset), all.offset, all.messages);
  close(fd);
}

}  // namespace assetd
