#pragma once
#include <expected>
#include <string>

#include "daemon/http/listen_address.h"

namespace assetd::http {

struct ListenSocket {
  int descriptor = -1;   ///< listening, close-on-exec; the caller's to close
  int family = 0;        ///< AF_INET, AF_INET6 or AF_UNIX
  std::string address;   ///< "http://127.0.0.1:8080" with the port in use, or "unix:/path"
};

/// Binds and listens. A socket file left by a dead server is replaced, one that answers is an error.
std::expected<ListenSocket, std::string> open_listen_socket(const ListenAddress& address);

/// The peer of a connected socket: its address without the port, or "unix".
std::string peer_address(int descriptor);
/// For accepted sockets: small answers go out at once, children of this process do not inherit it.
void prepare_accepted(int descriptor);

}  // namespace assetd::http
