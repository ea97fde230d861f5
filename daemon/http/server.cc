#include "daemon/http/server.h"

#include <unistd.h>

#include <atomic>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <thread>

#include "daemon/http/api.h"
#include "daemon/http/connection.h"
#include "daemon/http/listen_socket.h"

namespace assetd {

namespace asio = boost::asio;
using asio::awaitable;
using http::Connection;
using http::IoCore;
using Protocol = asio::generic::stream_protocol;
using Acceptor = asio::basic_socket_acceptor<Protocol>;

struct HttpServer::Impl {
  std::shared_ptr<IoCore> io = std::make_shared<IoCore>();
  std::unique_ptr<http::Api> api;
  std::optional<Acceptor> acceptor;
  http::ListenSocket listening;
  std::string unix_path;
  std::size_t max_connections = 0;
  std::thread thread;

  ~Impl() { acceptor.reset(); }

  void accept_on(const http::ListenSocket& socket) {
    acceptor.emplace(io->context);
    acceptor->assign(Protocol(socket.family, socket.family == AF_UNIX ? 0 : IPPROTO_TCP), socket.descriptor);
    asio::co_spawn(io->context, accept(), asio::detached);
    thread = std::thread([io = io] { io->context.run(); });
  }

  awaitable<void> accept() {
    while (!io->stopping) {
      boost::system::error_code error;
      auto socket = co_await acceptor->async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (!error) {
        serve(std::move(socket));
      } else if (error != asio::error::connection_aborted && !io->stopping) {
        co_await pause();  // out of descriptors: those that close make room
      }
    }
  }

  awaitable<void> pause() {
    asio::steady_timer timer(io->context, std::chrono::milliseconds(50));
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }

  void serve(Protocol::socket socket) {
    http::prepare_accepted(socket.native_handle());
    std::string remote = http::peer_address(socket.native_handle());
    const bool full = io->connections.size() >= max_connections;
    const auto connection = std::make_shared<Connection>(io, *io, std::move(socket), std::move(remote));
    asio::co_spawn(io->context, full ? connection->turn_away() : connection->run(), asio::detached);
  }

  void begin_stop() {
    io->stopping = true;
    boost::system::error_code ignored;
    acceptor->close(ignored);
    const auto open = io->connections;
    for (Connection* connection : open) connection->retire();
    asio::co_spawn(io->context, finish(), asio::detached);
  }

  awaitable<void> finish() {
    const auto until = std::chrono::steady_clock::now() + io->timeouts.drain;
    while (!io->connections.empty() && std::chrono::steady_clock::now() < until) {
      asio::steady_timer timer(io->context, std::chrono::milliseconds(5));
      co_await timer.async_wait(asio::use_awaitable);
    }
    io->context.stop();
  }
};

HttpServer::HttpServer() : impl_(std::make_unique<Impl>()) {}
HttpServer::~HttpServer() { stop(); }

std::optional<std::string> HttpServer::check(const HttpOptions& options) {
  const auto address = http::parse_listen(options.listen);
  if (!address) return address.error();
  const auto access = http::Access::make({options.token, *address, options.host_names, options.origins});
  return access ? std::nullopt : std::optional(access.error());
}

std::expected<std::unique_ptr<HttpServer>, std::string> HttpServer::start(HttpOptions options, Service& service) {
  const auto address = http::parse_listen(options.listen);
  if (!address) return std::unexpected(address.error());
  auto access = http::Access::make({options.token, *address, options.host_names, options.origins});
  if (!access) return std::unexpected(access.error());
  const auto socket = http::open_listen_socket(*address);
  if (!socket) return std::unexpected(socket.error());
  std::unique_ptr<HttpServer> server(new HttpServer());
  Impl& impl = *server->impl_;
  impl.listening = *socket;
  impl.unix_path = address->unix_path;
  impl.max_connections = options.max_connections;
  impl.io->timeouts = options.timeouts;
  impl.io->max_body = options.max_body;
  impl.api = std::make_unique<http::Api>(std::move(options), std::move(*access), service);
  impl.io->handle = [api = impl.api.get()](http::Request request, http::Respond respond) {
    api->handle(std::move(request), std::move(respond));
  };
  impl.accept_on(*socket);
  return server;
}

std::string HttpServer::address() const { return impl_->listening.address; }

void HttpServer::stop() {
  Impl& impl = *impl_;
  if (!impl.thread.joinable()) return;
  asio::post(impl.io->context, [&impl] { impl.begin_stop(); });
  impl.thread.join();
  impl.api->stop();
  if (!impl.unix_path.empty()) unlink(impl.unix_path.c_str());
}

}  // namespace assetd
