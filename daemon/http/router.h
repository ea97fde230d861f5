#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/http/route.h"

namespace assetd::http {

struct RouteMatch {
  const Route* route = nullptr;
  std::map<std::string, std::string> path;
};
struct WrongMethod {
  std::string allow;  ///< "GET, HEAD, OPTIONS"
};
struct NoRoute {
  std::string nearest;  ///< the pattern that may have been meant; ""
};
struct BadPath {};

/// Matches decoded path parts against patterns. Linear in the routes, which are some dozens.
class Router {
 public:
  explicit Router(const std::vector<Route>& table);
  std::variant<RouteMatch, WrongMethod, NoRoute, BadPath> match(std::string_view method, std::string_view path) const;

 private:
  struct Compiled {
    const Route* route;
    std::vector<std::string> parts;
  };
  static bool fits(const Compiled& entry, const std::vector<std::string>& parts, std::map<std::string, std::string>* path);
  std::vector<Compiled> entries_;
};

}  // namespace assetd::http
