#pragma once
// The claim file of an attempt: idempotency claim, shim's identity, stop order and exit journal in one preallocated
// file.
//
// Five slots at fixed places, each written in place by one write() and sealed with a checksum, so that a slot that was
// never written and one that was torn both read as absent. The file is written whole when it is made: later writes need
// no space and succeed on a full disk.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "supervisor/attempt.h"

namespace assetd::supervisor {

inline constexpr std::size_t kMaxDetail = 480;
inline constexpr std::size_t kMaxStopSignals = 16;
inline constexpr std::size_t kMaxStoreId = 63;

/// The supervisor that watches over the attempt: while that process lives, no other does. Written when the claim is made, and by the next one that
/// takes it over.
struct Holder {
  int pid = 0;
  std::uint64_t start_ticks = 0;

  bool operator==(const Holder&) const = default;
};

/// Written by the supervisor when it makes the claim.
struct Origin {
  std::string boot_id;   ///< /proc/sys/kernel/random/boot_id: a process of another boot cannot be alive
  std::string store_id;  ///< at most kMaxStoreId bytes
  std::int64_t created_at_ms = 0;

  bool operator==(const Origin&) const = default;
};

/// Written by the shim once the step runs: what another supervisor adopts it by.
struct ShimIdentity {
  int pid = 0;
  std::uint64_t start_ticks = 0;  ///< field 22 of /proc/PID/stat: tells a reused pid
  Start start;

  bool operator==(const ShimIdentity&) const = default;
};

struct Claim {
  std::optional<Origin> origin;
  std::optional<Holder> holder;  ///< absent in claims of older supervisors: nobody's
  std::optional<ShimIdentity> shim;
  std::optional<StopOrder> stop;
  std::optional<End> end;
};

/// Bytes of one slot and where they belong in the file.
struct SlotWrite {
  std::size_t offset = 0;
  std::string bytes;
};

inline constexpr std::size_t kClaimSize = 1536;

/// A whole new claim of kClaimSize bytes.
std::string encode_claim(const Origin& origin, const Holder& holder = {});
SlotWrite encode_holder(const Holder& holder);
SlotWrite encode_shim(const ShimIdentity& shim);
SlotWrite encode_stop(const StopOrder& stop);
SlotWrite encode_end(const End& end);

/// Whatever is intact in `bytes`, which may be short, empty or garbage.
Claim decode_claim(std::string_view bytes);

}  // namespace assetd::supervisor
