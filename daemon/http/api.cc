#include "daemon/http/api.h"

#include <sodium.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "daemon/http/body_schema.h"
#include "daemon/http/compression.h"
#include "daemon/http/schemas.h"
#include "daemon/http/static_files.h"

namespace assetd::http {
namespace {

constexpr std::size_t kMaxIdempotencyKey = 255;

bool is_api_path(std::string_view path) { return path == "/api" || path.starts_with("/api/"); }

/// What every answer says to a browser: no framing, no guessing of types, scripts only from here.
void add_security_headers(Response& response) {
  response.with("X-Content-Type-Options", "nosniff");
  response.with("Referrer-Policy", "no-referrer");
  response.with("Cross-Origin-Resource-Policy", "same-origin");
  response.with("X-Frame-Options", "DENY");
  response.with("Content-Security-Policy",
                "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
                "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'");
  const bool cached = std::ranges::any_of(response.headers, [](const auto& field) { return field.first == "Cache-Control"; });
  if (!cached) response.with("Cache-Control", "no-store");
}

std::string sha256_hex(std::string_view text) {
  unsigned char digest[crypto_hash_sha256_BYTES];
  crypto_hash_sha256(digest, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  std::string out(sizeof digest * 2 + 1, '\0');
  sodium_bin2hex(out.data(), out.size(), digest, sizeof digest);
  out.pop_back();
  return out;
}

bool is_json_type(std::string_view type) {
  std::string name(type.substr(0, type.find(';')));
  while (name.ends_with(' ')) name.pop_back();
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name == "application/json";
}

/// The body, checked against the route's schema; a route without one takes none, or an empty object.
std::expected<nlohmann::json, Response> read_body(const Request& request, const Route& route) {
  if (route.raw_body) return nlohmann::json();
  const auto blank = request.body.find_first_not_of(" \t\r\n") == std::string::npos;
  if (blank && !route.body_required) return nlohmann::json::object();
  if (blank) return std::unexpected(invalid({{"", "the body is missing: a JSON object is expected"}}));
  if (!is_json_type(request.header("content-type")))
    return std::unexpected(problem_response(415, "not-json", "Unsupported media type", "a body must be sent as Content-Type: application/json"));
  auto body = parse_body(request.body);
  if (!body) return std::unexpected(problem_response(400, "malformed-json", "Malformed JSON", body.error()));
  auto errors = check_body(body_schema(route.body_schema), *body);
  if (!errors.empty()) return std::unexpected(invalid(std::move(errors)));
  return *body;
}

/// Printable ASCII without blanks: within what the Idempotency-Key draft's strings may hold.
std::optional<Response> check_idempotency_key(const Request& request) {
  const std::string_view key = request.header("idempotency-key");
  const bool printable = std::ranges::all_of(key, [](char c) { return c > 0x20 && c < 0x7F; });
  const auto given = request.count("idempotency-key");
  if (given == 0 || (given == 1 && !key.empty() && key.size() <= kMaxIdempotencyKey && printable)) return std::nullopt;
  return problem_response(400, "bad-idempotency-key", "Bad Idempotency-Key",
                          "Idempotency-Key is one header of 1 to 255 printable ASCII characters without blanks");
}

std::optional<Response> refuse_latched(const Service& service) {
  for (const auto& why : service.unready()) {
    if (why.code != "latched") continue;
    return problem_response(503, "latched", "The store is latched", why.detail).with("Retry-After", "5");
  }
  return std::nullopt;
}

/// What is shown would be what could not be committed.
std::optional<Response> refuse_unreadable(const Service& service) {
  const auto why = service.unreadable();
  if (why.empty()) return std::nullopt;
  return problem_response(503, "unreadable", "The store cannot be read", why).with("Retry-After", "5");
}

Response unmatched(const std::variant<RouteMatch, WrongMethod, NoRoute, BadPath>& match, const Request& request) {
  const std::string path(request.path());
  if (const auto* wrong = std::get_if<WrongMethod>(&match)) {
    if (request.method == "OPTIONS") return Response{.status = 204}.with("Allow", wrong->allow);
    return problem_response(405, "wrong-method", "Method not allowed", request.method + " is not possible here; there are: " + wrong->allow)
        .with("Allow", wrong->allow);
  }
  if (std::holds_alternative<BadPath>(match))
    return problem_response(400, "bad-path", "Bad request", "the path is not valid percent-encoded UTF-8 that begins with '/'");
  std::string detail = "there is nothing at '" + path + "'";
  const auto& nearest = std::get<NoRoute>(match).nearest;
  if (!nearest.empty()) detail += "; nearest: '" + nearest + "'";
  if (path.starts_with("/api/v1/assets/")) detail += "; in paths ':' stands for the '/' of a key, as in /api/v1/assets/gold:customers";
  return not_found(detail);
}

std::optional<Response> check_access(const Request& request, const Route& route, Shared& shared) {
  if (route.mutating || route.origin_checked)
    if (auto refused = shared.access.check_origin(request)) return refused;
  if (route.guard == Guard::open) return std::nullopt;
  return shared.access.check_token(request, wall_now());
}

}  // namespace

Api::Api(HttpOptions options, Access access, Service& service)
    : service_(service), shared_(std::move(options), std::move(access)), router_(api_routes()) {
  shared_.workers = std::make_shared<WorkerPool>(shared_.options.workers, service, shared_);
  subscription_ = service_.subscribe([hub = shared_.events](const std::vector<Event>& events) { hub->publish(events); });
}

void Api::stop() {
  if (std::exchange(stopped_, true)) return;
  service_.unsubscribe(subscription_);
  shared_.workers->stop();
}

void Api::handle(Request request, Respond respond) {
  const bool compress = accepts_gzip(request.header("accept-encoding"));
  Respond finish = [respond, compress](Response response) {
    if (compress) compress_response(response);
    add_security_headers(response);
    respond(std::move(response));
  };
  if (auto refused = shared_.access.check_host(request)) return finish(std::move(*refused));
  const bool taken = shared_.workers->post([this, request = std::move(request), finish](Context& context) mutable {
    try {
      dispatch(std::move(request), context, finish);
    } catch (const std::exception& bug) {  // a bug in one handler must not end the daemon
      spdlog::error("http: {}", bug.what());
      finish(problem_response(500, "internal", "Internal error", "this is a bug in assetd; its log says more"));
    }
  });
  if (!taken) finish(problem_response(503, "busy", "Too busy", "too many requests wait: come back in a moment").with("Retry-After", "1"));
}

void Api::dispatch(Request request, Context& context, Respond respond) {
  auto match = router_.match(request.method, request.path());
  const auto* found = std::get_if<RouteMatch>(&match);
  if (!found) {
    const bool page = std::holds_alternative<NoRoute>(match) && !is_api_path(request.path());
    if (page && request.method == "GET") return respond(static_file(request));
    if (page && request.method == "OPTIONS") return respond(Response{.status = 204}.with("Allow", "GET, HEAD, OPTIONS"));
    return respond(unmatched(match, request));
  }
  const Route& route = *found->route;
  if (auto refused = check_access(request, route, shared_)) return respond(std::move(*refused));
  auto query = read_params(request.query(), route.query);
  if (!query) return respond(invalid(std::move(query.error())));
  auto body = request.method == "GET" ? nlohmann::json() : read_body(request, route);
  if (!body) return respond(std::move(body.error()));
  Call call{std::move(request), std::move(found->path), std::move(*query), std::move(*body), {}};
  this->call(route, std::move(call), context, std::move(respond));
}

void Api::call(const Route& route, Call call, Context& context, Respond respond) {
  if (is_api_path(route.pattern))
    if (auto refused = refuse_unreadable(service_)) return respond(std::move(*refused));
  if (const auto* read = std::get_if<ReadHandler>(&route.handler)) return respond((*read)(call, context));
  const Request& request = call.request;
  if (auto refused = check_idempotency_key(request)) return respond(std::move(*refused));
  if (route.mutating)
    if (auto refused = refuse_latched(service_)) return respond(std::move(*refused));
  call.caller.actor = {shared_.access.needs_token() ? "token" : "anonymous", request.remote};
  call.caller.route = route.method + " " + route.pattern.substr(route.pattern.find("/v1") + 3);
  call.caller.idempotency_key = request.header("idempotency-key");
  call.caller.body_hash = sha256_hex(request.target + "\n" + request.body);
  std::get<CommandHandler>(route.handler)(call, context, std::move(respond));
}

}  // namespace assetd::http
