#pragma once
// The HTTP server: one I/O thread for all sockets, a few worker threads for handlers. Interface without Asio.

#include <chrono>
#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/service/service.h"

namespace assetd {

struct HttpTimeouts {
  std::chrono::milliseconds idle{75'000};       ///< between two requests of one connection
  std::chrono::milliseconds header{10'000};     ///< from a request's first byte to the end of its headers
  std::chrono::milliseconds body{30'000};
  std::chrono::milliseconds write{30'000};      ///< a client that takes nothing for that long is let go
  std::chrono::milliseconds heartbeat{15'000};  ///< of event streams
  std::chrono::milliseconds drain{2'000};       ///< stop() waits that long for answers under way
};

struct HttpOptions {
  std::string listen = "127.0.0.1:8080";  ///< HOST:PORT, [IPv6]:PORT or unix:/path; port 0 takes a free one
  std::optional<std::string> token;       ///< needed for anything but loopback and unix sockets
  std::string store_path;
  std::string project_name;
  std::string project_dir;                ///< for the text of definitions; "" gives none
  std::vector<std::string> host_names;    ///< further names by which clients may call this server
  std::vector<std::string> origins;       ///< further origins whose pages may command it, "https://ops.example"
  int workers = 4;
  std::size_t max_connections = 512;
  std::size_t max_body = 1024 * 1024;
  HttpTimeouts timeouts;
};

class HttpServer {
 public:
  /// What is wrong with the options alone, before anything is started: an address that is not one, others could reach it without a token.
  static std::optional<std::string> check(const HttpOptions& options);
  /// Listens when it returns. The error says what to do: address in use, not loopback without a token, unknown host, …
  /// `service` must outlive the server.
  static std::expected<std::unique_ptr<HttpServer>, std::string> start(HttpOptions options, Service& service);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// "http://127.0.0.1:8080", or "unix:/path".
  std::string address() const;
  /// Ends streams, lets answers under way finish for a moment, closes everything. May be called twice.
  void stop();

 private:
  HttpServer();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace assetd
