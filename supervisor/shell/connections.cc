#include "supervisor/shell/connections.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "supervisor/socket_address.h"

namespace assetd::supervisor {
namespace {

constexpr int kLookMs = 1'000;

/// -1 with errno where it cannot, as where something of that name is there.
int try_listen(const std::string& path) {
  const SocketAddress address(path);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const auto mask = umask(0177);
  const bool bound = bind(fd, address.get(), SocketAddress::size()) == 0;
  umask(mask);
  if (bound && listen(fd, 16) == 0) return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

int listen_on(const std::string& path) {
  unlink(path.c_str());  // whoever made it is gone: we hold the lock
  const int fd = try_listen(path);
  if (fd < 0) throw std::runtime_error("cannot listen on '" + path + "': " + std::strerror(errno));
  return fd;
}

/// 0 with errno where there is none.
ino_t inode_of(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

}  // namespace

Connections::Connections(Poller& poller, std::string path, Report report)
    : poller_(poller), path_(std::move(path)), report_(std::move(report)), listener_(listen_on(path_)), inode_(inode_of(path_)) {
  poller_.add(listener_, EPOLLIN, [this](std::uint32_t) { accept_all(); });
}

Connections::~Connections() {
  if (inode_of(path_) == inode_) unlink(path_.c_str());
  close(listener_);
  for (auto& [id, peer] : peers_) close(peer.fd);
}

int Connections::timeout_ms() { return kLookMs; }

/// What has its name without being ours is another supervisor's, and left to it.
void Connections::look(std::int64_t now_ms) {
  if (now_ms - looked_at_ms_ < kLookMs) return;
  looked_at_ms_ = now_ms;
  if (inode_of(path_) != 0 || errno != ENOENT) return;
  const int fd = try_listen(path_);
  if (fd < 0 && errno == ENOENT) return report_(FolderGone{});
  if (fd < 0) return;  // the next look tries again
  std::fprintf(stderr, "assetd-supervisor: '%s' was removed by somebody; it is made anew\n", path_.c_str());
  poller_.remove(listener_);
  close(listener_);
  listener_ = fd;
  inode_ = inode_of(path_);
  poller_.add(listener_, EPOLLIN, [this](std::uint32_t) { accept_all(); });
}

void Connections::accept_all() {
  int fd = -1;
  while ((fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
    const auto id = next_id_++;
    peers_[id].fd = fd;
    poller_.add(fd, EPOLLIN, [this, id](std::uint32_t events) { on_ready(id, events); });
    report_(Opened{id});
  }
}

void Connections::on_ready(ConnectionId id, std::uint32_t events) {
  auto& peer = peers_.at(id);
  if ((events & EPOLLOUT) != 0) {
    peer.blocked = false;
    poller_.change(peer.fd, EPOLLIN);
    if (!write_to(id, peer)) return;
  }
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !read_from(id, peer)) drop(id);
}

/// False when the peer is gone or speaks something else.
bool Connections::read_from(ConnectionId id, Peer& peer) {
  static char buffer[64 * 1024];
  const auto got = read(peer.fd, buffer, sizeof buffer);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  peer.reader.feed({buffer, static_cast<std::size_t>(got)});
  while (!peer.closing) {
    const auto frame = peer.reader.next();
    if (!frame) break;
    report_(Received{id, parse_command(*frame)});
  }
  return !peer.reader.oversized();
}

void Connections::send(ConnectionId to, const Event& event) {
  const auto found = peers_.find(to);
  if (found != peers_.end()) append_frame(found->second.outgoing, to_json(event));
}

void Connections::close_after_sending(ConnectionId connection) {
  const auto found = peers_.find(connection);
  if (found != peers_.end()) found->second.closing = true;
}

void Connections::flush() {
  for (auto next = peers_.begin(); next != peers_.end();) {
    auto& [id, peer] = *next++;
    if (!peer.blocked && (peer.closing || !peer.outgoing.empty())) write_to(id, peer);
  }
}

/// False when the connection is gone now.
bool Connections::write_to(ConnectionId id, Peer& peer) {
  while (!peer.outgoing.empty()) {
    const auto sent = ::send(peer.fd, peer.outgoing.data(), peer.outgoing.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) {
      peer.blocked = true;
      poller_.change(peer.fd, EPOLLIN | EPOLLOUT);
      return true;
    }
    if (sent < 0) {
      drop(id);
      return false;
    }
    peer.outgoing.erase(0, static_cast<std::size_t>(sent));
  }
  if (!peer.closing) return true;
  drop(id);  // and `peer` with it
  return false;
}

void Connections::drop(ConnectionId id) {
  const auto found = peers_.find(id);
  if (found == peers_.end()) return;
  poller_.remove(found->second.fd);
  close(found->second.fd);
  peers_.erase(found);
  report_(Closed{id});
}

}  // namespace assetd::supervisor
