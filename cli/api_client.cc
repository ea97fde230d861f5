#include "cli/api_client.h"

#include <random>

namespace assetd::cli {
namespace {

constexpr std::string_view kPrefix = "/api/v1";
constexpr std::size_t kPage = 1000;  // the API's largest

Problem to_problem(const HttpAnswer& answer) {
  Problem problem{answer.status, "", "", {}, Json::parse(answer.body, nullptr, false)};
  if (!problem.body.is_object()) {
    problem.body = nullptr;
    problem.title = "the daemon answered with status " + std::to_string(answer.status);
    problem.detail = answer.body.substr(0, 500);
    return problem;
  }
  problem.title = problem.body.value("title", "");
  problem.detail = problem.body.value("detail", "");
  for (const auto& error : problem.body.value("errors", Json::array())) {
    if (error.is_object()) problem.errors.emplace_back(error.value("pointer", ""), error.value("detail", error.value("message", "")));
  }
  return problem;
}

Result<Json> parse(const Result<HttpAnswer>& answer) {
  if (!answer) return std::unexpected(answer.error());
  if (answer->body.empty()) return Json::object();
  auto body = Json::parse(answer->body, nullptr, false);
  if (body.is_discarded()) return std::unexpected(Problem{answer->status, "the answer is not JSON", answer->body.substr(0, 200), {}, nullptr});
  return body;
}

/// A retry by hand is a new request: the key only protects against the same request arriving twice.
std::string new_idempotency_key() {
  std::random_device random;
  std::string key = "assetctl-";
  for (int i = 0; i < 16; ++i) key += "0123456789abcdef"[random() % 16];
  return key;
}

}  // namespace

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const unsigned char c : text) {
    if (std::isalnum(c) || std::string_view("-_.~").find(static_cast<char>(c)) != std::string_view::npos) {
      out += static_cast<char>(c);
    } else {
      constexpr std::string_view digits = "0123456789ABCDEF";
      out += {'%', digits[c >> 4], digits[c & 15]};
    }
  }
  return out;
}

std::string key_in_path(std::string_view key) {
  std::string out;
  for (const char c : key) out += c == '/' ? ":" : percent_encode({&c, 1});
  return out;
}

std::string target_of(const std::string& path, const Query& query) {
  std::string out = path;
  char separator = '?';
  for (const auto& [name, value] : query) {
    if (value.empty()) continue;
    out += separator + name + "=" + percent_encode(value);
    separator = '&';
  }
  return out;
}

HttpRequest ApiClient::prepared(std::string method, std::string target) const {
  HttpRequest request{std::move(method), std::move(target), "", {{"accept", "application/json"}}};
  if (!token_.empty()) request.headers["authorization"] = "Bearer " + token_;
  return request;
}

Result<HttpAnswer> ApiClient::request(HttpRequest request) {
  auto answer = transport_->send(request);
  if (!answer) return std::unexpected(Problem{0, "the daemon cannot be reached", answer.error(), {}, nullptr});
  if (answer->status >= 400) return std::unexpected(to_problem(*answer));
  return std::move(*answer);
}

Result<Json> ApiClient::get(const std::string& path, const Query& query) {
  return parse(request(prepared("GET", target_of(std::string(kPrefix) + path, query))));
}

Result<Json> ApiClient::post(const std::string& path, const Json& body) {
  auto out = prepared("POST", std::string(kPrefix) + path);
  out.body = body.dump();
  out.headers["content-type"] = "application/json";
  out.headers["idempotency-key"] = new_idempotency_key();
  return parse(request(std::move(out)));
}

Result<Json> ApiClient::remove(const std::string& path) {
  auto out = prepared("DELETE", std::string(kPrefix) + path);
  out.headers["idempotency-key"] = new_idempotency_key();
  return parse(request(std::move(out)));
}

Result<Json> ApiClient::list(const std::string& path, Query query, std::size_t limit) {
  Json all = {{"items", Json::array()}, {"next_cursor", nullptr}};
  auto& items = all["items"];
  for (;;) {
    Query page_query = query;
    page_query.emplace_back("limit", std::to_string(std::min(kPage, limit - items.size())));
    if (all["next_cursor"].is_string()) page_query.emplace_back("cursor", all["next_cursor"]);
    auto page = get(path, page_query);
    if (!page) return page;
    for (auto& item : (*page)["items"]) items.push_back(std::move(item));
    all["next_cursor"] = page->value("next_cursor", Json());
    all["as_of"] = page->value("as_of", Json());
    if (!all["next_cursor"].is_string() || items.size() >= limit) return all;
  }
}

Result<LogPage> ApiClient::logs(const std::string& path, const Query& query) {
  auto answer = request(prepared("GET", target_of(std::string(kPrefix) + path, query)));
  if (!answer) return std::unexpected(answer.error());
  return LogPage{std::move(answer->body), answer->headers["x-next-offset"], answer->headers["x-log-complete"] != "false"};
}

Result<void> ApiClient::events(Query query, const std::string& last_event_id, const std::function<bool(const StreamEvent&)>& receive) {
  auto out = prepared("GET", target_of(std::string(kPrefix) + "/events", query));
  out.headers["accept"] = "text/event-stream";
  if (!last_event_id.empty()) out.headers["last-event-id"] = last_event_id;
  SseParser parser;
  const auto answer = transport_->stream(out, [&](std::string_view chunk) {
    for (const auto& event : parser.feed(chunk)) {
      if (!receive(event)) return false;
    }
    return true;
  });
  if (!answer) return std::unexpected(Problem{0, "the daemon cannot be reached", answer.error(), {}, nullptr});
  if (answer->status >= 400) return std::unexpected(to_problem(*answer));
  return {};
}

Result<HttpAnswer> ApiClient::probe(const std::string& path) {
  auto answer = transport_->send(prepared("GET", path));
  if (!answer) return std::unexpected(Problem{0, "the daemon cannot be reached", answer.error(), {}, nullptr});
  return std::move(*answer);
}

}  // namespace assetd::cli
