#pragma once
// From a request to an answer: access, routing, checks, the handler on a worker, and what every answer carries. No sockets.

#include <memory>

#include "daemon/http/context.h"
#include "daemon/http/router.h"
#include "daemon/http/worker_pool.h"

namespace assetd::http {

class Api {
 public:
  Api(HttpOptions options, Access access, Service& service);
  ~Api() { stop(); }

  /// Any thread; never blocks. `respond` is called exactly once, from any thread, unless the server stops before.
  void handle(Request request, Respond respond);
  void stop();

 private:
  void dispatch(Request request, Context& context, Respond respond);
  void call(const Route& route, Call call, Context& context, Respond respond);

  Service& service_;
  Shared shared_;
  Router router_;
  int subscription_ = 0;
  bool stopped_ = false;
};

}  // namespace assetd::http
