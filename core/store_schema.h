#pragma once
// What a store's header says of it: for the daemon that writes it, and for `assetctl doctor`, which reads it beside.

namespace assetd {

inline constexpr int kStoreSchema = 12;               ///< PRAGMA user_version of a store that this version has written
inline constexpr int kApplicationId = 0x61737364;     ///< PRAGMA application_id: "assd"

}  // namespace assetd
