// GET /events: as a stream, or a page of JSON when that is asked for.

#include "daemon/http/event_stream.h"
#include "daemon/http/json_shapes.h"

namespace assetd::http {
namespace {

using nlohmann::json;

bool wants_json(const Request& request) {
  const std::string_view accept = request.header("accept");
  return accept.find("application/json") != std::string_view::npos && accept.find("text/event-stream") == std::string_view::npos;
}

std::expected<RunId, Response> run_in_query(const Call& call) {
  const std::string text = call.query.text("run");
  if (text.empty()) return 0;
  const auto id = parse_integer(text);
  if (!id || *id < 1) return std::unexpected(invalid({{"/run", "'run' must be the id of a run, not '" + text + "'"}}));
  return *id;
}

/// Where to begin: Last-Event-ID of a client that reconnects, else `after`, else nothing.
std::expected<std::optional<std::int64_t>, Response> begin_of(const Call& call) {
  const std::string_view last = call.request.header("last-event-id");
  if (last.empty()) return call.query.integer("after");
  const auto id = parse_integer(last);
  if (!id || *id < 0) return std::unexpected(invalid({{"/Last-Event-ID", "Last-Event-ID must be the id of an event"}}));
  return id;
}

/// 410 for an id whose successors are no longer kept, and for one that was never given here.
std::optional<Response> check_begin(std::int64_t after, Reader& reader) {
  const auto here = reader.events_after(after, {}, 1);
  if (!here) return store_problem(here.error());
  const bool pruned = here->lowest > after + 1, foreign = after > here->newest;
  if (!pruned && !foreign) return std::nullopt;
  return problem_response(410, "gone", "No longer kept",
                          pruned ? "events after " + id_text(after) + " are no longer kept; the oldest is " + id_text(here->lowest) + ". Load the page again."
                                 : "event " + id_text(after) + " is not of this store; its newest is " + id_text(here->newest) + ". Load the page again.");
}

Response page_after(const Call& call, const EventFilter& filter, std::int64_t after, std::int64_t as_of, Reader& reader) {
  const auto limit = static_cast<int>(*call.query.integer("limit"));
  const auto events = reader.events_after(after, filter, limit);
  if (!events) return store_problem(events.error());
  json items = json::array();
  for (const auto& event : events->items) items.push_back(event_json(event));
  const bool full = items.size() == static_cast<std::size_t>(limit);
  const std::string next = full ? make_cursor(call, id_text(events->items.back().id)) : "";
  return list_response(std::move(items), next, as_of);
}

Response event_page(const Call& call, EventFilter filter, std::optional<std::int64_t> after, const ReadAt& at) {
  if (!after) {
    const auto page = at.reader->events_newest(filter, page_of(call));
    if (!page) return store_problem(page.error());
    json items = json::array();
    for (const auto& event : page->items) items.push_back(event_json(event));
    return list_response(std::move(items), page->next_cursor, at.as_of);
  }
  const auto position = read_cursor(call);
  if (!position) return position.error();
  if (!position->empty()) after = parse_integer(*position).value_or(*after);
  return page_after(call, filter, *after, at.as_of, *at.reader);
}

Response get_events(const Call& call, Context& context) {
  const auto run = run_in_query(call);
  if (!run) return run.error();
  const auto after = begin_of(call);
  if (!after) return after.error();
  const auto at = read_at(context);
  if (!at) return at.error();
  if (*after)
    if (auto gone = check_begin(**after, *at->reader)) return *gone;
  const auto types = call.query.list("types");
  if (wants_json(call.request)) return event_page(call, {types, *run, call.query.text("asset")}, *after, *at);
  // Streams never take every connection: who asks and commands must get through.
  if (const auto most = std::max<std::size_t>(context.shared.options.max_connections * 3 / 4, 1); context.shared.events->listeners() >= most)
    return problem_response(503, "too-many-streams", "Too many event streams", std::to_string(most) +
                            " are open, and no more are taken: close some, or ask with Accept: application/json")
        .with("Retry-After", "10");
  Response response;
  response.content_type = "text/event-stream; charset=utf-8";
  response.stream = EventStream::open(context.shared, {{types.begin(), types.end()}, *run, call.query.text("asset")}, after->value_or(at->as_of));
  return response.with("X-Accel-Buffering", "no");  // proxies must not hold it back
}

}  // namespace

void add_event_routes(std::vector<Route>& table) {
  table.push_back({.method = "GET", .pattern = "/api/v1/events", .name = "events",
                   .summary = "A stream of what changes (text/event-stream), or a page of it (application/json)", .tag = "events", .handler = get_events,
                   .answers = {{200, "", "text/event-stream"}, {200, "EventList"}}, .problems = {410},
                   .query = page_params({{.name = "after", .kind = Param::Kind::integer, .description = "an as_of or the id of an event", .min = 0,
                                          .max = 1'000'000'000'000'000},
                                         {.name = "types", .kind = Param::Kind::names, .description = "only these, separated by ','"},
                                         {.name = "run", .description = "only of this run"},
                                         {.name = "asset", .description = "only of this asset"}}),
                   .origin_checked = true});
}

}  // namespace assetd::http
