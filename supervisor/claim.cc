#include "supervisor/claim.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace assetd::supervisor {
namespace {

constexpr std::uint32_t kMagic = 0x4c435341;  // "ASCL"

struct OriginRecord {
  static constexpr std::size_t kOffset = 0, kRoom = 256;
  static constexpr std::uint32_t kVersion = 0x0101;  // kind of slot, then its version
  char boot_id[40];
  char store_id[kMaxStoreId + 1];
  std::int64_t created_at_ms;
};

struct ShimRecord {
  static constexpr std::size_t kOffset = 256, kRoom = 128;
  static constexpr std::uint32_t kVersion = 0x0201;
  std::int32_t pid, step_pid;
  std::uint64_t start_ticks;
  std::int64_t started_at_ms;
};

struct StopRecord {
  static constexpr std::size_t kOffset = 384, kRoom = 256;
  static constexpr std::uint32_t kVersion = 0x0301;
  std::int64_t grace_ms;
  std::uint32_t count;
  std::uint8_t signals[kMaxStopSignals];
};

struct EndRecord {
  static constexpr std::size_t kOffset = 640, kRoom = 576;
  static constexpr std::uint32_t kVersion = 0x0401;
  std::uint8_t outcome, core_dumped, stopped, cause;  // cause: 0 in what older ones wrote
  std::int32_t exit_code, signal;
  std::uint32_t detail_size;
  std::int64_t started_at_ms, ended_at_ms, user_ms, system_ms, max_rss_kb;
  char detail[kMaxDetail];
};

struct HolderRecord {
  static constexpr std::size_t kOffset = 1216, kRoom = 64;
  static constexpr std::uint32_t kVersion = 0x0501;
  std::int64_t pid;
  std::uint64_t start_ticks;
};

template <typename Record>
struct Sealed {
  std::uint32_t magic, version;
  std::uint64_t checksum;
  Record record;
};

/// FNV-1a: enough to tell a torn write; nobody forges claims in a directory that only we may write.
std::uint64_t checksum_of(const void* data, std::size_t size) {
  std::uint64_t hash = 14695981039346656037u;
  for (const auto* byte = static_cast<const unsigned char*>(data); size-- > 0; ++byte)
    hash = (hash ^ *byte) * 1099511628211u;
  return hash;
}

template <typename Record>
SlotWrite seal(const Record& record) {
  static_assert(std::is_trivially_copyable_v<Record> && sizeof(Sealed<Record>) <= Record::kRoom);
  Sealed<Record> sealed;
  std::memset(&sealed, 0, sizeof sealed);
  sealed.magic = kMagic;
  sealed.version = Record::kVersion;
  sealed.checksum = checksum_of(&record, sizeof record);
  std::memcpy(&sealed.record, &record, sizeof record);
  return {Record::kOffset, std::string(reinterpret_cast<const char*>(&sealed), sizeof sealed)};
}

template <typename Record>
std::optional<Record> unseal(std::string_view file) {
  Sealed<Record> sealed;
  if (file.size() < Record::kOffset + sizeof sealed) return std::nullopt;
  std::memcpy(&sealed, file.data() + Record::kOffset, sizeof sealed);
  if (sealed.magic != kMagic || sealed.version != Record::kVersion) return std::nullopt;
  if (sealed.checksum != checksum_of(&sealed.record, sizeof sealed.record)) return std::nullopt;
  return sealed.record;
}

/// Zeroes padding too, so that the checksum covers known bytes only.
template <typename Record>
Record blank() {
  Record record;
  std::memset(&record, 0, sizeof record);
  return record;
}

template <std::size_t N>
void put_text(char (&to)[N], const std::string& text) {
  std::memcpy(to, text.data(), std::min(text.size(), N - 1));
}

Origin from_record(const OriginRecord& record) { return {record.boot_id, record.store_id, record.created_at_ms}; }

ShimIdentity from_record(const ShimRecord& record) {
  return {record.pid, record.start_ticks, {record.step_pid, record.started_at_ms}};
}

Holder from_record(const HolderRecord& record) { return {static_cast<int>(record.pid), record.start_ticks}; }

StopOrder from_record(const StopRecord& record) {
  const auto count = std::min<std::size_t>(record.count, kMaxStopSignals);
  return {{record.signals, record.signals + count}, record.grace_ms};
}

End from_record(const EndRecord& record) {
  return {.outcome = static_cast<Outcome>(record.outcome),
          .exit_code = record.exit_code,
          .signal = record.signal,
          .core_dumped = record.core_dumped != 0,
          .stopped = record.stopped != 0,
          .started_at_ms = record.started_at_ms,
          .ended_at_ms = record.ended_at_ms,
          .usage = {record.user_ms, record.system_ms, record.max_rss_kb},
          .cause = static_cast<Cause>(record.cause),
          .detail = std::string(record.detail, std::min<std::size_t>(record.detail_size, kMaxDetail))};
}

template <typename Value, typename Record>
std::optional<Value> read_slot(std::string_view file) {
  const auto record = unseal<Record>(file);
  return record ? std::optional(from_record(*record)) : std::nullopt;
}

}  // namespace

std::string encode_claim(const Origin& origin, const Holder& holder) {
  auto record = blank<OriginRecord>();
  put_text(record.boot_id, origin.boot_id);
  put_text(record.store_id, origin.store_id);
  record.created_at_ms = origin.created_at_ms;
  std::string file = seal(record).bytes;
  file.resize(kClaimSize, '\0');
  const auto slot = encode_holder(holder);
  if (holder != Holder{}) file.replace(slot.offset, slot.bytes.size(), slot.bytes);
  return file;
}

SlotWrite encode_holder(const Holder& holder) {
  auto record = blank<HolderRecord>();
  record.pid = holder.pid;
  record.start_ticks = holder.start_ticks;
  return seal(record);
}

SlotWrite encode_shim(const ShimIdentity& shim) {
  auto record = blank<ShimRecord>();
  record.pid = shim.pid;
  record.step_pid = shim.start.pid;
  record.start_ticks = shim.start_ticks;
  record.started_at_ms = shim.start.at_ms;
  return seal(record);
}

SlotWrite encode_stop(const StopOrder& stop) {
  auto record = blank<StopRecord>();
  record.grace_ms = stop.grace_ms;
  record.count = static_cast<std::uint32_t>(std::min(stop.signals.size(), kMaxStopSignals));
  for (std::uint32_t i = 0; i < record.count; ++i) record.signals[i] = static_cast<std::uint8_t>(stop.signals[i]);
  return seal(record);
}

SlotWrite encode_end(const End& end) {
  auto record = blank<EndRecord>();
  record.outcome = static_cast<std::uint8_t>(end.outcome);
  record.core_dumped = end.core_dumped;
  record.stopped = end.stopped;
  record.cause = static_cast<std::uint8_t>(end.cause);
  record.exit_code = end.exit_code;
  record.signal = end.signal;
  record.started_at_ms = end.started_at_ms;
  record.ended_at_ms = end.ended_at_ms;
  record.user_ms = end.usage.user_ms;
  record.system_ms = end.usage.system_ms;
  record.max_rss_kb = end.usage.max_rss_kb;
  record.detail_size = static_cast<std::uint32_t>(std::min(end.detail.size(), kMaxDetail));
  std::memcpy(record.detail, end.detail.data(), record.detail_size);
  return seal(record);
}

Claim decode_claim(std::string_view bytes) {
  return {read_slot<Origin, OriginRecord>(bytes), read_slot<Holder, HolderRecord>(bytes), read_slot<ShimIdentity, ShimRecord>(bytes),
          read_slot<StopOrder, StopRecord>(bytes), read_slot<End, EndRecord>(bytes)};
}

}  // namespace assetd::supervisor
