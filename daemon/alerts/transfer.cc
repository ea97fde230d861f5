#include "daemon/alerts/transfer.h"

#include <curl/curl.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>

namespace assetd {
namespace {

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;

class Lines {
 public:
  ~Lines() { curl_slist_free_all(first_); }
  Lines() = default;
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;
  void append(const std::string& line) { first_ = curl_slist_append(first_, line.c_str()); }
  curl_slist* first() const { return first_; }

 private:
  curl_slist* first_ = nullptr;
};

int look_at_stop(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::atomic<bool>*>(stop)->load() ? 1 : 0;  // curl asks at least once a second
}

/// What a receiver answers is of no use: only its status counts.
std::size_t drop_answer(char*, std::size_t size, std::size_t count, void*) { return size * count; }

struct Upload {
  std::string_view rest;
};

std::size_t give_upload(char* to, std::size_t size, std::size_t count, void* upload) {
  auto& rest = static_cast<Upload*>(upload)->rest;
  const auto taken = std::min(size * count, rest.size());
  std::memcpy(to, rest.data(), taken);
  rest.remove_prefix(taken);
  return taken;
}

/// Hears what is said with the mail server: curl itself does not tell whom it refused. Outlives the handle, which still says good-bye when it is closed.
class Talk {
 public:
  explicit Talk(const std::vector<std::string>& recipients) : recipients_(recipients) {}
  Talk(const Talk&) = delete;
  Talk& operator=(const Talk&) = delete;

  void listen(CURL* curl) {
    curl_easy_setopt(curl, CURLOPT_VERBOSE, 1L);
    curl_easy_setopt(curl, CURLOPT_DEBUGFUNCTION, hear);
    curl_easy_setopt(curl, CURLOPT_DEBUGDATA, this);
  }

  /// "a@example.com (550), b@example.com (451)"
  std::string refused() const { return refused_; }
  bool took_none() const { return taken_ == 0 && !refused_.empty(); }

 private:
  static int hear(CURL*, curl_infotype type, char* data, std::size_t size, void* talk) {
    const std::string_view said(data, size);
    if (type == CURLINFO_HEADER_OUT) static_cast<Talk*>(talk)->ask(said);
    if (type == CURLINFO_HEADER_IN) static_cast<Talk*>(talk)->answer(said);
    return 0;
  }

  void ask(std::string_view command) {
    asks_ = command.starts_with("RCPT TO:") && named_ < recipients_.size();
    if (asks_) ++named_;  // curl names them one after the other, each once
  }

  void answer(std::string_view line) {
    const bool is_last = line.size() > 3 && line[3] != '-';  // of an answer of several lines
    if (!asks_ || !is_last) return;
    asks_ = false;
    if (line.starts_with('2')) ++taken_;
    else refused_ += (refused_.empty() ? "" : ", ") + recipients_[named_ - 1] + " (" + std::string(line.substr(0, 3)) + ")";
  }

  const std::vector<std::string>& recipients_;
  std::size_t named_ = 0, taken_ = 0;
  bool asks_ = false;  ///< whether the next answer is to an address
  std::string refused_;
};

Handle open_handle(Millis timeout, const std::atomic<bool>& stop) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  Handle handle(curl_easy_init(), &curl_easy_cleanup);
  curl_easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
  curl_easy_setopt(handle.get(), CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle.get(), CURLOPT_XFERINFOFUNCTION, look_at_stop);
  curl_easy_setopt(handle.get(), CURLOPT_XFERINFODATA, const_cast<std::atomic<bool>*>(&stop));
  curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, drop_answer);
  return handle;
}

/// curl's own detail would name the address, which is often the secret itself.
std::string words_of(CURLcode code, Millis timeout) {
  if (code == CURLE_OPERATION_TIMEDOUT) return "no answer within " + std::to_string(timeout.count()) + " ms";
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) return "the address is none of a kind that is allowed here; check the secret that it comes from";
  return curl_easy_strerror(code);
}

}  // namespace

std::expected<void, std::string> post(const HttpPost& request, const std::atomic<bool>& stop) {
  const auto handle = open_handle(request.timeout, stop);
  if (!handle) return std::unexpected("libcurl does not start");
  Lines headers;
  for (const auto& [name, value] : request.headers) headers.append(name + ": " + value);
  headers.append("Expect:");  // small bodies need no 100 Continue, and some receivers do not answer to it
  auto* curl = handle.get();
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.first());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.c_str());
  const auto code = curl_easy_perform(curl);
  if (code != CURLE_OK) return std::unexpected("the webhook: " + words_of(code, request.timeout));
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  if (status >= 200 && status < 300) return {};
  return std::unexpected("the webhook answered HTTP " + std::to_string(status) + (status >= 300 && status < 400 ? ": redirections are not followed" : ""));
}

std::expected<std::string, std::string> send_mail(const Mail& mail, const std::atomic<bool>& stop) {
  Talk talk(mail.to);
  const auto handle = open_handle(mail.timeout, stop);
  if (!handle) return std::unexpected("libcurl does not start");
  Lines recipients;
  for (const auto& to : mail.to) recipients.append("<" + to + ">");
  Upload upload{mail.text};
  auto* curl = handle.get();
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(curl, CURLOPT_URL, mail.server.c_str());
  // A password never goes over the wire in clear.
  curl_easy_setopt(curl, CURLOPT_USE_SSL, static_cast<long>(mail.user.empty() ? CURLUSESSL_TRY : CURLUSESSL_ALL));
  if (!mail.user.empty()) {
    curl_easy_setopt(curl, CURLOPT_USERNAME, mail.user.c_str());
    curl_easy_setopt(curl, CURLOPT_PASSWORD, mail.password.c_str());
  }
  const auto from = "<" + mail.from + ">";
  curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from.c_str());
  curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients.first());
  curl_easy_setopt(curl, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);  // from 8.2 on with one L less, and this name still
  talk.listen(curl);
  curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_upload);
  curl_easy_setopt(curl, CURLOPT_READDATA, &upload);
  curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
  const auto code = curl_easy_perform(curl);
  if (code == CURLE_OK) return talk.refused().empty() ? "" : "the mail server refused " + talk.refused();
  if (talk.took_none()) return std::unexpected("the mail server takes none of the addresses: " + talk.refused());
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  return std::unexpected("the mail server" + (status >= 400 ? " answered " + std::to_string(status) : std::string()) + ": " + words_of(code, mail.timeout));
}

}  // namespace assetd
