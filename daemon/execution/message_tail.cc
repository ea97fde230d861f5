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

void parse_lines(std::string_view data, std::vector<AttemptMessage>& out) {
  while (!data.empty()) {
    const auto end = data.find('\n');
    if (auto message = parse_message(data.substr(0, end))) out.push_back(std::move(*message));
    if (end == std::string_view::npos) return;
    data.remove_prefix(end + 1);
  }
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
    offsets_.try_emplace(attempt, offset);
  }
  // Only a file that was there before the watch needs a first look: after a restart.
  if (offset > 0 || access(paths_.messages(attempt).c_str(), F_OK) == 0) read_new(attempt);
}

void MessageTail::rewind(const AttemptId& attempt, std::int64_t offset) {
  {
    std::lock_guard lock(mutex_);
    offsets_[attempt] = offset;
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
  const auto it = offsets_.find(attempt);
  if (it == offsets_.end()) return;
  while (true) {
    auto arrived = read_from(attempt, it->second, true);
    if (arrived.offset == it->second) return;
    it->second = arrived.offset;
    handler_(std::move(arrived));
  }
}

MessagesArrived MessageTail::finish(const AttemptId& attempt, std::int64_t offset_if_unknown) {
  std::lock_guard lock(mutex_);
  const auto it = offsets_.find(attempt);
  const auto offset = it == offsets_.end() ? offset_if_unknown : it->second;
  if (it != offsets_.end()) offsets_.erase(it);
  return read_from(attempt, offset, false);
}

MessagesArrived MessageTail::read_from(const AttemptId& attempt, std::int64_t offset, bool whole_lines) const {
  MessagesArrived result{attempt, offset, {}};
  const int fd = open(paths_.messages(attempt).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return result;
  std::string_view view;
  std::string data;
  for (auto limit = whole_lines ? kReadAtOnce : INT64_MAX;; limit *= 4) {
    data = read_range(fd, offset, limit);
    view = data;
    if (!whole_lines) break;
    const auto last = view.rfind('\n');
    view = last == std::string_view::npos ? std::string_view() : view.substr(0, last + 1);
    if (!view.empty() || static_cast<std::int64_t>(data.size()) < limit || limit > kLongestLine) break;
  }
  close(fd);
  parse_lines(view, result.messages);
  result.offset = offset + static_cast<std::int64_t>(view.size());
  return result;
}

}  // namespace assetd
