#pragma once
// Shared by the files that implement Reader.

#include "daemon/store/bounded_query.h"
#include "daemon/store/cursor.h"
#include "daemon/store/reader.h"

namespace assetd {

struct Reader::Impl : BoundedDatabase {
  using BoundedDatabase::BoundedDatabase;
};

/// Cuts a list that was read with one item more than asked for, and makes the cursor of its last item.
template <typename T, typename Position>
Page<T> make_page(std::vector<T> items, const PageRequest& request, const CursorScope& scope, Position position) {
  Page<T> page{std::move(items), ""};
  if (page.items.size() <= static_cast<std::size_t>(request.limit)) return page;
  page.items.resize(static_cast<std::size_t>(request.limit));
  page.next_cursor = make_cursor(scope, position(page.items.back()));
  return page;
}

/// A position of one number, or one that is before every row when going down.
inline std::int64_t before(const std::vector<std::int64_t>& position, std::size_t index = 0) {
  return position.empty() ? INT64_MAX : position[index];
}

}  // namespace assetd
