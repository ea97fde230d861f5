#include "supervisor/shell/poller.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <utility>

namespace assetd::supervisor {

Poller::Poller() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

Poller::~Poller() { close(epoll_); }

void Poller::add(int fd, std::uint32_t events, Handler handler) {
  handlers_[fd] = std::move(handler);
  epoll_event event{.events = events, .data = {.fd = fd}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
}

void Poller::change(int fd, std::uint32_t events) {
  epoll_event event{.events = events, .data = {.fd = fd}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event);
}

void Poller::remove(int fd) {
  epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  handlers_.erase(fd);
}

void Poller::wait(int timeout_ms) {
  epoll_event ready[64];
  const int count = epoll_wait(epoll_, ready, std::size(ready), timeout_ms);
  for (int i = 0; i < count; ++i) {
    const auto found = handlers_.find(ready[i].data.fd);
    if (found == handlers_.end()) continue;  // removed by a handler just now
    const Handler handler = found->second;   // a copy: it may remove itself
    handler(ready[i].events);
  }
}

}  // namespace assetd::supervisor
