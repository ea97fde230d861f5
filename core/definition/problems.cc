#include "core/definition/problems.h"

#include <algorithm>
#include <tuple>

#include "core/graph/asset_key.h"

namespace assetd {
namespace {

std::vector<std::size_t> line_starts(std::string_view text) {
  std::vector<std::size_t> starts{0};
  for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n', end + 1))
    starts.push_back(end + 1);
  return starts;
}

/// Without the rest of a line end, and short; never within a character.
std::string cut(std::string_view line) {
  constexpr std::size_t kLongest = 200;
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.size() <= kLongest) return std::string(line);
  auto length = kLongest;
  while (length > 0 && (static_cast<unsigned char>(line[length]) & 0xC0) == 0x80) --length;
  return std::string(line.substr(0, length));
}

}  // namespace

std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

Problems::Problems(const std::vector<ProjectFile>& files) : files_(files) {}

void Problems::error(SourceRef source, std::string message, std::string hint) {
  errors_.push_back({std::move(message), std::move(hint), std::move(source), ""});
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
  Excerpts excerpts(files_);
  for (auto& error : errors_) error.excerpt = excerpts.line(error.source).value_or("");
  return std::move(errors_);
}

std::optional<std::string> Excerpts::line(const SourceRef& source) {
  const auto file =
      std::find_if(files_.begin(), files_.end(), [&](const auto& known) { return known.path == source.file; });
  if (file == files_.end()) return std::nullopt;
  auto& starts = starts_[source.file];
  if (starts.empty()) starts = line_starts(file->text);
  const auto number = static_cast<std::size_t>(std::max(source.line, 0));
  if (number == 0 || number > starts.size()) return "";
  const auto rest = std::string_view(file->text).substr(starts[number - 1]);
  return cut(rest.substr(0, rest.find('\n')));
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
