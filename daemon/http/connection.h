#pragma once
// One client's connection: reads a request, has it handled, writes the answer, again. Includes Asio: for server.cc only.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <chrono>
#include <memory>

#include "daemon/http/io_core.h"

namespace assetd::http {

/// How much more is read of a client that has its answer.
struct Linger {
  std::size_t bytes;
  std::chrono::seconds time;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;

  Connection(std::weak_ptr<IoCore> core, IoCore& io, Socket socket, std::string remote);
  ~Connection();
  /// Serves until the client is done, misbehaves or is too slow. Pipelined requests wait in the socket: one is handled at a time.
  boost::asio::awaitable<void> run();
  /// Says 503 and closes: too many connections.
  boost::asio::awaitable<void> turn_away();
  /// For a server that stops: an answer under way is still given.
  void retire();

 private:
  struct Incoming {
    Request request;
    bool keep_alive = false;
    bool usable = false;            ///< else: `refusal`, or nothing to say to a client that went away
    std::optional<Response> refusal;
  };
  boost::asio::awaitable<bool> wait_for_bytes();
  boost::asio::awaitable<Incoming> read();
  boost::asio::awaitable<Response> handled(Request request);
  boost::asio::awaitable<bool> write(Response response, bool head_only, bool close);
  boost::asio::awaitable<bool> write_bytes(std::string_view bytes);
  boost::asio::awaitable<void> pump(std::shared_ptr<StreamSource> source);
  boost::asio::awaitable<void> watch_for_close();
  boost::asio::awaitable<void> linger(Linger most);
  void give_up_after(std::chrono::milliseconds time);
  std::function<void()> waker();
  void close();

  std::weak_ptr<IoCore> core_;
  IoCore& io_;  ///< valid while a coroutine of ours runs: they run inside its context
  boost::beast::basic_stream<boost::asio::generic::stream_protocol> stream_;
  boost::beast::flat_buffer buffer_;
  boost::asio::steady_timer signal_;
  boost::asio::steady_timer deadline_;
  std::string remote_;
  std::optional<Response> answer_;
  bool woken_ = false;
  bool gave_up_ = false;  ///< the deadline passed while a request was being read
  bool gone_ = false;    ///< the client closed while a stream was running
  bool busy_ = false;    ///< a request is being handled or answered
};

}  // namespace assetd::http
