#pragma once
// A client that sends exactly what the test says, over a real socket.

#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace assetd::test {

struct RawAnswer {
  int status = 0;  ///< 0: the server closed without one
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string head, body;
  nlohmann::json json() const { return nlohmann::json::parse(body); }
};

class RawClient {
 public:
  /// "http://127.0.0.1:PORT" or "unix:/path".
  explicit RawClient(const std::string& address);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void send(const std::string& bytes);
  /// False when the peer no longer takes bytes.
  bool try_send(const std::string& bytes);
  RawAnswer read(bool head_only = false);
  /// Reads until `text` has come or the server closed; gives all that has come since the last answer.
  std::string read_until(const std::string& text);
  /// Waits for the server to close; gives what it still sent.
  std::string read_to_end();
  std::string host() const { return host_; }

 private:
  bool fill();
  int fd_ = -1;
  std::string host_, buffer_;
};

/// One request over a connection of its own. `headers` are whole lines without their end; Host is added unless one is given.
RawAnswer fetch(const std::string& address, const std::string& method, const std::string& target, const std::string& body = "",
                const std::vector<std::string>& headers = {});

}  // namespace assetd::test
