#pragma once
// YAML as a plain tree with positions: anchors and merge keys ("<<") are resolved, sizes bounded. The only place that
// knows yaml-cpp.

#include <string>
#include <string_view>
#include <vector>

namespace assetd {

struct YamlEntry;

struct YamlNode {
  enum class Kind { null, scalar, sequence, map };
  Kind kind = Kind::null;
  bool quoted = false;             ///< a scalar in quotes or a block scalar: text, whatever it looks like
  int line = 0;                    ///< from 1
  int column = 0;                  ///< from 1, in characters
  std::string text;                ///< of a scalar
  std::vector<YamlNode> items;     ///< of a sequence
  std::vector<YamlEntry> entries;  ///< of a map, in the order of the file, merged ones last

  const YamlNode* find(std::string_view key) const;  ///< null when it is no map or has no such key
};

struct YamlEntry {
  std::string key;
  int line = 0, column = 0;  ///< of the key
  YamlNode value;
};

struct YamlError {
  std::string message;
  std::string hint;
  int line = 0, column = 0;  ///< from 1
};

struct YamlFile {
  YamlNode root;
  std::vector<YamlError> errors;  ///< bad syntax (then the root is incomplete), duplicate keys
};

struct YamlLimits {
  std::size_t bytes = 64u << 20;
  std::size_t nodes = 4'000'000;        ///< 100,000 assets have about 2.5 million
  std::size_t aliased_nodes = 200'000;  ///< in the copies that aliases stand for
  int depth = 100;
};

YamlFile read_yaml(const std::string& text, const YamlLimits& limits = {});

}  // namespace assetd
