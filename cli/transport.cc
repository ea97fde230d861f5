#include "cli/transport.h"

#include <httplib.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace assetd::cli {
namespace {

/// httplib connects by host name only; this connects to a path instead and leaves HTTP to it.
class UnixClient : public httplib::ClientImpl {
 public:
  explicit UnixClient(std::string path) : ClientImpl("localhost"), path_(std::move(path)) {}

 private:
  bool create_and_connect_socket(Socket& socket, httplib::Error& error) override {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      const int why = errno;
      if (fd >= 0) ::close(fd);
      errno = why;
      error = httplib::Error::Connection;
      return false;
    }
    socket.sock = fd;
    return true;
  }

  std::string path_;
};

std::string sentence(httplib::Error error, const std::string& url) {
  using E = httplib::Error;
  if (error == E::Connection || error == E::ConnectionTimeout) {
    return "nothing answers at " + url + "; is the daemon running? (--url or ASSETD_URL says where it is)";
  }
  if (error == E::Read) return "the daemon at " + url + " closed the connection or did not answer in time";
  if (error == E::SSLServerVerification) return "the certificate of " + url + " is not valid for this machine";
  return "the request to " + url + " failed: " + httplib::to_string(error);
}

HttpAnswer convert(const httplib::Response& response) {
  HttpAnswer answer{response.status, response.body, {}};
  for (const auto& [name, value] : response.headers) {
    std::string lower = name;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    answer.headers[lower] = value;
  }
  return answer;
}

template <typename Client>
class HttplibTransport : public Transport {
 public:
  HttplibTransport(std::unique_ptr<Client> client, std::string url) : client_(std::move(client)), url_(std::move(url)) {
    client_->set_connection_timeout(5);
    client_->set_read_timeout(kAnswerSeconds);
    client_->set_url_encode(false);
    client_->set_keep_alive(true);
  }

  std::expected<HttpAnswer, std::string> send(const HttpRequest& request) override {
    auto out = convert_request(request);
    const auto result = client_->send(out);
    if (!result) return std::unexpected(sentence(result.error(), url_));
    return convert(*result);
  }

  std::expected<HttpAnswer, std::string> stream(const HttpRequest& request, const std::function<bool(std::string_view)>& receive) override {
    auto out = convert_request(request);
    HttpAnswer answer;
    out.response_handler = [&](const httplib::Response& response) {
      answer = convert(response);
      return true;
    };
    out.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
      if (answer.status / 100 == 2) return receive({data, size});
      answer.body.append(data, size);
      return true;
    };
    client_->set_read_timeout(kStreamSeconds);
    const auto result = client_->send(out);
    client_->set_read_timeout(kAnswerSeconds);
    if (!result && answer.status == 0) return std::unexpected(sentence(result.error(), url_));
    return answer;
  }

  void stop() override { client_->stop(); }

 private:
  static constexpr int kAnswerSeconds = 60;  // a reload may run every plugin's `describe`
  static constexpr int kStreamSeconds = 40;  // two heartbeats and a half

  static httplib::Request convert_request(const HttpRequest& request) {
    httplib::Request out;
    out.method = request.method;
    out.path = request.target;
    out.body = request.body;
    for (const auto& [name, value] : request.headers) out.set_header(name, value);
    return out;
  }

  std::unique_ptr<Client> client_;
  std::string url_;
};

}  // namespace

std::expected<std::unique_ptr<Transport>, std::string> make_transport(const std::string& url) {
  if (url.starts_with("unix:")) {
    std::string path = url.substr(5);
    while (path.starts_with("//")) path.erase(0, 1);
    if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path)) {
      return std::unexpected("'" + url + "': a Unix socket's path has 1 to " + std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes");
    }
    return std::make_unique<HttplibTransport<UnixClient>>(std::make_unique<UnixClient>(path), url);
  }
  std::string base = url;
  while (base.ends_with('/')) base.pop_back();
  if (!base.starts_with("http://") && !base.starts_with("https://")) {
    return std::unexpected("'" + url + "' is not an address: write http://HOST:PORT, https://HOST:PORT or unix:/PATH");
  }
  auto client = std::make_unique<httplib::Client>(base);
  if (!client->is_valid()) return std::unexpected("'" + url + "' is not an address: write http://HOST:PORT without a path");
  return std::make_unique<HttplibTransport<httplib::Client>>(std::move(client), base);
}

}  // namespace assetd::cli
