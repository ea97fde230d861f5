#pragma once
// One table says what the API is: requests are routed by it, checked by it, and the OpenAPI document is written from it.

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "daemon/http/message.h"
#include "daemon/http/params.h"
#include "daemon/service/service.h"

namespace assetd::http {

class Context;

/// A request that matched a route and passed its checks.
struct Call {
  Request request;
  std::map<std::string, std::string> path;  ///< decoded; of a key, ':' is already '/'
  Params query;
  nlohmann::json body = nullptr;
  Caller caller;
  std::string path_of(const std::string& name) const;
};

/// Reads run on a worker thread and answer at once.
using ReadHandler = Response (*)(const Call&, Context&);
/// Commands run on a worker thread, hand over to the service and return; `done` answers once the effect is committed.
using CommandHandler = void (*)(const Call&, Context&, Respond done);

enum class Guard {
  open,     ///< no token needed: probes and the log-in
  token,    ///< the token, if one is set
};

struct PathParam {
  enum class Kind { key, number, name };
  std::string name;
  Kind kind = Kind::name;
  std::string description;
};

struct Answer {
  int status = 200;
  std::string schema;  ///< a name of response_schemas(), or "" for no JSON body
  std::string content_type = "application/json";
};

struct Route {
  std::string method;
  std::string pattern;  ///< "/api/v1/runs/{run_id}/steps"
  std::string name;     ///< operationId
  std::string summary;
  std::string tag;
  std::variant<ReadHandler, CommandHandler> handler;
  std::vector<Answer> answers = {};
  std::vector<int> problems = {};  ///< statuses besides those that every route may answer
  std::vector<PathParam> path = {};
  std::vector<Param> query = {};
  std::string body_schema = {};  ///< a name of body_schemas(); "" takes no body (or an empty object)
  bool body_required = false;
  bool raw_body = false;    ///< any bytes: the handler reads Call::request.body
  Guard guard = Guard::token;
  bool mutating = false;  ///< Origin is checked, Idempotency-Key is read, refused while the store is latched
  bool origin_checked = false;  ///< a read that a foreign page must not open: the event stream
};

/// All routes of the API, in the order of the documentation.
const std::vector<Route>& api_routes();

// The rooms of the table, one function a file.
void add_system_routes(std::vector<Route>& table);
void add_asset_routes(std::vector<Route>& table);
void add_partition_routes(std::vector<Route>& table);
void add_backfill_routes(std::vector<Route>& table);
void add_lineage_routes(std::vector<Route>& table);
void add_run_routes(std::vector<Route>& table);
void add_run_commands(std::vector<Route>& table);
void add_log_routes(std::vector<Route>& table);
void add_schedule_routes(std::vector<Route>& table);
void add_project_routes(std::vector<Route>& table);
void add_definitions_routes(std::vector<Route>& table);
void add_queue_routes(std::vector<Route>& table);
void add_automation_routes(std::vector<Route>& table);
void add_sensor_routes(std::vector<Route>& table);
void add_alert_routes(std::vector<Route>& table);
void add_forecast_routes(std::vector<Route>& table);
void add_check_routes(std::vector<Route>& table);
void add_version_routes(std::vector<Route>& table);
void add_trigger_routes(std::vector<Route>& table);
void add_event_routes(std::vector<Route>& table);
void add_session_routes(std::vector<Route>& table);

std::vector<Param> page_params(std::vector<Param> others = {});  ///< with limit and cursor
PathParam key_param();
PathParam run_param();

}  // namespace assetd::http
