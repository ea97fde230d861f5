#include "daemon/execution/elder_supervisors.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <set>
#include <thread>
#include <vector>

#include "daemon/execution/supervisor_messages.h"
#include "supervisor/frame.h"
#include "supervisor/socket_address.h"

namespace assetd {

class ElderSupervisors::Elder {
 public:
  Elder(std::string path, std::string hello, SupervisorClient::Handler handler)
      : path_(std::move(path)), handler_(std::move(handler)), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    thread_ = std::thread([this, hello = std::move(hello)] { run(hello); });
  }

  ~Elder() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(wake_, &one, sizeof one);
    thread_.join();
    close(wake_);
  }

  const std::string& path() const { return path_; }
  bool gone() const { return gone_; }

  void list() {
    const std::lock_guard lock(mutex_);
    if (socket_ >= 0) send(list_message());
  }

  bool send_if_its(const std::string& attempt, const std::string& message) {
    const std::lock_guard lock(mutex_);
    return attempts_.contains(attempt) && send(message);
  }

 private:
  void run(const std::string& hello) {
    if (connect()) converse(hello);
    const std::lock_guard lock(mutex_);
    attempts_.clear();  // another supervisor takes over what it had
    if (socket_ >= 0) close(std::exchange(socket_, -1));
    gone_ = true;
  }

  /// It answered a moment ago: if it does not now it is gone.
  bool connect() {
    const std::lock_guard lock(mutex_);
    socket_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const supervisor::SocketAddress address(path_);
    return socket_ >= 0 && ::connect(socket_, address.get(), supervisor::SocketAddress::size()) == 0;
  }

  void converse(const std::string& hello) {
    {
      const std::lock_guard lock(mutex_);
      if (!send(hello)) return;
    }
    supervisor::FrameReader reader;
    std::vector<char> buffer(64 * 1024);
    while (true) {
      pollfd fds[] = {{socket_, POLLIN, 0}, {wake_, POLLIN, 0}};
      if (poll(fds, 2, -1) < 0 && errno == EINTR) continue;
      if (fds[1].revents != 0) return;
      const auto got = read(socket_, buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return;
      reader.feed({buffer.data(), static_cast<std::size_t>(got)});
      while (const auto frame = reader.next()) {
        auto event = parse_supervisor_message(*frame);
        if (!event || (event->kind == SupervisorEvent::Kind::refused && event->final)) return;
        take(std::move(*event));
      }
      if (reader.oversized()) return;
    }
  }

  void take(SupervisorEvent event) {
    using Kind = SupervisorEvent::Kind;
    {
      const std::lock_guard lock(mutex_);
      // One without a common version ends by itself, unless a daemon that speaks its own comes back.
      if (event.kind == Kind::connected && event.protocol != 0) send(shutdown_message());
      if (event.kind == Kind::connected) send(list_message());  // now that it knows that it is one: of what others have it need not tell
      for (const auto& row : event.attempts) attempts_.insert(row.attempt);
      if (!event.attempt.empty()) attempts_.insert(event.attempt);
    }
    if (event.kind == Kind::started || event.kind == Kind::ended) handler_(std::move(event));
  }

  /// With the lock held.
  bool send(const std::string& message) {
    std::string frame;
    supervisor::append_frame(frame, message);
    for (std::string_view rest = frame; !rest.empty();) {
      const auto sent = ::send(socket_, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) return false;
      rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  const std::string path_;
  const SupervisorClient::Handler handler_;
  const int wake_;
  std::mutex mutex_;
  int socket_ = -1;
  std::set<std::string> attempts_;  ///< it has, or had until they were acknowledged
  std::atomic<bool> gone_ = false;
  std::thread thread_;
};

ElderSupervisors::ElderSupervisors(std::string store_id, std::uint64_t generation, SupervisorClient::Handler handler)
    : store_id_(std::move(store_id)), generation_(generation), handler_(std::move(handler)) {}

ElderSupervisors::~ElderSupervisors() = default;

void ElderSupervisors::add(const std::string& socket_path) {
  const std::lock_guard lock(mutex_);
  std::erase_if(elders_, [](const auto& elder) { return elder->gone(); });
  const bool known = std::ranges::any_of(elders_, [&](const auto& elder) { return elder->path() == socket_path; });
  if (!known) elders_.push_back(std::make_unique<Elder>(socket_path, hello_message(store_id_, generation_), handler_));
}

bool ElderSupervisors::has(const std::string& socket_path) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(elders_, [&](const auto& elder) { return elder->path() == socket_path && !elder->gone(); });
}

void ElderSupervisors::list() {
  const std::lock_guard lock(mutex_);
  for (const auto& elder : elders_) elder->list();
}

bool ElderSupervisors::send(const std::string& attempt, const std::string& message) {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(elders_, [&](const auto& elder) { return elder->send_if_its(attempt, message); });
}

}  // namespace assetd
