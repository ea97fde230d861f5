#include "core/definition/problems.h"

#include <algorithm>
#include <tuple>

#include "core/graph/asset_key.h"

namespace assetd {

Problems::Problems(const std::vector<ProjectFile>& files) : files_(files) {}

void Problems::error(SourceRef source, std::string message, std::string hint) {
  std::string excerpt;
  for (const auto& file : files_)
    if (file.path == source.file) excerpt = line_of(file.text, source.line);
  errors_.push_back({std::move(message), std::move(hint), std::move(source), std::move(excerpt)});
}

std::vector<DefinitionError> Problems::take_errors() {
  const auto order_of = [this](const std::string& path) {
    return std::find_if(files_.begin(), files_.end(), [&](const auto& file) { return file.path == path; }) -
           files_.begin();
  };
  std::stable_sort(errors_.begin(), errors_.end(), [&](const auto& a, const auto& b) {
    return std::tuple(order_of(a.source.file), a.source.line, a.source.column) <
           std::tuple(order_of(b.source.file), b.source.line, b.source.column);
  });
  return std::move(errors_);
}

std::string line_of(std::string_view text, int number) {
  constexpr std::size_t kLongest = 200;
  for (; number > 1; --number) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  if (number < 1) return {};
  auto line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.size() > kLongest) {
    auto length = kLongest;
    while (length > 0 && (static_cast<unsigned char>(line[length]) & 0xC0) == 0x80) --length;
    line = line.substr(0, length);
  }
  return std::string(line);
}

std::string suggest(std::string_view wrong, const std::vector<std::string_view>& names) {
  constexpr std::size_t kFew = 24;
  if (const auto nearest = nearest_name(wrong, names); !nearest.empty()) return "did you mean \"" + nearest + "\"?";
  if (names.empty() || names.size() > kFew) return {};
  std::string list = "known: ";
  for (const auto name : names) list.append(list.size() > 7 ? ", " : "").append(name);
  return list;
}

}  // namespace assetd
