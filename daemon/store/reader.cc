#include "daemon/store/reader.h"

#include "daemon/store/connection.h"
#include "daemon/store/reader_impl.h"
#include "daemon/store/rows.h"

namespace assetd {
namespace {

std::int64_t newest_event(Database& database) {
  auto query = database.query("SELECT seq FROM sqlite_sequence WHERE name = 'events'");
  return query.next() ? query.row().integer() : 0;
}

/// The oldest id that is kept; one above the newest if none is.
std::int64_t lowest_event(Database& database, std::int64_t newest) {
  auto query = database.query("SELECT min(id) FROM events");
  const auto id = query.next() ? query.row().integer_or_null() : std::nullopt;
  return id.value_or(newest + 1);
}

/// Parameters: 1 the id to start from, 2 limit, 3 types as JSON, 4 run, 5 asset.
std::string events_sql(const EventFilter& filter, const char* from, const char* order) {
  std::string sql = select_from(kEventColumns, "events WHERE ") + from;
  if (!filter.types.empty()) sql += " AND type IN (SELECT value FROM json_each(?3))";
  // An asset has fewer events than a run has: of two indexes its own is the better.
  if (filter.run) sql += filter.asset.empty() ? " AND run=?4" : " AND +run=?4";
  if (!filter.asset.empty()) sql += " AND asset=?5";
  return sql + " ORDER BY id " + order + " LIMIT ?2";
}

std::string types_json(const EventFilter& filter) {
  nlohmann::json types = nlohmann::json::array();
  for (const auto& type : filter.types) {
    if (const auto number = event_type_number(type)) types.push_back(*number);
    else types.push_back(type);
  }
  return json_text(types);
}

std::vector<Event> read_events(Database& database, const std::string& sql, std::int64_t from, int limit, const EventFilter& filter) {
  std::vector<Event> events;
  auto query = database.query(sql, from, limit, types_json(filter), filter.run, filter.asset);
  while (query.next()) events.push_back(read_event(database, query.row()));
  return events;
}

}  // namespace

Reader::Reader() = default;
Reader::~Reader() = default;

std::expected<std::unique_ptr<Reader>, StoreError> Reader::open(const std::string& path, Millis budget, std::function<void(const StoreError&)> on_damage) {
  auto database = open_reader(path);
  if (!database) return std::unexpected(database.error());
  std::unique_ptr<Reader> reader(new Reader());
  reader->impl_ = std::make_unique<Impl>(std::move(*database), budget, std::move(on_damage));
  return reader;
}

Reader::Result<std::int64_t> Reader::as_of() { return impl_->read(newest_event); }

Reader::Result<Reader::Events> Reader::events_after(std::int64_t after, const EventFilter& filter, int limit) {
  const auto sql = events_sql(filter, "id>?1", "ASC");
  return impl_->read_unbounded([&](Database& database) {
    Events events;
    events.newest = newest_event(database);
    events.lowest = lowest_event(database, events.newest);
    events.items = read_events(database, sql, after, limit, filter);
    return events;
  });
}

Reader::Result<Page<Event>> Reader::events_newest(const EventFilter& filter, const PageRequest& page) {
  const CursorScope scope{{"events", filter.types, filter.run, filter.asset}};
  const auto position = read_cursor(scope, page.cursor, 1);
  if (!position) return std::unexpected(position.error());
  const auto sql = events_sql(filter, "id<?1", "DESC");
  return impl_->read_unbounded([&](Database& database) {
    auto events = read_events(database, sql, before(*position), page.limit + 1, filter);
    return make_page(std::move(events), page, scope, [](const Event& event) { return std::vector{event.id}; });
  });
}

}  // namespace assetd
