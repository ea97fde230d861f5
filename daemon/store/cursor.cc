#include "daemon/store/cursor.h"

#include <sodium.h>

namespace assetd {
namespace {

constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
constexpr std::size_t kLongest = 1024;  // of any cursor made here many times over

/// FNV-1a: a cursor is no secret; it must only tell that it was sent to the wrong list.
std::string hash(const CursorScope& scope) {
  std::uint64_t value = 0xcbf29ce484222325U;
  for (const char c : scope.of.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace))
    value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return std::to_string(value);
}

std::string base64(const std::string& bytes) {
  std::string out(sodium_base64_ENCODED_LEN(bytes.size(), kVariant), '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), kVariant);
  out.pop_back();  // libsodium counts the terminating zero
  return out;
}

std::string from_base64(const std::string& text) {
  std::string out(text.size(), '\0');
  std::size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(), text.size(), nullptr, &size, nullptr, kVariant) != 0) return "";
  out.resize(size);
  return out;
}

std::unexpected<StoreError> foreign(const char* why) {
  return std::unexpected(StoreError{StoreError::Kind::cursor, std::string("the cursor ") + why + "; start again without a cursor"});
}

}  // namespace

std::string make_cursor(const CursorScope& scope, const std::vector<std::int64_t>& position) {
  return base64(nlohmann::json{{"p", position}, {"f", hash(scope)}}.dump());
}

std::expected<std::vector<std::int64_t>, StoreError> read_cursor(const CursorScope& scope, const std::string& cursor, std::size_t size) {
  if (cursor.empty()) return std::vector<std::int64_t>();
  if (cursor.size() > kLongest) return foreign("is too long to be one of ours");
  const auto value = nlohmann::json::parse(from_base64(cursor), nullptr, false);
  if (!value.is_object() || !value.contains("p") || !value.contains("f") || !value["p"].is_array()) return foreign("is damaged");
  if (value["f"] != hash(scope)) return foreign("belongs to another list or to other filters");
  std::vector<std::int64_t> position;
  for (const auto& number : value["p"]) {
    if (!number.is_number_integer()) return foreign("is damaged");
    position.push_back(number.get<std::int64_t>());
  }
  if (position.size() != size) return foreign("is damaged");
  return position;
}

}  // namespace assetd
