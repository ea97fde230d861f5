#pragma once
// Who may call: token or cookie, Host against DNS rebinding, Origin against foreign pages, and a soft limit on failed tries.

#include <expected>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.h"
#include "daemon/http/listen_address.h"
#include "daemon/http/message.h"

namespace assetd::http {

struct AccessPolicy {
  std::optional<std::string> token;
  ListenAddress listen;
  std::vector<std::string> host_names;
  std::vector<std::string> origins;
};

/// Any thread. Times are arguments.
class Access {
 public:
  /// A listen address that others can reach needs a token.
  static std::expected<Access, std::string> make(AccessPolicy policy);
  Access(Access&& other) noexcept;

  bool needs_token() const { return policy_.token.has_value(); }

  /// 400 without a usable Host, 421 for a name that is not ours: a page of evil.example that resolves to 127.0.0.1 sends its own name.
  std::optional<Response> check_host(const Request& request) const;
  /// 403 when a browser says that a page of another site asks.
  std::optional<Response> check_origin(const Request& request) const;
  /// 401 without token or session, 429 when too many tries of that address have failed.
  std::optional<Response> check_token(const Request& request, WallTime now);
  /// Right token: the value of the session cookie. Wrong: the 401 or 429.
  std::expected<std::string, Response> open_session(const Request& request, std::string_view token, WallTime now);
  bool is_session(std::string_view cookie, WallTime now) const;

  static constexpr std::string_view kCookie = "assetd_session";
  static constexpr std::chrono::hours kSessionLife{30 * 24};

 private:
  explicit Access(AccessPolicy policy) : policy_(std::move(policy)) {}
  bool is_token(std::string_view given) const;
  bool is_own_host(std::string_view host) const;
  std::string signature(std::string_view text) const;
  Response refuse(const Request& request, std::string_view detail, WallTime now);
  std::optional<Response> check_tries(const Request& request, WallTime now);

  /// A bucket of tries per address: kBurst at once, one more each kRefill.
  struct Bucket {
    double tries = 0;
    WallTime at{};
  };
  static constexpr double kBurst = 20;
  static constexpr double kPerSecond = 2;
  static constexpr std::size_t kMaxBuckets = 4096;

  AccessPolicy policy_;
  std::mutex mutex_;
  std::map<std::string, Bucket> failures_;
};

/// The value of a cookie; "" if there is none.
std::string_view cookie_value(std::string_view header, std::string_view name);

}  // namespace assetd::http
