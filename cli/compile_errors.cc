#include "cli/compile_errors.h"

#include "cli/format.h"

namespace assetd::cli {
namespace {

std::string place_of(const nlohmann::json& source) {
  if (!source.is_object() || text_at(source, "file").empty()) return "";
  std::string out = text_at(source, "file");
  if (source.value("line", 0) > 0) out += ":" + text_at(source, "line");
  if (source.value("line", 0) > 0 && source.value("column", 0) > 0) out += ":" + text_at(source, "column");
  return out + ": ";
}

/// Tabs stay tabs, so that the caret stands where the column is shown.
std::string caret_line(const std::string& excerpt, int column) {
  std::string out;
  for (int i = 0; i + 1 < column && i < static_cast<int>(excerpt.size()); ++i) out += excerpt[i] == '\t' ? '\t' : ' ';
  return out + "^";
}

}  // namespace

std::string render_definition_errors(const nlohmann::json& errors, const std::string& kind, const Terminal& terminal) {
  std::string out;
  for (const auto& error : errors) {
    const auto source = error.value("source", nlohmann::json());
    const auto hint = text_at(error, "hint");
    const auto excerpt = text_at(error, "excerpt");
    out += terminal.paint(place_of(source), Colour::bold) + terminal.paint(kind + ":", kind == "error" ? Colour::red : Colour::yellow) + " " +
           text_at(error, "message") + (hint.empty() ? "" : " (" + hint + ")") + "\n";
    if (excerpt.empty()) continue;
    out += "    " + excerpt + "\n";
    const int column = source.is_object() ? source.value("column", 0) : 0;
    if (column > 0) out += "    " + terminal.paint(caret_line(excerpt, column), Colour::green) + "\n";
  }
  return out;
}

}  // namespace assetd::cli
