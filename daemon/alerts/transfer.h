#pragma once
// The ways out, over libcurl: what is sent by HTTP and by SMTP. Errors hold no part of an address or a secret.

#include <atomic>
#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "core/time.h"

namespace assetd {

struct HttpPost {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  Millis timeout{};  ///< of the whole, from the look-up of the name to the last byte of the answer
};
/// Any 2xx is well. Redirections are not followed: they would carry the alert to where nobody said it should go.
std::expected<void, std::string> post(const HttpPost& request, const std::atomic<bool>& stop);

struct Mail {
  std::string server;  ///< smtp:// (with STARTTLS where the server offers it, always before a log-in) or smtps://
  std::string user, password;
  std::string from;
  std::vector<std::string> to;
  std::string text;  ///< headers and body, with CRLF
  Millis timeout{};
};
/// Those whom the server takes get it, if there is one; what is answered names the others, "": there are none.
std::expected<std::string, std::string> send_mail(const Mail& mail, const std::atomic<bool>& stop);

}  // namespace assetd
