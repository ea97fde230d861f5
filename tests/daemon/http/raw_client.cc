#include "tests/daemon/http/raw_client.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

namespace assetd::test {
namespace {

/// A guard against a server that hangs: no test waits that long when all is well.
constexpr timeval kGiveUp{20, 0};

int connect_to(const std::string& address) {
  if (address.starts_with("unix:")) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    address.copy(name.sun_path, sizeof name.sun_path - 1, 5);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, reinterpret_cast<sockaddr*>(&name), sizeof name) != 0) throw std::runtime_error("cannot connect to " + address);
    return fd;
  }
  const auto colon = address.rfind(':');
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
  inet_pton(AF_INET, address.substr(7, colon - 7).c_str(), &name.sin_addr);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, reinterpret_cast<sockaddr*>(&name), sizeof name) != 0) throw std::runtime_error("cannot connect to " + address);
  return fd;
}

RawAnswer parse_head(const std::string& head) {
  RawAnswer answer;
  answer.head = head;
  answer.status = std::stoi(head.substr(9, 3));
  for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
    const std::size_t end = std::min(head.find("\r\n", at), head.size());
    const std::string line = head.substr(at, end - at);
    const auto colon = line.find(": ");
    std::string name = line.substr(0, colon);
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (colon != std::string::npos) answer.headers[name] = line.substr(colon + 2);
    at = end + 2;
  }
  return answer;
}

}  // namespace

RawClient::RawClient(const std::string& address) : fd_(connect_to(address)), host_(address.starts_with("unix:") ? "localhost" : address.substr(7)) {
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &kGiveUp, sizeof kGiveUp);
}

RawClient::~RawClient() { close(fd_); }

bool RawClient::try_send(const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t n = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return false;
    sent += static_cast<std::size_t>(n);
  }
  return true;
}

void RawClient::send(const std::string& bytes) {
  if (!try_send(bytes)) throw std::runtime_error("the server closed while the test was sending");
}

bool RawClient::fill() {
  char chunk[16384];
  const ssize_t n = recv(fd_, chunk, sizeof chunk, 0);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) throw std::runtime_error("the server sent nothing for 20 s; so far: " + buffer_);
  if (n <= 0) return false;
  buffer_.append(chunk, static_cast<std::size_t>(n));
  return true;
}

RawAnswer RawClient::read(bool head_only) {
  while (buffer_.find("\r\n\r\n") == std::string::npos)
    if (!fill()) return {};
  const auto end = buffer_.find("\r\n\r\n");
  RawAnswer answer = parse_head(buffer_.substr(0, end));
  buffer_.erase(0, end + 4);
  const auto length = answer.headers.find("content-length");
  if (head_only || length == answer.headers.end()) return answer;
  const std::size_t size = std::stoul(length->second);
  while (buffer_.size() < size)
    if (!fill()) throw std::runtime_error("the server closed within a body");
  answer.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return answer;
}

std::string RawClient::read_until(const std::string& text) {
  while (buffer_.find(text) == std::string::npos)
    if (!fill()) break;
  const auto found = buffer_.find(text);
  const std::string out = buffer_.substr(0, found == std::string::npos ? found : found + text.size());
  buffer_.erase(0, out.size());
  return out;
}

std::string RawClient::read_to_end() {
  while (fill()) {
  }
  return std::exchange(buffer_, "");
}

RawAnswer fetch(const std::string& address, const std::string& method, const std::string& target, const std::string& body,
                const std::vector<std::string>& headers) {
  RawClient client(address);
  std::string request = method + " " + target + " HTTP/1.1\r\nConnection: close\r\n";
  bool host = false, type = false;
  for (const auto& line : headers) {
    request += line + "\r\n";
    host = host || line.starts_with("Host:");
    type = type || line.starts_with("Content-Type:");
  }
  if (!host) request += "Host: " + client.host() + "\r\n";
  if (!body.empty() && !type) request += "Content-Type: application/json\r\n";
  if (!body.empty() || method == "POST") request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  client.send(request + "\r\n" + body);
  return client.read(method == "HEAD");
}

}  // namespace assetd::test
