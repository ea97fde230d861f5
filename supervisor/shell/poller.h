#pragma once
// epoll with a function for each descriptor.

#include <cstdint>
#include <functional>
#include <map>

namespace assetd::supervisor {

class Poller {
 public:
  using Handler = std::function<void(std::uint32_t events)>;

  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  void add(int fd, std::uint32_t events, Handler handler);
  void change(int fd, std::uint32_t events);
  /// Call before closing it. Safe inside a handler, also its own.
  void remove(int fd);
  /// Calls the handlers of what is ready; waits at most `timeout_ms`, for ever when it is negative.
  void wait(int timeout_ms);

 private:
  int epoll_;
  std::map<int, Handler> handlers_;
};

}  // namespace assetd::supervisor
