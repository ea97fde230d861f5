#include "daemon/http/message.h"

#include <algorithm>
#include <map>

namespace assetd::http {

std::string_view Request::path() const { return std::string_view(target).substr(0, target.find('?')); }

std::string_view Request::query() const {
  const auto mark = target.find('?');
  return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

std::string_view Request::header(std::string_view name) const {
  for (const auto& [field, value] : headers)
    if (field == name) return value;
  return {};
}

std::size_t Request::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(headers.begin(), headers.end(), [&](const auto& field) { return field.first == name; }));
}

Response& Response::with(std::string name, std::string value) {
  headers.emplace_back(std::move(name), std::move(value));
  return *this;
}

namespace {

nlohmann::json to_json(const FieldError& error) {
  nlohmann::json out = {{"pointer", error.pointer}, {"detail", error.detail}};
  if (error.column > 0) out["column"] = error.column;
  return out;
}

}  // namespace

std::string dump(const nlohmann::json& value) { return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace); }

Response json_response(const nlohmann::json& body, int status) {
  Response response;
  response.status = status;
  if (status >= 400) response.content_type = "application/problem+json";
  response.body = dump(body);
  return response;
}

Response problem_response(int status, std::string_view type, std::string_view title, std::string_view detail,
                          const std::vector<FieldError>& errors) {
  nlohmann::json body = {{"type", "https://assetd.dev/problems/" + std::string(type)},
                         {"title", title},
                         {"status", status},
                         {"detail", detail}};
  for (const auto& error : errors) body["errors"].push_back(to_json(error));
  return json_response(body, status);
}

Response not_found(std::string_view detail) { return problem_response(404, "not-found", "Not found", detail); }

Response invalid(std::vector<FieldError> errors) {
  std::string detail = errors.empty() ? "" : errors.front().detail;
  if (errors.size() > 1) detail += " (and " + std::to_string(errors.size() - 1) + " more, see errors)";
  return problem_response(422, "invalid-request", "The request is not valid", detail, errors);
}

std::string_view reason_phrase(int status) {
  static const std::map<int, std::string_view> phrases = {
      {100, "Continue"},           {200, "OK"},
      {201, "Created"},            {202, "Accepted"},
      {204, "No Content"},         {206, "Partial Content"},
      {304, "Not Modified"},       {400, "Bad Request"},
      {401, "Unauthorized"},       {403, "Forbidden"},
      {404, "Not Found"},          {405, "Method Not Allowed"},
      {406, "Not Acceptable"},     {408, "Request Timeout"},
      {409, "Conflict"},           {410, "Gone"},
      {413, "Content Too Large"},  {414, "URI Too Long"},
      {415, "Unsupported Media Type"},
      {421, "Misdirected Request"},
      {422, "Unprocessable Content"},
      {429, "Too Many Requests"},  {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},    {503, "Service Unavailable"},
      {505, "HTTP Version Not Supported"}};
  const auto found = phrases.find(status);
  return found == phrases.end() ? "Status" : found->second;
}

std::string response_head(const Response& response, bool close) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head += reason_phrase(response.status);
  head += "\r\n";
  const auto add = [&](std::string_view name, std::string_view value) {
    head.append(name).append(": ");
    // A value made of what a client sent must not end the line (response splitting).
    for (const char c : value) head += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
    head += "\r\n";
  };
  const bool bodiless = response.status == 204 || response.status == 304;
  if (!bodiless) add("Content-Type", response.content_type);
  for (const auto& [name, value] : response.headers) add(name, value);
  if (!bodiless && !response.stream) add("Content-Length", std::to_string(response.bytes().size()));
  if (close || response.stream) add("Connection", "close");
  head += "\r\n";
  return head;
}

}  // namespace assetd::http
