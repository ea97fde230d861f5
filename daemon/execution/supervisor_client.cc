#include "daemon/execution/supervisor_client.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>

#include "daemon/execution/elder_supervisors.h"
#include "daemon/execution/supervisor_launch.h"
#include "daemon/execution/supervisor_messages.h"
#include "supervisor/frame.h"
#include "supervisor/socket_address.h"

namespace assetd {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
using Kind = SupervisorEvent::Kind;

constexpr milliseconds kShortestBackoff{10}, kLongestBackoff{1000};
constexpr milliseconds kLaunchAgainAfter{
    2000};  ///< a supervisor that adopts many claims needs a moment before it listens
constexpr milliseconds kSayDisconnectedAfter{2000};
constexpr milliseconds kWelcomeWithin{5000};
constexpr int kAsked = 1, kSilent = 2, kGone = 5;  ///< how often in a row the patience has run out
constexpr int kMostSupervisors = 8;  ///< of different versions, beside each other

SupervisorClientOptions resolved(SupervisorClientOptions options) {
  const auto absolute = [](std::string& path) {
    if (!path.empty()) path = std::filesystem::absolute(path).string();  // the supervisor works in /
  };
  if (options.program.empty()) options.program = supervisor_beside_executable();
  for (auto* path : {&options.program, &options.socket_path, &options.claims_dir, &options.log_path}) absolute(*path);
  return options;
}

}  // namespace

class SupervisorClient::Session {
 public:
  Session(SupervisorClientOptions options, Handler handler)
      : options_(resolved(std::move(options))),
        handler_([this, handler = std::move(handler)](SupervisorEvent event) {
          const std::lock_guard one_at_a_time(handling_);
          handler(std::move(event));
        }),
        wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        elders_(options_.store_id, options_.generation, handler_) {
    thread_ = std::thread([this] { run(); });
  }

  ~Session() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      outgoing_ += std::exchange(later_, {});
    }
    wake();
    thread_.join();
    close(wake_);
  }

  /// From any thread, which writes to the socket itself: to wake ours for it would cost each step a switch. Dropped while not connected: 0, else the
  /// connection's number.
  std::uint64_t send(const std::string& message) {
    const std::lock_guard lock(mutex_);
    if (!connected_) return 0;
    const bool thread_waits_for_room = !outgoing_.empty() && holds_ == 0;
    outgoing_ += std::exchange(later_, {});
    supervisor::append_frame(outgoing_, message);
    if (holds_ == 0 && !thread_waits_for_room) send_now();
    return connection_;
  }

  /// To whichever supervisor has the attempt.
  void send_about(const std::string& attempt, const std::string& message, bool later) {
    if (elders_.send(attempt, message)) return;
    if (later) return send_later(message);
    send(message);
  }

  void list_elders() { elders_.list(); }

  void send_later(const std::string& message) {
    const std::lock_guard lock(mutex_);
    if (connected_) supervisor::append_frame(later_, message);
  }

  void flush() {
    const std::lock_guard lock(mutex_);
    if (!connected_ || later_.empty()) return;
    const bool thread_waits_for_room = !outgoing_.empty() && holds_ == 0;
    outgoing_ += std::exchange(later_, {});
    if (holds_ == 0 && !thread_waits_for_room) send_now();
  }

  void hold() {
    const std::lock_guard lock(mutex_);
    ++holds_;
  }

  void release() {
    const std::lock_guard lock(mutex_);
    if (--holds_ == 0 && connected_ && !outgoing_.empty()) send_now();
  }

 private:
  void run() {
    while (!stopping()) {
      if (!connect()) return;
      turned_away_ = false;
      const auto why = converse();
      leave(why);
      if (turned_away_) elders_.add(path_);
      if (final_) return;
    }
  }

  // ---- Connecting
  // ---------------------------------------------------------------------------------------------------------------

  /// Tries until it is connected; false when the client is being destroyed.
  bool connect() {
    const auto since = Clock::now();
    std::optional<Clock::time_point> launched;
    auto backoff = kShortestBackoff;
    std::string trouble;
    while (!try_connect()) {
      const int error = errno;
      const auto now = Clock::now();
      if ((options_.start_supervisor || elders_.has(path(1))) && (!launched || now - *launched >= kLaunchAgainAfter)) {
        trouble = launch_on_free_path();
        launched = now;
      }
      if (!said_disconnected_ && (!trouble.empty() || now - since >= kSayDisconnectedAfter)) {
        say_disconnected("no supervisor answers on " + options_.socket_path + " (" + std::strerror(error) + ")" +
                         (trouble.empty() ? "" : "; " + trouble) +
                         (options_.log_path.empty() ? "" : "; its log is " + options_.log_path));
      }
      if (!wait_for(backoff)) return false;
      backoff = std::min(backoff * 2, kLongestBackoff);
    }
    return true;
  }

  /// The first has the path of the options, a second beside it that path with ".2", and so on.
  std::string path(int number) const { return options_.socket_path + (number == 1 ? "" : "." + std::to_string(number)); }

  std::string launch_on_free_path() {
    auto second = options_;
    int number = 1;
    while (number < kMostSupervisors && elders_.has(path(number))) ++number;
    second.socket_path = path(number);
    return launch_supervisor(second);
  }

  /// With the first that answers, of those that do not just finish what they have.
  bool try_connect() {
    int error = ENOENT;
    for (int number = 1; number <= kMostSupervisors; ++number) {
      path_ = path(number);
      if (elders_.has(path_)) continue;
      if (connect_to(path_)) return true;
      if (number == 1) error = errno;
    }
    errno = error;
    return false;
  }

  bool connect_to(const std::string& path) {
    socket_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket_ < 0) return false;
    const supervisor::SocketAddress address(path);
    if (::connect(socket_, address.get(), supervisor::SocketAddress::size()) == 0) {
      fcntl(socket_, F_SETFL, O_NONBLOCK);
      return true;
    }
    const int error = errno;
    close(std::exchange(socket_, -1));
    errno = error;
    return false;
  }

  // ---- Connected
  // ----------------------------------------------------------------------------------------------------------------

  /// Until the connection ends; gives why.
  std::string converse() {
    reader_ = {};
    {
      const std::lock_guard lock(mutex_);
      outgoing_.clear();
      supervisor::append_frame(outgoing_, hello_message(options_.store_id, options_.generation));
    }
    const auto deadline = Clock::now() + kWelcomeWithin;
    heard();
    while (true) {
      bool all_sent = false;
      if (auto why = write_out(all_sent); !why.empty()) return why;
      if (stopping()) return "the daemon ends";
      const auto patience = connected_ ? doubted_at_ + options_.patience : deadline;
      const int timeout = static_cast<int>(std::max<std::int64_t>(0, remaining(patience).count()));
      pollfd fds[] = {{socket_, static_cast<short>(all_sent ? POLLIN : POLLIN | POLLOUT), 0},
                      {wake_, POLLIN, 0}};
      if (poll(fds, 2, timeout) == 0) {
        if (!connected_ || ++doubts_ == kGone) return "the supervisor does not answer";
        doubt();
        continue;
      }
      if (fds[1].revents != 0) clear_wake();
      if ((fds[0].revents & (POLLIN | POLLHUP | POLLERR)) == 0) continue;
      if (auto why = read_in(); !why.empty()) return why;
    }
  }

  /// It has been silent: a process that was stopped keeps its connections. Counted from one doubt to the next, so that a pause of our own accuses nobody.
  void doubt() {
    doubted_at_ = Clock::now();
    if (doubts_ == kAsked) send(ping_message());
    if (doubts_ == kSilent) handler_({.kind = Kind::silent, .pid = pid_, .connection = connection_, .silence = kSilent * options_.patience});
  }

  void heard() {
    doubted_at_ = Clock::now();
    if (std::exchange(doubts_, 0) >= kSilent && connected_) handler_({.kind = Kind::silent, .pid = pid_, .connection = connection_});
  }

  std::string write_out(bool& all_sent) {
    const std::lock_guard lock(mutex_);
    auto why = write_socket();
    all_sent = outgoing_.empty();
    return why;
  }

  /// With the lock held, on a thread that is not ours: what does not go out at once, and errors, are left to ours.
  void send_now() {
    (void)write_socket();
    if (!outgoing_.empty()) wake();
  }

  /// With the lock held.
  std::string write_socket() {
    while (!outgoing_.empty()) {
      const auto sent = ::send(socket_, outgoing_.data(), outgoing_.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        outgoing_.erase(0, static_cast<std::size_t>(sent));
      } else if (errno == EAGAIN) {
        break;
      } else if (errno == EPIPE || errno == ECONNRESET) {
        break;  // what it said before it went is still to be read: reading finds the end
      } else if (errno != EINTR) {
        return std::string("cannot write to the supervisor: ") + std::strerror(errno);
      }
    }
    return {};
  }

  std::string read_in() {
    const auto got = read(socket_, buffer_.data(), buffer_.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return {};
    if (got < 0) return std::string("cannot read from the supervisor: ") + std::strerror(errno);
    if (got == 0) return "the supervisor closed the connection";
    heard();
    reader_.feed({buffer_.data(), static_cast<std::size_t>(got)});
    while (const auto frame = reader_.next()) {
      auto event = parse_supervisor_message(*frame);
      if (!event) return event.error();
      take(std::move(*event));
      if (turned_away_) return "the supervisor speaks other versions of the protocol";
    }
    return reader_.oversized() ? "the supervisor sent a frame of more than 16 MiB" : std::string();
  }

  void take(SupervisorEvent event) {
    if (event.kind == Kind::answered) return;
    if (event.kind == Kind::connected) {
      turned_away_ = event.protocol == 0;
      if (turned_away_) return;
      said_disconnected_ = false;
      pid_ = event.pid;
      for (int number = 1; number <= kMostSupervisors; ++number)
        if (path(number) != path_ && access(path(number).c_str(), F_OK) == 0) elders_.add(path(number));
      const std::lock_guard lock(mutex_);
      connected_ = true;
      ++connection_;
    }
    event.connection = connection_;
    final_ = final_ || event.final;
    handler_(std::move(event));
  }

  void leave(const std::string& why) {
    {
      const std::lock_guard lock(mutex_);
      connected_ = false;
      outgoing_.clear();
      later_.clear();
    }
    close(std::exchange(socket_, -1));
    if (!stopping() && !said_disconnected_ && !turned_away_) say_disconnected(why);
  }

  void say_disconnected(const std::string& why) {
    said_disconnected_ = true;
    handler_({.kind = Kind::disconnected, .detail = why, .final = final_});
  }

  // ---- Waiting
  // ------------------------------------------------------------------------------------------------------------------

  static milliseconds remaining(Clock::time_point deadline) {
    return std::chrono::ceil<milliseconds>(deadline - Clock::now());
  }

  /// False when the client is being destroyed.
  bool wait_for(milliseconds pause) {
    pollfd wake{wake_, POLLIN, 0};
    poll(&wake, 1, static_cast<int>(pause.count()));
    clear_wake();
    return !stopping();
  }

  void wake() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(wake_, &one, sizeof one);
  }

  void clear_wake() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = read(wake_, &count, sizeof count);
  }

  bool stopping() {
    const std::lock_guard lock(mutex_);
    return stopping_;
  }

  const SupervisorClientOptions options_;
  std::mutex handling_;
  const Handler handler_;
  const int wake_;
  ElderSupervisors elders_;

  std::mutex mutex_;
  std::string outgoing_;    ///< frames that the socket has not taken yet
  std::string later_;       ///< frames that go with the next ones
  int holds_ = 0;           ///< while above 0 frames only gather
  bool connected_ = false;  ///< written by the thread only
  std::uint64_t connection_ = 0;  ///< the same; counts welcomes
  bool stopping_ = false;

  // The thread's own:
  std::string path_;  ///< of the supervisor that is connected, or was last tried
  bool turned_away_ = false;
  int socket_ = -1;  ///< others write to it with the lock held, while connected_
  supervisor::FrameReader reader_;
  std::vector<char> buffer_ = std::vector<char>(64 * 1024);
  bool said_disconnected_ = false, final_ = false;
  int pid_ = 0;      ///< of the supervisor, as its welcome says
  int doubts_ = 0;   ///< since it was heard last
  Clock::time_point doubted_at_;  ///< or heard

  std::thread thread_;
};

SupervisorClient::SupervisorClient(SupervisorClientOptions options, Handler handler)
    : session_(std::make_unique<Session>(std::move(options), std::move(handler))) {}

SupervisorClient::~SupervisorClient() = default;

std::uint64_t SupervisorClient::spawn(const SpawnRequest& request) { return session_->send(spawn_message(request)); }

void SupervisorClient::stop(const std::string& attempt, const std::vector<std::string>& signals, milliseconds grace) {
  session_->send_about(attempt, stop_message(attempt, signals, grace), /*later=*/false);
}

void SupervisorClient::ack(const std::vector<std::string>& attempts) {
  for (const auto& attempt : attempts) session_->send_about(attempt, ack_message({attempt}), /*later=*/true);
}

void SupervisorClient::flush() { session_->flush(); }

void SupervisorClient::hold() { session_->hold(); }

void SupervisorClient::release() { session_->release(); }

void SupervisorClient::list(const std::vector<std::string>& may_have_run) {
  session_->send(list_message(may_have_run));
  session_->list_elders();
}

void SupervisorClient::preload(const WarmStart& warm) { session_->send(preload_message(warm)); }

void SupervisorClient::shutdown_when_idle() { session_->send(shutdown_message()); }

}  // namespace assetd
