#include "daemon/http/route.h"

namespace assetd::http {

const std::vector<Route>& api_routes() {
  static const std::vector<Route> table = [] {
    std::vector<Route> routes;
    add_system_routes(routes);
    add_project_routes(routes);
    add_definitions_routes(routes);
    add_queue_routes(routes);
    add_asset_routes(routes);
    add_partition_routes(routes);
    add_backfill_routes(routes);
    add_version_routes(routes);
    add_trigger_routes(routes);
    add_lineage_routes(routes);
    add_run_routes(routes);
    add_run_commands(routes);
    add_log_routes(routes);
    add_schedule_routes(routes);
    add_automation_routes(routes);
    add_sensor_routes(routes);
    add_alert_routes(routes);
    add_forecast_routes(routes);
    add_check_routes(routes);
    add_event_routes(routes);
    add_session_routes(routes);
    return routes;
  }();
  return table;
}

std::vector<Param> page_params(std::vector<Param> others) {
  others.push_back({.name = "limit", .kind = Param::Kind::integer, .description = "items of a page", .min = 1, .max = 1000, .fallback = 100});
  others.push_back({.name = "cursor", .description = "next_cursor of the page before, with the same filters"});
  return others;
}

PathParam key_param() { return {"key", PathParam::Kind::key, "an asset's key, with ':' (or %2F) for '/'"}; }
PathParam run_param() { return {"run_id", PathParam::Kind::number, "a run's id"}; }

}  // namespace assetd::http
