#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace assetd::http {

struct ListenAddress {
  std::string host;        ///< a name or address, IPv6 without brackets
  std::uint16_t port = 0;
  std::string unix_path;   ///< set instead of both
};

/// "127.0.0.1:8080", "[::1]:0", "localhost:80", ":8080" (loopback), "unix:/run/assetd.sock".
std::expected<ListenAddress, std::string> parse_listen(std::string_view text);

/// 127.0.0.0/8, ::1 and "localhost".
bool is_loopback(std::string_view host);
/// An IPv4 or IPv6 address rather than a name.
bool is_address(std::string_view host);

}  // namespace assetd::http
