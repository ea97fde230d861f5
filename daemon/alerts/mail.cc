#include "daemon/alerts/mail.h"

#include <openssl/evp.h>

#include <algorithm>
#include <ctime>

#include "core/alert/message.h"

namespace assetd {
namespace {

constexpr std::size_t kEncodedWordBytes = 45;  // 60 characters: RFC 2047 allows a word 75
constexpr std::size_t kLineBytes = 57;         // 76 characters: RFC 2045

std::string base64_of(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const auto size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

/// At most `limit` bytes, not within a character.
std::string_view take_characters(std::string_view& rest, std::size_t limit) {
  auto size = std::min(limit, rest.size());
  while (size > 1 && size < rest.size() && (static_cast<unsigned char>(rest[size]) & 0xC0) == 0x80) --size;
  const auto taken = rest.substr(0, size);
  rest.remove_prefix(size);
  return taken;
}

std::string encoded_words(std::string_view text) {
  std::string out;
  while (!text.empty()) out += (out.empty() ? "" : "\r\n ") + std::string("=?UTF-8?B?") + base64_of(take_characters(text, kEncodedWordBytes)) + "?=";
  return out;
}

std::string mail_date(WallTime at) {
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d +0000", kDays[utc.tm_wday], utc.tm_mday, kMonths[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min,
                utc.tm_sec);
  return text;
}

}  // namespace

std::string mail_text(const AlertRecord& alert, const EmailSpec& email) {
  std::string to;
  for (const auto& each : email.to) to += (to.empty() ? "" : ", ") + each;
  std::string text = "Date: " + mail_date(alert.at) + "\r\nFrom: " + email.from + "\r\nTo: " + to + "\r\nMessage-ID: <" + alert.id + "@assetd>\r\nSubject: " +
                     encoded_words(alert_title(alert.body)) +
                     "\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n\r\n";
  const auto body = alert_text(alert.body);
  for (std::string_view rest = body; !rest.empty(); rest.remove_prefix(std::min(kLineBytes, rest.size()))) text += base64_of(rest.substr(0, kLineBytes)) + "\r\n";
  return text;
}

}  // namespace assetd
