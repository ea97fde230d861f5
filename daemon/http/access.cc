#include "daemon/http/access.h"

#include <sodium.h>

#include <algorithm>

#include "daemon/http/params.h"

namespace assetd::http {
namespace {

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// "Host" without its port: "[::1]:8080" is "::1". Nothing for what is no host.
std::optional<std::string> host_of(std::string_view authority) {
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    const auto rest = authority.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') return std::nullopt;
    return lower(authority.substr(1, end - 1));
  }
  const auto colon = authority.find(':');
  if (colon != std::string_view::npos && !parse_integer(authority.substr(colon + 1))) return std::nullopt;
  const auto host = authority.substr(0, colon);
  if (host.empty() || host.find_first_of(" /@?#") != std::string_view::npos) return std::nullopt;
  return lower(host);
}

std::string_view bearer(const Request& request) {
  const std::string_view value = request.header("authorization");
  return value.size() > 7 && lower(value.substr(0, 7)) == "bearer " ? value.substr(7) : std::string_view();
}

std::string hex(const unsigned char* bytes, std::size_t size) {
  std::string out(size * 2 + 1, '\0');
  sodium_bin2hex(out.data(), out.size(), bytes, size);
  out.pop_back();
  return out;
}

}  // namespace

std::string_view cookie_value(std::string_view header, std::string_view name) {
  for (std::size_t at = 0; at < header.size();) {
    const std::size_t end = std::min(header.find(';', at), header.size());
    std::string_view pair = header.substr(at, end - at);
    at = end + 1;
    pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
    if (pair.starts_with(name) && pair.size() > name.size() && pair[name.size()] == '=') return pair.substr(name.size() + 1);
  }
  return {};
}

std::expected<Access, std::string> Access::make(AccessPolicy policy) {
  if (sodium_init() < 0) return std::unexpected("libsodium could not be initialised: no source of random numbers");
  if (policy.token && policy.token->empty()) return std::unexpected("the token is empty: write one line of it into the token file");
  const bool local = !policy.listen.unix_path.empty() || is_loopback(policy.listen.host);
  if (!local && !policy.token)
    return std::unexpected("'" + policy.listen.host + "' can be reached by others: give a token with --token-file FILE, or listen on 127.0.0.1");
  return Access(std::move(policy));
}

Access::Access(Access&& other) noexcept : policy_(std::move(other.policy_)), failures_(std::move(other.failures_)) {}

bool Access::is_own_host(std::string_view host) const {
  // An address cannot be rebound; only names can.
  if (is_loopback(host) || is_address(host) || host == lower(policy_.listen.host)) return true;
  return std::ranges::any_of(policy_.host_names, [&](const auto& name) { return lower(name) == host; });
}

std::optional<Response> Access::check_host(const Request& request) const {
  if (request.count("host") != 1)
    return problem_response(400, "bad-host", "Bad request", "a request needs exactly one Host header");
  if (!policy_.listen.unix_path.empty()) return std::nullopt;
  const auto host = host_of(request.header("host"));
  if (!host) return problem_response(400, "bad-host", "Bad request", "the Host header is not a host name with an optional port");
  if (is_own_host(*host)) return std::nullopt;
  return problem_response(421, "unknown-host", "Not the host you mean",
                          "this server does not answer to the name '" + *host +
                              "'. Call it by its address or localhost, or add the name to its configuration (host_names).");
}

std::optional<Response> Access::check_origin(const Request& request) const {
  const auto refused = [](const std::string& who) {
    return problem_response(403, "foreign-origin", "A foreign page asked", who + " may not use this server. Configured origins may (origins).");
  };
  if (request.count("origin") == 0) {
    if (request.header("sec-fetch-site") == "cross-site") return refused("a page of another site");
    return std::nullopt;
  }
  const std::string origin = lower(request.header("origin"));
  const std::string host = lower(request.header("host"));
  if (request.count("origin") == 1 && (origin == "http://" + host || origin == "https://" + host)) return std::nullopt;
  if (std::ranges::find(policy_.origins, origin) != policy_.origins.end()) return std::nullopt;
  return refused("a page of '" + origin + "'");
}

bool Access::is_token(std::string_view given) const {
  // Hashed first: the comparison then takes the same time whatever the lengths are.
  const auto digest = [](std::string_view text) {
    std::string out(crypto_generichash_BYTES, '\0');
    crypto_generichash(reinterpret_cast<unsigned char*>(out.data()), out.size(), reinterpret_cast<const unsigned char*>(text.data()),
                       text.size(), nullptr, 0);
    return out;
  };
  return policy_.token && equal_in_constant_time(digest(given), digest(*policy_.token));
}

std::optional<Response> Access::check_tries(const Request& request, WallTime now) {
  const std::lock_guard lock(mutex_);
  const auto found = failures_.find(request.remote);
  if (found == failures_.end()) return std::nullopt;
  const double seconds = static_cast<double>((now - found->second.at).count()) / 1000;
  if (found->second.tries - std::max(0.0, seconds) * kPerSecond < kBurst) return std::nullopt;
  return problem_response(429, "too-many-tries", "Too many failed tries", "tokens from " + request.remote + " were wrong too often: wait a second")
      .with("Retry-After", "1");
}

Response Access::refuse(const Request& request, std::string_view detail, WallTime now) {
  {
    const std::lock_guard lock(mutex_);
    if (failures_.size() >= kMaxBuckets) failures_.clear();
    Bucket& bucket = failures_[request.remote];
    const double seconds = static_cast<double>((now - bucket.at).count()) / 1000;
    bucket.tries = std::max(0.0, bucket.tries - std::max(0.0, seconds) * kPerSecond) + 1;
    bucket.at = now;
  }
  return problem_response(401, "unauthorized", "Not logged in", detail).with("WWW-Authenticate", "Bearer realm=\"assetd\"");
}

std::optional<Response> Access::check_token(const Request& request, WallTime now) {
  if (!policy_.token) return std::nullopt;
  const std::string_view cookie = cookie_value(request.header("cookie"), kCookie);
  if (!cookie.empty() && is_session(cookie, now)) return std::nullopt;
  const std::string_view given = bearer(request);
  if (given.empty())
    return problem_response(401, "unauthorized", "Not logged in",
                            "send the token as 'Authorization: Bearer …', or log in with POST /api/v1/session")
        .with("WWW-Authenticate", "Bearer realm=\"assetd\"");
  if (auto tired = check_tries(request, now)) return tired;
  if (is_token(given)) return std::nullopt;
  return refuse(request, "the token is wrong", now);
}

std::string Access::signature(std::string_view text) const {
  unsigned char key[crypto_auth_KEYBYTES], mac[crypto_auth_BYTES];
  const std::string material = "assetd session " + *policy_.token;
  crypto_generichash(key, sizeof key, reinterpret_cast<const unsigned char*>(material.data()), material.size(), nullptr, 0);
  crypto_auth(mac, reinterpret_cast<const unsigned char*>(text.data()), text.size(), key);
  return hex(mac, sizeof mac);
}

std::expected<std::string, Response> Access::open_session(const Request& request, std::string_view token, WallTime now) {
  if (auto tired = check_tries(request, now)) return std::unexpected(std::move(*tired));
  if (!is_token(token)) return std::unexpected(refuse(request, "the token is wrong", now));
  unsigned char nonce[12];
  randombytes_buf(nonce, sizeof nonce);
  // Signed with a key made of the token: survives a restart, ends when the token changes.
  const std::string text = std::to_string((now + kSessionLife).time_since_epoch().count()) + "." + hex(nonce, sizeof nonce);
  return text + "." + signature(text);
}

bool Access::is_session(std::string_view cookie, WallTime now) const {
  const auto dot = cookie.rfind('.');
  if (!policy_.token || dot == std::string_view::npos) return false;
  const std::string_view text = cookie.substr(0, dot);
  if (!equal_in_constant_time(cookie.substr(dot + 1), signature(text))) return false;
  const auto until = parse_integer(text.substr(0, text.find('.')));
  return until && now.time_since_epoch().count() < *until;
}

}  // namespace assetd::http
