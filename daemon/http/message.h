#pragma once
// HTTP messages as plain values: what handlers see. Nothing of sockets in here.

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/run/records.h"

namespace assetd::http {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;  ///< upper case
  std::string target;  ///< as it came: path and query, still encoded
  Fields headers;      ///< names in lower case
  std::string body;
  std::string remote;  ///< the peer's address without its port; "unix" for a local socket
  bool head = false;   ///< a HEAD, handled as GET and answered without its body

  std::string_view path() const;   ///< encoded, without the query
  std::string_view query() const;  ///< encoded, without '?'
  /// The first header of that (lower-case) name; "" if there is none.
  std::string_view header(std::string_view name) const;
  std::size_t count(std::string_view name) const;
};

/// A body without an end. The connection pulls from it on the I/O thread; nothing here may block.
class StreamSource {
 public:
  virtual ~StreamSource() = default;
  struct Chunk {
    std::string bytes;  ///< empty: nothing yet, `wake` will be called
    bool end = false;   ///< close after `bytes`
  };
  virtual Chunk next() = 0;
  /// What to send when `next` gave nothing for a heartbeat's time.
  virtual std::string heartbeat() = 0;
  /// `wake` may be called from any thread, also when nothing is there. Set once, before the first `next`.
  virtual void on_wake(std::function<void()> wake) = 0;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  Fields headers;
  std::string body;
  std::shared_ptr<const std::string> shared_body;  ///< instead of `body`: bytes that many answers share
  std::shared_ptr<StreamSource> stream;            ///< instead of both

  std::string_view bytes() const { return shared_body ? std::string_view(*shared_body) : std::string_view(body); }
  Response& with(std::string name, std::string value);
};
using Respond = std::function<void(Response)>;

/// One thing wrong with what was sent. `pointer` is a JSON pointer into the body, or "/name" of a query parameter.
struct FieldError {
  std::string pointer;
  std::string detail;
  int column = 0;  ///< from 1, within a selection; 0: none
};

/// As text. Metadata and details come from programs: bytes that are not UTF-8 become U+FFFD instead of an exception.
std::string dump(const nlohmann::json& value);
Response json_response(const nlohmann::json& body, int status = 200);
/// RFC 9457. `type` is the last part of the problem's address, such as "not-found".
Response problem_response(int status, std::string_view type, std::string_view title, std::string_view detail,
                          const std::vector<FieldError>& errors = {});
Response not_found(std::string_view detail);
Response invalid(std::vector<FieldError> errors);  ///< 422; the first error is the detail

std::string_view reason_phrase(int status);
/// Status line and headers, up to and with the blank line. `close`: this connection ends after the answer.
std::string response_head(const Response& response, bool close);

}  // namespace assetd::http
