#include "daemon/http/listen_address.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include "daemon/http/params.h"

namespace assetd::http {
namespace {

std::unexpected<std::string> wrong(std::string_view text, const std::string& why) {
  return std::unexpected("cannot listen on '" + std::string(text) + "': " + why);
}

}  // namespace

std::expected<ListenAddress, std::string> parse_listen(std::string_view text) {
  ListenAddress out;
  if (text.starts_with("unix:")) {
    out.unix_path = text.substr(5);
    if (out.unix_path.empty() || out.unix_path.front() != '/') return wrong(text, "unix: needs an absolute path");
    if (out.unix_path.size() >= sizeof(sockaddr_un::sun_path)) return wrong(text, "the path of a socket has at most 107 bytes");
    return out;
  }
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong(text, "write HOST:PORT, such as 127.0.0.1:8080, or unix:/path");
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return wrong(text, "write an IPv6 address in brackets, such as [::1]:8080");
  }
  const auto port = parse_integer(text.substr(colon + 1));
  if (!port || *port < 0 || *port > 65535) return wrong(text, "the port must be a number from 0 (any free one) to 65535");
  out.host = host.empty() ? "127.0.0.1" : std::string(host);
  out.port = static_cast<std::uint16_t>(*port);
  return out;
}

bool is_address(std::string_view host) {
  const std::string text(host);
  in_addr four{};
  in6_addr six{};
  return inet_pton(AF_INET, text.c_str(), &four) == 1 || inet_pton(AF_INET6, text.c_str(), &six) == 1;
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || (host.starts_with("127.") && is_address(host));
}

}  // namespace assetd::http
