// Reader: how long steps took.

#include "daemon/store/codes.h"
#include "daemon/store/reader_impl.h"

namespace assetd {

// By the key of its table, from the newest run back: a page or two for each asset, however long its history is.
Reader::Result<std::vector<std::vector<Millis>>> Reader::durations(std::span<const std::string> assets, int limit) {
  constexpr std::size_t kAssetsARead = 500;  // one budget of time is for so many
  std::vector<std::vector<Millis>> all;
  all.reserve(assets.size());
  for (std::size_t from = 0; from < assets.size(); from += kAssetsARead) {
    const auto part = assets.subspan(from, std::min(kAssetsARead, assets.size() - from));
    const auto read = impl_->read([&](Database& database) {
      for (const auto& asset : part) {
        auto& durations = all.emplace_back();
        auto query = database.query("SELECT ended_at - started_at FROM outcomes WHERE asset=? AND status=? AND started_at<=ended_at ORDER BY run DESC, attempt DESC LIMIT ?",
                                    asset, stored(StepStatus::succeeded), limit);
        while (query.next()) durations.push_back(Millis(query.row().integer()));
      }
      return true;
    });
    if (!read) return std::unexpected(read.error());
  }
  return all;
}

}  // namespace assetd
