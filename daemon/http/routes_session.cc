// Log-in of browsers: EventSource cannot send headers, so the token becomes a cookie.

#include "daemon/http/context.h"
#include "daemon/http/route.h"

namespace assetd::http {
namespace {

std::string cookie(std::string_view value, std::chrono::seconds life) {
  return std::string(Access::kCookie) + "=" + std::string(value) + "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + std::to_string(life.count());
}

void open_session(const Call& call, Context& context, Respond done) {
  Response response{.status = 204};
  if (!context.shared.access.needs_token()) return done(response);
  const auto session = context.shared.access.open_session(call.request, call.body.at("token").get<std::string>(), wall_now());
  if (!session) return done(session.error());
  done(response.with("Set-Cookie", cookie(*session, Access::kSessionLife)));
}

void close_session(const Call&, Context&, Respond done) {
  done(Response{.status = 204}.with("Set-Cookie", cookie("", std::chrono::seconds(0))));
}

}  // namespace

void add_session_routes(std::vector<Route>& table) {
  table.push_back({.method = "POST", .pattern = "/api/v1/session", .name = "open_session", .summary = "A cookie for a token", .tag = "session",
                   .handler = open_session, .answers = {{204, ""}}, .problems = {401, 429}, .body_schema = "SessionRequest", .body_required = true,
                   .guard = Guard::open, .origin_checked = true});
  table.push_back({.method = "DELETE", .pattern = "/api/v1/session", .name = "close_session", .summary = "Log out", .tag = "session",
                   .handler = close_session, .answers = {{204, ""}}, .guard = Guard::open, .origin_checked = true});
}

}  // namespace assetd::http
