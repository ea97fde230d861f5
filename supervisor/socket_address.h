#pragma once
// The address of a Unix socket whose path may be longer than the 107 bytes that sockaddr_un takes.

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>

namespace assetd::supervisor {

/// Valid for connect() and bind() while it lives. A long path goes through /proc/self/fd to its directory.
class SocketAddress {
 public:
  explicit SocketAddress(const std::string& path) {
    address_.sun_family = AF_UNIX;
    if (path.size() < sizeof address_.sun_path) {
      std::memcpy(address_.sun_path, path.data(), path.size());
      return;
    }
    const auto slash = path.rfind('/');
    directory_ =
        open(slash == std::string::npos ? "." : path.substr(0, slash).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    std::snprintf(address_.sun_path, sizeof address_.sun_path, "/proc/self/fd/%d/%.60s", directory_,
                  path.c_str() + slash + 1);
  }
  ~SocketAddress() {
    if (directory_ >= 0) close(directory_);
  }
  SocketAddress(const SocketAddress&) = delete;
  SocketAddress& operator=(const SocketAddress&) = delete;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
  static constexpr socklen_t size() { return sizeof(sockaddr_un); }

 private:
  sockaddr_un address_{};
  int directory_ = -1;
};

}  // namespace assetd::supervisor
