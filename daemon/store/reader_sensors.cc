// Reader: what came of a sensor's evaluations.

#include "daemon/store/reader_impl.h"
#include "daemon/store/rows.h"
#include "daemon/store/sensor_tables.h"

namespace assetd {

Reader::Result<Page<SensorTick>> Reader::sensor_ticks(const std::string& sensor, const PageRequest& page) {
  static const std::string sql = select_from(kSensorTickColumns, "sensor_ticks WHERE sensor=? AND number<? ORDER BY number DESC LIMIT ?");
  const CursorScope scope{{"sensor_ticks", sensor}};
  const auto position = read_cursor(scope, page.cursor, 1);
  if (!position) return std::unexpected(position.error());
  return impl_->read([&](Database& database) {
    std::vector<SensorTick> rows;
    auto query = database.query(sql, sensor, before(*position), page.limit + 1);
    while (query.next()) rows.push_back(read_sensor_tick(database, query.row()));
    return make_page(std::move(rows), page, scope, [](const SensorTick& row) { return std::vector<std::int64_t>{row.number}; });
  });
}

}  // namespace assetd
