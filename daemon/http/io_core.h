#pragma once
// The I/O thread's state. Includes Asio: only server.cc and connection.cc may include this.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <set>

#include "daemon/http/message.h"
#include "daemon/http/server.h"

namespace assetd::http {

class Connection;

/// Touched on the I/O thread only, but for `context` (post). Callbacks from other threads hold it weakly: they may outlive the server.
struct IoCore {
  HttpTimeouts timeouts;
  std::size_t max_body = 0;
  std::function<void(Request, Respond)> handle;
  std::set<Connection*> connections;
  bool stopping = false;
  /// Last, so that it goes first: connections that are still open end with it, and take themselves out of the set above.
  boost::asio::io_context context{1};
};

}  // namespace assetd::http
