#include "daemon/http/listen_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace assetd::http {
namespace {

std::unexpected<std::string> failed(const std::string& what, int error) {
  std::string text = "cannot listen on " + what + ": " + std::strerror(error);
  if (error == EADDRINUSE) text += "; another program has it. Choose another with --listen (port 0 takes a free one)";
  if (error == EACCES) text += "; ports below 1024 need a privilege";
  return std::unexpected(text);
}

std::string text_of(const sockaddr_storage& address, bool with_port) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto& four = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &four.sin_addr, text, sizeof text);
    return with_port ? std::string(text) + ":" + std::to_string(ntohs(four.sin_port)) : text;
  }
  if (address.ss_family == AF_INET6) {
    const auto& six = reinterpret_cast<const sockaddr_in6&>(address);
    inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof text);
    return with_port ? "[" + std::string(text) + "]:" + std::to_string(ntohs(six.sin6_port)) : text;
  }
  return "unix";
}

bool answers(const sockaddr_un& address) {
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected = connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(probe);
  return connected;
}

std::expected<ListenSocket, std::string> open_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  struct stat there {};
  if (lstat(path.c_str(), &there) == 0 && S_ISSOCK(there.st_mode)) {
    if (answers(address)) return failed(path, EADDRINUSE);
    unlink(path.c_str());
  }
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return failed(path, errno);
  // Who may connect is who may open the file: owner and group.
  const mode_t mask = umask(0117);
  const bool good = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && listen(fd, SOMAXCONN) == 0;
  const int error = errno;
  umask(mask);
  if (good) return ListenSocket{fd, AF_UNIX, "unix:" + path};
  close(fd);
  return failed(path, error);
}

std::expected<ListenSocket, std::string> open_address(const addrinfo& info, const std::string& what) {
  const int fd = socket(info.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return failed(what, errno);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, info.ai_addr, info.ai_addrlen) != 0 || listen(fd, SOMAXCONN) != 0) {
    const int error = errno;
    close(fd);
    return failed(what, error);
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
  return ListenSocket{fd, info.ai_family, "http://" + text_of(bound, true)};
}

}  // namespace

std::expected<ListenSocket, std::string> open_listen_socket(const ListenAddress& address) {
  if (!address.unix_path.empty()) return open_unix(address.unix_path);
  const std::string what = address.host + ":" + std::to_string(address.port);
  addrinfo hints{}, *found = nullptr;
  hints.ai_family = address.host == "localhost" ? AF_INET : AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  const int error = getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (error != 0) return std::unexpected("cannot listen on " + what + ": " + gai_strerror(error));
  auto opened = open_address(*found, what);
  freeaddrinfo(found);
  return opened;
}

std::string peer_address(int descriptor) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  if (getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) != 0) return "";
  return text_of(peer, false);
}

void prepare_accepted(int descriptor) {
  fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace assetd::http
