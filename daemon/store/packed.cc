#include "daemon/store/packed.h"

#include <zlib.h>

#include <cstdint>
#include <stdexcept>

namespace assetd {
namespace {

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

std::optional<std::uint64_t> take_varint(std::string_view& in) {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

std::uint64_t zigzag(std::int64_t value) { return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63); }
std::int64_t unzigzag(std::uint64_t value) { return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1); }

constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kLargest = std::uint64_t{1} << 32;  // a guard against a damaged length

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string pack_steps(std::span<const StepIndex> steps) {
  std::string out;
  std::int64_t end = 0;
  for (std::size_t i = 0; i < steps.size();) {
    std::size_t length = 1;
    while (i + length < steps.size() && steps[i + length] == steps[i] + length) ++length;
    put_varint(out, zigzag(std::int64_t{steps[i]} - end));
    put_varint(out, length);
    end = std::int64_t{steps[i]} + static_cast<std::int64_t>(length);
    i += length;
  }
  return out;
}

std::optional<std::vector<StepIndex>> unpack_steps(std::string_view packed) {
  std::vector<StepIndex> steps;
  std::int64_t end = 0;
  while (!packed.empty()) {
    const auto gap = take_varint(packed);
    const auto length = take_varint(packed);
    if (!gap || !length || *length > kNone) return std::nullopt;
    const std::int64_t first = end + unzigzag(*gap);
    end = first + static_cast<std::int64_t>(*length);
    if (first < 0 || end > std::int64_t{kNone}) return std::nullopt;
    for (std::int64_t step = first; step < end; ++step) steps.push_back(static_cast<StepIndex>(step));
  }
  return steps;
}

std::string compress(std::string_view bytes) {
  uLongf size = compressBound(bytes.size());
  std::string out(kLengthBytes + size, '\0');
  for (std::size_t i = 0; i < kLengthBytes; ++i) out[i] = static_cast<char>(std::uint64_t{bytes.size()} >> (8 * i));
  auto* target = reinterpret_cast<Bytef*>(out.data() + kLengthBytes);
  // Level 1: three times as fast as the default for a tenth more bytes.
  if (compress2(target, &size, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), 1) != Z_OK) throw std::bad_alloc();
  out.resize(kLengthBytes + size);
  return out;
}

std::optional<std::string> decompress(std::string_view packed) {
  if (packed.size() < kLengthBytes) return std::nullopt;
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) length |= std::uint64_t{static_cast<unsigned char>(packed[i])} << (8 * i);
  if (length > kLargest) return std::nullopt;
  std::string out(length, '\0');
  uLongf size = length;
  const auto* source = reinterpret_cast<const Bytef*>(packed.data() + kLengthBytes);
  const int code = uncompress(reinterpret_cast<Bytef*>(out.data()), &size, source, packed.size() - kLengthBytes);
  return code == Z_OK && size == length ? std::optional(std::move(out)) : std::nullopt;
}

std::string pack_id(std::string_view id) {
  if (id.size() != 32) return std::string(id);
  std::string out;
  for (std::size_t i = 0; i < id.size(); i += 2) {
    const int high = digit(id[i]), low = digit(id[i + 1]);
    if (high < 0 || low < 0) return std::string(id);
    out.push_back(static_cast<char>(high << 4 | low));
  }
  return out;
}

std::string unpack_id(std::string_view packed) {
  if (packed.size() != 16) return std::string(packed);
  std::string out;
  for (const unsigned char byte : packed) {
    out.push_back("0123456789abcdef"[byte >> 4]);
    out.push_back("0123456789abcdef"[byte & 15]);
  }
  return out;
}

}  // namespace assetd
