#include "daemon/execution/message_tail.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

#include "daemon/execution/message_file.h"

namespace assetd {

struct MessageTail::State {
  struct Followed {
    MessagePlace place;
    bool waits_for_turn = false;  ///< is in `turns`
    bool being_read = false;      ///< by our thread, until it has handed over
    bool held = false;            ///< the last piece is not dealt with yet
    bool changed = false;         ///< while it could not be read
    int rewinds = 0;
    Handler finished;             ///< set: nothing is written any more
  };

  ~State() { close(wake); }

  /// With the lock held.
  void give_turn(const AttemptId& attempt, Followed& followed) {
    if (followed.waits_for_turn) return;
    if (followed.being_read || followed.held) return void(followed.changed = true);
    followed.waits_for_turn = true;
    turns.push_back(attempt);
    eventfd_write(wake, 1);
  }

  void let_go(const AttemptId& attempt) {
    const std::lock_guard lock(mutex);
    const auto it = followed.find(attempt);
    if (it == followed.end()) return;
    it->second.held = false;
    if (std::exchange(it->second.changed, false)) give_turn(attempt, it->second);
  }

  std::mutex mutex;
  std::map<AttemptId, Followed> followed;
  std::deque<AttemptId> turns;
  bool stopping = false;
  int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
};

namespace {

constexpr int kLookEveryMs = 100;  // where nobody tells of changes

/// Goes with a piece of messages until whoever took it is done with it.
template <typename LetGo>
std::shared_ptr<const void> hold(LetGo let_go) {
  return {nullptr, [let_go = std::move(let_go)](const void*) { let_go(); }};
}

}  // namespace

MessageTail::MessageTail(DataPaths paths, Handler handler)
    : paths_(std::move(paths)), handler_(std::move(handler)), state_(std::make_shared<State>()), inotify_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (state_->wake < 0) throw std::runtime_error("no more file descriptors can be opened (ulimit -n)");
  // A user's instances may be used up by other programs.
  if (inotify_ >= 0 && inotify_add_watch(inotify_, paths_.messages_dir().c_str(), IN_MODIFY | IN_CLOSE_WRITE) < 0) close(std::exchange(inotify_, -1));
  thread_ = std::thread([this] { loop(); });
}

MessageTail::~MessageTail() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    eventfd_write(state_->wake, 1);
  }
  thread_.join();
  if (inotify_ >= 0) close(inotify_);
}

void MessageTail::follow(const AttemptId& attempt, std::int64_t offset) {
  const std::lock_guard lock(state_->mutex);
  const auto [it, is_new] = state_->followed.try_emplace(attempt, State::Followed{.place = MessagePlace::at(offset)});
  // Only a file that was there before the watch needs a first look: after a restart.
  if (offset > 0 || access(paths_.messages(attempt).c_str(), F_OK) == 0) state_->give_turn(attempt, it->second);
}

void MessageTail::rewind(const AttemptId& attempt, std::int64_t offset) {
  const std::lock_guard lock(state_->mutex);
  auto& followed = state_->followed[attempt];
  followed.place = MessagePlace::at(offset);
  ++followed.rewinds;
  state_->give_turn(attempt, followed);
}

void MessageTail::finish(const AttemptId& attempt, std::int64_t offset_if_unknown, Handler then) {
  const MessageFile file(paths_.messages(attempt), attempt);
  MessagePlace place;
  {
    const std::lock_guard lock(state_->mutex);
    const auto [it, is_new] = state_->followed.try_emplace(attempt, State::Followed{.place = MessagePlace::at(offset_if_unknown)});
    auto& followed = it->second;
    if (followed.finished) return;  // its end was said twice; the first one is on its way
    if (followed.being_read || followed.held || file.size() - followed.place.searched > kReadAtOnce) {
      followed.finished = std::move(then);
      return state_->give_turn(attempt, followed);
    }
    place = followed.place;
    state_->followed.erase(it);
  }
  MessagesArrived all{attempt, place.offset, {}, place.offset};
  const auto take = [&](MessagesArrived& more) {
    std::ranges::move(more.messages, std::back_inserter(all.messages));
    all.offset = more.offset;
  };
  MessagesArrived more;
  while (file.read_on(place, more)) take(more);
  file.read_rest(place, more);
  take(more);
  then(std::move(all));
}

void MessageTail::loop() {
  pollfd fds[] = {{inotify_, POLLIN, 0}, {state_->wake, POLLIN, 0}};
  while (true) {
    std::optional<AttemptId> next;
    {
      const std::lock_guard lock(state_->mutex);
      if (state_->stopping) return;
      if (!state_->turns.empty()) {
        next = std::move(state_->turns.front());
        state_->turns.pop_front();
      }
    }
    if (next) read_next(*next);
    const bool is_told = inotify_ >= 0;
    if (poll(fds, 2, next ? 0 : is_told ? -1 : kLookEveryMs) == 0 && !is_told && !next) look_at_all();
    eventfd_t count = 0;
    if (fds[1].revents != 0) eventfd_read(state_->wake, &count);
    if (fds[0].revents != 0) collect_changed();
  }
}

void MessageTail::look_at_all() {
  const std::lock_guard lock(state_->mutex);
  for (auto& [attempt, followed] : state_->followed) state_->give_turn(attempt, followed);
}

void MessageTail::collect_changed() {
  alignas(inotify_event) char buffer[16384];
  const std::lock_guard lock(state_->mutex);
  for (ssize_t got; (got = read(inotify_, buffer, sizeof buffer)) > 0;) {
    for (char* at = buffer; at < buffer + got; at += sizeof(inotify_event) + reinterpret_cast<inotify_event*>(at)->len) {
      const auto* event = reinterpret_cast<inotify_event*>(at);
      if (event->len == 0) continue;
      if (const auto it = state_->followed.find(event->name); it != state_->followed.end()) state_->give_turn(it->first, it->second);
    }
  }
}

// One piece. finish() must not overtake it: until it is handed over the attempt counts as being read.
void MessageTail::read_next(const AttemptId& attempt) {
  MessagePlace place;
  int rewinds = 0;
  bool finishing = false;
  {
    const std::lock_guard lock(state_->mutex);
    const auto it = state_->followed.find(attempt);
    if (it == state_->followed.end()) return;
    auto& followed = it->second;
    followed.waits_for_turn = false;
    followed.being_read = true;
    place = followed.place;
    rewinds = followed.rewinds;
    finishing = followed.finished != nullptr;
  }
  MessagesArrived piece, rest;
  const MessageFile file(paths_.messages(attempt), attempt);
  const bool more = file.read_on(place, piece);
  const bool over = !more && finishing;
  if (over) file.read_rest(place, rest);
  const bool news = piece.offset > piece.from;
  if (news) {
    piece.hold = hold([state = std::weak_ptr(state_), attempt] {
      if (const auto alive = state.lock()) alive->let_go(attempt);
    });
    const std::lock_guard lock(state_->mutex);
    state_->followed[attempt].held = true;
  }
  if (news) handler_(std::move(piece));
  Handler finished;
  {
    const std::lock_guard lock(state_->mutex);
    const auto it = state_->followed.find(attempt);
    auto& followed = it->second;
    followed.being_read = false;
    if (followed.rewinds == rewinds) followed.place = place;
    const bool again = std::exchange(followed.changed, false) || more || followed.rewinds != rewinds || (followed.finished && !over);
    if (over && followed.rewinds == rewinds) {
      finished = std::move(followed.finished);
      state_->followed.erase(it);
    } else if (again) {
      state_->give_turn(attempt, followed);
    }
  }
  if (finished) finished(std::move(rest));
}

}  // namespace assetd
