#pragma once
// Items of GET /assets as text, kept until something they show changes: to make one takes a hundred times as long as to copy it. Any thread.

#include <array>
#include <memory>
#include <mutex>
#include <string>

#include "daemon/service/service.h"

namespace assetd::http {

class AssetTexts {
 public:
  using Text = std::shared_ptr<const std::string>;
  /// Inside Service::with_assets.
  Text of(const AssetTable& table, AssetId id, WallTime now);

 private:
  /// What the text was made of.
  struct Stamp {
    std::int64_t version = -1;
    AssetId id = 0;
    std::uint64_t changed = 0;  ///< the latest revision among the asset and its parents, whose data makes it stale
    std::string freshness;
    bool operator==(const Stamp&) const = default;
  };
  struct Slot {
    std::mutex mutex;
    Stamp stamp;
    Text text;
  };
  static Stamp stamp_of(const AssetTable& table, AssetId id, WallTime now);

  static constexpr std::size_t kSlots = 4096;  // of half a kilobyte each, as a rule
  std::array<Slot, kSlots> slots_;
};

}  // namespace assetd::http
