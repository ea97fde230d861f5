#include "daemon/http/connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

namespace assetd::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::awaitable;
using asio::redirect_error;
using asio::use_awaitable;
using beast::error_code;
using Parser = beast::http::request_parser<beast::http::string_body>;

namespace {

constexpr std::uint32_t kHeaderLimit = 32 * 1024;    ///< all header lines of a request together
constexpr std::size_t kBufferLimit = 128 * 1024;     ///< of what was read but not parsed; more waits in the socket
constexpr std::size_t kWriteChunk = 256 * 1024;      ///< each gets the write timeout anew, so that only a stuck client is cut off

constexpr Linger kDone{8 * 1024 * 1024, std::chrono::seconds(2)};
/// Many clients send all of a body before they look for an answer: one that was refused for its size is heard out.
constexpr Linger kSending{64 * 1024 * 1024, std::chrono::seconds(20)};

Response refusal_of(const error_code& error, std::size_t max_body) {
  if (error == beast::error::timeout)
    return problem_response(408, "timeout", "Request timeout", "the request did not arrive in time");
  if (error == beast::http::error::body_limit)
    return problem_response(413, "too-large", "Body too large", "a body has at most " + std::to_string(max_body) + " bytes");
  if (error == beast::http::error::header_limit || error == beast::http::error::buffer_overflow)
    return problem_response(431, "headers-too-large", "Headers too large",
                            "the request line and headers have at most " + std::to_string(kHeaderLimit) + " bytes");
  return problem_response(400, "bad-http", "Bad request", "this is not HTTP/1.1: " + error.message());
}

/// Worth an answer? Not when the client closed or the connection broke.
bool is_clients_fault(const error_code& error) {
  if (error == beast::http::error::end_of_stream || error == beast::http::error::partial_message) return false;
  return error == beast::error::timeout || error.category() == beast::http::make_error_code(beast::http::error::bad_method).category();
}

Request to_request(Parser::value_type&& message, const std::string& remote) {
  Request request;
  request.method = message.method_string();
  request.target = message.target();
  request.remote = remote;
  for (const auto& field : message) {
    std::string name(field.name_string());
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    request.headers.emplace_back(std::move(name), std::string(field.value()));
  }
  request.body = std::move(message.body());
  request.head = request.method == "HEAD";
  if (request.head) request.method = "GET";
  return request;
}

}  // namespace

Connection::Connection(std::weak_ptr<IoCore> core, IoCore& io, Socket socket, std::string remote)
    : core_(std::move(core)), io_(io), stream_(std::move(socket)), buffer_(kBufferLimit), signal_(io.context), deadline_(io.context), remote_(std::move(remote)) {
  io_.connections.insert(this);
}

Connection::~Connection() { io_.connections.erase(this); }

void Connection::close() {
  error_code ignored;
  stream_.socket().close(ignored);
}

void Connection::retire() {
  if (!busy_) return close();
  gone_ = true;
  signal_.cancel();
}

awaitable<void> Connection::run() {
  const auto self = shared_from_this();
  while (!io_.stopping) {
    busy_ = false;
    if (!co_await wait_for_bytes()) break;
    busy_ = true;
    Incoming incoming = co_await read();
    if (!incoming.usable) {
      if (!incoming.refusal) break;
      const auto most = incoming.refusal->status == 413 ? kSending : kDone;
      if (co_await write(std::move(*incoming.refusal), false, true)) co_await linger(most);
      break;
    }
    const bool head = incoming.request.head;
    Response response = co_await handled(std::move(incoming.request));
    const auto stream = head ? nullptr : response.stream;
    const bool close_after = !incoming.keep_alive || io_.stopping || response.stream;
    if (!co_await write(std::move(response), head, close_after)) break;
    if (stream) co_await pump(stream);
    if (!close_after) continue;
    co_await linger(kDone);
    break;
  }
  close();
}

awaitable<bool> Connection::wait_for_bytes() {
  if (buffer_.size() > 0) co_return true;
  error_code error;
  stream_.expires_after(io_.timeouts.idle);
  const std::size_t got = co_await stream_.async_read_some(buffer_.prepare(4096), redirect_error(use_awaitable, error));
  buffer_.commit(got);
  co_return !error;
}

awaitable<Connection::Incoming> Connection::read() {
  Parser parser;
  parser.header_limit(kHeaderLimit);
  parser.body_limit(io_.max_body);
  Incoming incoming;
  error_code error;
  stream_.expires_never();
  give_up_after(io_.timeouts.header);
  co_await beast::http::async_read_header(stream_, buffer_, parser, redirect_error(use_awaitable, error));
  if (!error && !parser.is_done()) {
    if (beast::iequals(parser.get()[beast::http::field::expect], "100-continue"))
      co_await write_bytes("HTTP/1.1 100 Continue\r\n\r\n");
    stream_.expires_never();
    give_up_after(io_.timeouts.body);
    co_await beast::http::async_read(stream_, buffer_, parser, redirect_error(use_awaitable, error));
  }
  deadline_.cancel();
  if (error) {
    if (gave_up_) error = beast::error::timeout;
    if (is_clients_fault(error)) incoming.refusal = refusal_of(error, io_.max_body);
    co_return incoming;
  }
  incoming.keep_alive = parser.keep_alive();
  incoming.request = to_request(parser.release(), remote_);
  incoming.usable = true;
  co_return incoming;
}

/// Cancels what is being read, but leaves the socket open for an answer: the stream's own timeout would close it.
void Connection::give_up_after(std::chrono::milliseconds time) {
  gave_up_ = false;
  deadline_.expires_after(time);
  deadline_.async_wait([weak = weak_from_this()](const error_code& canceled) {
    const auto self = weak.lock();
    if (!self || canceled) return;
    self->gave_up_ = true;
    self->stream_.cancel();
  });
}

awaitable<Response> Connection::handled(Request request) {
  answer_.reset();
  Respond respond = [core = core_, weak = weak_from_this()](Response response) {
    const auto io = core.lock();
    if (!io) return;
    asio::post(io->context, [weak, response = std::move(response)]() mutable {
      const auto self = weak.lock();
      if (!self) return;
      self->answer_ = std::move(response);
      self->signal_.cancel();
    });
  };
  io_.handle(std::move(request), std::move(respond));
  while (!answer_) {
    error_code canceled;
    signal_.expires_at(std::chrono::steady_clock::time_point::max());
    co_await signal_.async_wait(redirect_error(use_awaitable, canceled));
  }
  Response response = std::move(*answer_);
  answer_.reset();
  co_return response;
}

awaitable<bool> Connection::write(Response response, bool head_only, bool close) {
  const std::string head = response_head(response, close);
  const std::string_view body = head_only || response.stream ? std::string_view() : response.bytes();
  // Small answers go out in one segment.
  if (body.size() <= 16 * 1024) {
    const std::string all = head + std::string(body);
    co_return co_await write_bytes(all);
  }
  if (!co_await write_bytes(head)) co_return false;
  co_return co_await write_bytes(body);
}

awaitable<bool> Connection::write_bytes(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view chunk = bytes.substr(0, kWriteChunk);
    error_code error;
    stream_.expires_after(io_.timeouts.write);
    co_await asio::async_write(stream_, asio::const_buffer(chunk.data(), chunk.size()), redirect_error(use_awaitable, error));
    if (error) co_return false;
    bytes.remove_prefix(chunk.size());
  }
  co_return true;
}

std::function<void()> Connection::waker() {
  return [core = core_, weak = weak_from_this()] {
    const auto io = core.lock();
    if (!io) return;
    asio::post(io->context, [weak] {
      if (const auto self = weak.lock()) {
        self->woken_ = true;
        self->signal_.cancel();
      }
    });
  };
}

awaitable<void> Connection::pump(std::shared_ptr<StreamSource> source) {
  stream_.expires_never();
  asio::co_spawn(stream_.get_executor(), watch_for_close(), asio::detached);
  source->on_wake(waker());
  auto last_write = std::chrono::steady_clock::now();
  while (!gone_ && !io_.stopping) {
    woken_ = false;
    StreamSource::Chunk chunk = source->next();
    if (chunk.bytes.empty() && std::chrono::steady_clock::now() >= last_write + io_.timeouts.heartbeat)
      chunk.bytes = source->heartbeat();
    if (!chunk.bytes.empty()) {
      last_write = std::chrono::steady_clock::now();
      if (!co_await write_bytes(chunk.bytes)) co_return;
      if (!chunk.end) continue;
    }
    if (chunk.end) co_return;
    if (woken_) continue;
    error_code canceled;
    signal_.expires_at(last_write + io_.timeouts.heartbeat);
    co_await signal_.async_wait(redirect_error(use_awaitable, canceled));
  }
}

awaitable<void> Connection::watch_for_close() {
  const auto self = shared_from_this();
  std::array<char, 256> ignored;
  error_code error;
  while (!error) co_await stream_.async_read_some(asio::buffer(ignored), redirect_error(use_awaitable, error));
  gone_ = true;
  signal_.cancel();
}

awaitable<void> Connection::turn_away() {
  const auto self = shared_from_this();
  Response response = problem_response(503, "busy", "Too many connections", "come back in a moment");
  response.with("Retry-After", "1");
  if (co_await write(std::move(response), false, true)) co_await linger(kDone);
  close();
}

/// A socket closed with bytes unread resets the connection, and the client may lose the answer: read what still comes, within bounds.
awaitable<void> Connection::linger(Linger most) {
  constexpr std::chrono::seconds kSilence(2);
  error_code error;
  stream_.socket().shutdown(asio::socket_base::shutdown_send, error);
  const auto end = std::chrono::steady_clock::now() + most.time;
  std::array<char, 16 * 1024> ignored;
  for (std::size_t total = 0; !error && !gone_ && total < most.bytes;) {
    stream_.expires_at(std::min(end, std::chrono::steady_clock::now() + kSilence));
    total += co_await stream_.async_read_some(asio::buffer(ignored), redirect_error(use_awaitable, error));
  }
}

}  // namespace assetd::http
