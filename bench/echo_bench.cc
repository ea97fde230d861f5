// echo_bench BYTES: a bare Beast server on one thread that answers every request with BYTES bytes, for what the API's latency stands beside. Prints its
// port and serves until its standard input ends.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <cstdio>
#include <cstdlib>

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using asio::use_awaitable;

namespace {

asio::awaitable<void> serve(tcp::socket socket, const std::string& body) {
  socket.set_option(tcp::no_delay(true));
  boost::beast::flat_buffer buffer;
  boost::system::error_code error;
  while (!error) {
    http::request<http::empty_body> request;
    co_await http::async_read(socket, buffer, request, asio::redirect_error(use_awaitable, error));
    if (error) break;
    http::response<http::string_body> response(http::status::ok, 11, body);
    response.keep_alive(true);
    response.prepare_payload();
    co_await http::async_write(socket, response, asio::redirect_error(use_awaitable, error));
  }
}

asio::awaitable<void> accept(tcp::acceptor& acceptor, const std::string& body) {
  while (true) {
    auto socket = co_await acceptor.async_accept(use_awaitable);
    asio::co_spawn(acceptor.get_executor(), serve(std::move(socket), body), asio::detached);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string body(argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 100, 'x');
  asio::io_context context(1);
  tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  std::printf("%u\n", acceptor.local_endpoint().port());
  std::fflush(stdout);
  asio::posix::stream_descriptor input(context, 0);
  char byte = 0;
  asio::async_read(input, asio::buffer(&byte, 1), [&](const auto&, std::size_t) { context.stop(); });
  asio::co_spawn(context, accept(acceptor, body), asio::detached);
  context.run();
}
