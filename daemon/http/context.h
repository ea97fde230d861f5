#pragma once
// What handlers work with. A Context belongs to one worker thread; Shared to the server.

#include <expected>
#include <memory>

#include "daemon/http/access.h"
#include "daemon/http/asset_texts.h"
#include "daemon/http/event_hub.h"
#include "daemon/http/lineage_cache.h"
#include "daemon/http/message.h"
#include "daemon/http/past.h"
#include "daemon/http/plan_cache.h"
#include "daemon/http/server.h"
#include "daemon/service/service.h"
#include "daemon/store/reader.h"

namespace assetd::http {

class WorkerPool;

/// Every member may be used from any thread.
struct Shared {
  Shared(HttpOptions given, Access policy) : options(std::move(given)), access(std::move(policy)) {}
  const HttpOptions options;
  Access access;
  PlanCache plans;
  LineageCache lineage;
  AssetTexts asset_texts;
  PastTables pasts;
  std::shared_ptr<EventHub> events = std::make_shared<EventHub>();
  std::shared_ptr<WorkerPool> workers;  ///< for what goes on after a handler returned: hold it weakly there
};

class Context {
 public:
  Context(Service& service, Shared& shared) : service(service), shared(shared) {}
  Service& service;
  Shared& shared;

  /// Opened at the first use; an error is a 503 that says why.
  std::expected<Reader*, Response> reader();

 private:
  std::unique_ptr<Reader> reader_;
};

/// Hands the service's answer to a worker, which writes it out: the service's thread must not spend time on that.
Service::Done answer_to(Context& context, Respond respond);

Response store_problem(const StoreError& error);

/// Milliseconds since the epoch, now. The one place of this room that asks the clock.
WallTime wall_now();

}  // namespace assetd::http
