#pragma once
// Reads a YAML mapping by the types that are expected. What does not fit is recorded with its place, and reading goes
// on.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/definition/names.h"
#include "core/definition/source_file.h"
#include "core/definition/yaml_tree.h"

namespace assetd {

/// May ${secret:NAME} stand in a value? Only where it is resolved at the start of a process.
enum class Secrets { refused, allowed };

class MapReader {
 public:
  /// `what` names the mapping in errors: "an asset". A node that is no mapping is an error, and reads as an empty one.
  MapReader(const SourceFile& file, const YamlNode& node, std::string what);

  /// The value of a key, null when it is absent or empty. Every key that is asked for counts as known.
  const YamlNode* take(std::string_view key);
  /// Like take; its absence is an error.
  const YamlNode* require(std::string_view key);

  std::optional<std::string> text(std::string_view key, Secrets secrets = Secrets::refused);
  std::string required_text(std::string_view key);
  std::optional<std::string> path(std::string_view key);  ///< as the project sees it
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t min, std::int64_t max);
  std::optional<double> number(std::string_view key, double min, double max);
  std::optional<bool> boolean(std::string_view key);
  std::optional<Millis> duration(std::string_view key);
  std::vector<std::string> texts(std::string_view key);
  std::map<std::string, std::string> text_map(std::string_view key, Secrets secrets = Secrets::refused);

  /// One of a few words.
  std::optional<std::string> choice(std::string_view key, const std::vector<std::string_view>& words);

  template <typename E>
  std::optional<E> word(std::string_view key) {
    const auto* node = take(key);
    if (!node) return std::nullopt;
    const auto found = enum_of<E>(node->text);
    if (!found || node->kind != YamlNode::Kind::scalar) refuse_word(key, *node, words_of<E>());
    return found;
  }

  /// The place of a key's value, else of the mapping.
  SourceRef at(std::string_view key) const;
  SourceRef at() const { return file_.at(node_); }
  const SourceFile& file() const { return file_; }
  const YamlNode& node() const { return node_; }
  bool is_map() const { return node_.kind == YamlNode::Kind::map; }

  /// The entries that nobody asked for: the plugin's own, where there are such.
  std::vector<const YamlEntry*> rest() const;
  /// A key that stands in another mapping, `place`, and is written here; before refuse_rest().
  void refuse_misplaced(std::string_view key, const std::string& place, std::string hint);
  /// Every key that nobody asked for is an error with the nearest one.
  void refuse_rest() const;
  void refuse(std::string_view key, const YamlNode& node, const std::string& expected, std::string hint = {}) const;

 private:
  template <typename E>
  static std::vector<std::string_view> words_of() {
    std::vector<std::string_view> words;
    for (const auto& [value, name] : EnumNames<E>::names) words.push_back(name);
    return words;
  }
  void refuse_word(std::string_view key, const YamlNode& node, const std::vector<std::string_view>& words) const;

  const SourceFile& file_;
  const YamlNode& node_;
  std::string what_;
  std::vector<std::string> known_;
};

/// A scalar as text; anything else is an error that names `what`.
std::optional<std::string> read_text(const SourceFile& file, const YamlNode& node, const std::string& what,
                                     Secrets secrets = Secrets::refused);

}  // namespace assetd
