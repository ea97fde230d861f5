#pragma once
// Carries HTTP requests to the daemon over TCP, TLS or a Unix socket. What the answers mean is ApiClient's.

#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace assetd::cli {

using Headers = std::map<std::string, std::string>;  ///< names in lower case

struct HttpRequest {
  std::string method = "GET";
  std::string target;  ///< path and query, already percent-encoded
  std::string body;
  Headers headers;
};

struct HttpAnswer {
  int status = 0;
  std::string body;
  Headers headers;
};

/// One daemon. Errors are sentences for people ("nothing listens on …"). `stop` may be called from any thread, the rest from one at a time.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual std::expected<HttpAnswer, std::string> send(const HttpRequest& request) = 0;
  /// Hands the body of a 2xx answer to `receive` as it arrives, until it returns false or the connection ends; the answer's body is then empty.
  virtual std::expected<HttpAnswer, std::string> stream(const HttpRequest& request, const std::function<bool(std::string_view)>& receive) = 0;
  virtual void stop() = 0;  ///< ends a `stream` in progress
};

/// "http://host:port", "https://…" or "unix:/path". The error says what is wrong with the URL; nothing is connected yet.
std::expected<std::unique_ptr<Transport>, std::string> make_transport(const std::string& url);

}  // namespace assetd::cli
