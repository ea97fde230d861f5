#pragma once
// The daemon's HTTP API (docs/api.md) as values: answers are JSON, refusals are Problems.

#include <expected>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "cli/sse_parser.h"
#include "cli/transport.h"

namespace assetd::cli {

using Json = nlohmann::json;
using Query = std::vector<std::pair<std::string, std::string>>;  ///< plain text; entries with an empty value are left out

/// Why there is no answer to use.
struct Problem {
  int status = 0;  ///< HTTP status, 0 when the daemon was not reached
  std::string title;
  std::string detail;
  std::vector<std::pair<std::string, std::string>> errors;  ///< JSON pointer, what is wrong there
  Json body;                                                ///< as received, null if it was none
};

template <typename T>
using Result = std::expected<T, Problem>;

struct LogPage {
  std::string text;
  std::string next_offset;  ///< send back as `offset`
  bool complete = true;     ///< false while the attempt lives
};

class ApiClient {
 public:
  ApiClient(std::unique_ptr<Transport> transport, std::string token) : transport_(std::move(transport)), token_(std::move(token)) {}

  /// `path` is below /api/v1; for /healthz, /readyz and /metrics see `probe`.
  Result<Json> get(const std::string& path, const Query& query = {});
  Result<Json> post(const std::string& path, const Json& body = Json::object());
  Result<Json> remove(const std::string& path);  ///< DELETE
  /// Follows `next_cursor` until `limit` items are there: {"items": […], "as_of", "next_cursor"}.
  Result<Json> list(const std::string& path, Query query, std::size_t limit);
  Result<LogPage> logs(const std::string& path, const Query& query);
  /// The events from `after` on, until `receive` returns false or the connection ends (which is no error).
  Result<void> events(Query query, const std::string& last_event_id, const std::function<bool(const StreamEvent&)>& receive);
  /// Outside the prefix: status and text, whatever the status is.
  Result<HttpAnswer> probe(const std::string& path);
  void stop() { transport_->stop(); }

 private:
  Result<HttpAnswer> request(HttpRequest request);
  HttpRequest prepared(std::string method, std::string target) const;

  std::unique_ptr<Transport> transport_;
  std::string token_;
};

std::string percent_encode(std::string_view text);
/// An asset's key in a URL path: ':' stands for '/'.
std::string key_in_path(std::string_view key);
std::string target_of(const std::string& path, const Query& query);

}  // namespace assetd::cli
