#include "core/definition/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "core/definition/utf8.h"

namespace assetd {
namespace {

/// Ends the parse: what it carries is the file's error.
struct Refused {
  YamlError error;
};

std::size_t count_nodes(const YamlNode& node) {
  std::size_t count = 1;
  for (const auto& item : node.items) count += count_nodes(item);
  for (const auto& entry : node.entries) count += count_nodes(entry.value);
  return count;
}

bool is_merge(const YamlEntry& entry) { return entry.key == "<<"; }

/// Builds the tree from yaml-cpp's events: its own nodes cost forty times the memory and hide duplicate keys.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(YamlFile& file, const YamlLimits& limits) : file_(file), limits_(limits) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(make(YamlNode::Kind::null, mark), anchor); }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    auto node = make(YamlNode::Kind::scalar, mark);
    node.quoted = tag == "!" || tag == "tag:yaml.org,2002:str";
    node.text = value;
    if (!node.quoted && (value == "~" || value == "null" || value == "Null" || value == "NULL"))
      node.kind = YamlNode::Kind::null;
    add(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto it = anchored_.find(anchor);
    if (it == anchored_.end())
      throw Refused{{"an alias within what it stands for", "", mark.line + 1, mark.column + 1}};
    charge(aliased_, count_nodes(it->second), limits_.aliased_nodes, mark);
    add(it->second, 0);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(make(YamlNode::Kind::sequence, mark), anchor, mark);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(make(YamlNode::Kind::map, mark), anchor, mark);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapEnd() override {
    auto& map = open_.back().node;
    refuse_duplicates(map);
    merge(map);
    close();
  }

 private:
  struct Open {
    YamlNode node;
    YAML::anchor_t anchor = 0;
    bool has_key = false;  ///< of a map: the next node is the value of the last entry
  };

  YamlNode make(YamlNode::Kind kind, const YAML::Mark& mark) {
    charge(nodes_, 1, limits_.nodes, mark);
    YamlNode node;
    node.kind = kind;
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    return node;
  }

  static void charge(std::size_t& account, std::size_t nodes, std::size_t limit, const YAML::Mark& mark) {
    account += nodes;
    if (account > limit)
      throw Refused{{"the file is too large: more than " + std::to_string(limit) + " values" +
                         (nodes > 1 ? " in what its aliases stand for" : ""),
                     "split the project with include:", mark.line + 1, mark.column + 1}};
  }

  void open(YamlNode node, YAML::anchor_t anchor, const YAML::Mark& mark) {
    if (static_cast<int>(open_.size()) >= limits_.depth)
      throw Refused{
          {"nested deeper than " + std::to_string(limits_.depth) + " levels", "", mark.line + 1, mark.column + 1}};
    open_.push_back({std::move(node), anchor});
  }

  void close() {
    auto done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done.node), done.anchor);
  }

  void add(YamlNode node, YAML::anchor_t anchor) {
    if (anchor != 0) anchored_[anchor] = node;
    if (open_.empty()) {
      file_.root = std::move(node);
    } else if (auto& parent = open_.back(); parent.node.kind == YamlNode::Kind::sequence) {
      parent.node.items.push_back(std::move(node));
    } else {
      add_to_map(parent, std::move(node));
    }
  }

  void add_to_map(Open& map, YamlNode node) {
    if (std::exchange(map.has_key, !map.has_key)) {
      map.node.entries.back().value = std::move(node);
      return;
    }
    if (node.kind == YamlNode::Kind::sequence || node.kind == YamlNode::Kind::map)
      file_.errors.push_back({"a key must be a text, not a list or a mapping", "a value such as {{ x }} needs quotes",
                              node.line, node.column});
    map.node.entries.push_back({std::move(node.text), node.line, node.column, {}});
  }

  void refuse_duplicates(const YamlNode& map) {
    std::unordered_map<std::string_view, int> lines;
    for (const auto& entry : map.entries) {
      if (is_merge(entry)) continue;
      const auto [first, fresh] = lines.try_emplace(entry.key, entry.line);
      if (!fresh)
        file_.errors.push_back({"the key \"" + entry.key + "\" stands here a second time (first on line " +
                                    std::to_string(first->second) + ")",
                                "remove or rename one of them", entry.line, entry.column});
    }
  }

  // Keys of the map itself win over merged ones, earlier merged maps over later ones (yaml.org/type/merge).
  void merge(YamlNode& map) {
    if (std::none_of(map.entries.begin(), map.entries.end(), is_merge)) return;
    std::vector<YamlEntry> own, merged;
    for (auto& entry : map.entries) (is_merge(entry) ? merged : own).push_back(std::move(entry));
    std::unordered_set<std::string> keys;
    for (const auto& entry : own) keys.insert(entry.key);
    const auto take = [&](YamlNode& from) {
      if (from.kind != YamlNode::Kind::map) {
        file_.errors.push_back({"\"<<\" takes a mapping or a list of mappings",
                                "write <<: *name with a name that is anchored as &name", from.line, from.column});
        return;
      }
      for (auto& entry : from.entries)
        if (keys.insert(entry.key).second) own.push_back(std::move(entry));
    };
    for (auto& entry : merged) {
      if (entry.value.kind != YamlNode::Kind::sequence) take(entry.value);
      for (auto& item : entry.value.items) take(item);
    }
    map.entries = std::move(own);
  }

  YamlFile& file_;
  const YamlLimits& limits_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, YamlNode> anchored_;
  std::size_t nodes_ = 0;
  std::size_t aliased_ = 0;
};

YamlError syntax_error(const YAML::Exception& error) {
  const bool tab = error.msg.find("tab") != std::string::npos;
  return {"bad YAML: " + error.msg, tab ? "indent with blanks" : "", error.mark.line + 1, error.mark.column + 1};
}

void refuse_second_document(YAML::Parser& parser, YamlFile& file, const YamlLimits& limits) {
  YamlFile second;
  TreeBuilder builder(second, limits);
  if (parser.HandleNextDocument(builder))
    file.errors.push_back({"a second YAML document (\"---\") stands in this file",
                           "one document a file: use include:", second.root.line, second.root.column});
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const auto& entry : entries)
    if (entry.key == key) return &entry.value;
  return nullptr;
}

YamlFile read_yaml(const std::string& text, const YamlLimits& limits) {
  YamlFile file;
  if (text.size() > limits.bytes) {
    file.errors.push_back({"the file is larger than " + std::to_string(limits.bytes >> 20) + " MiB",
                           "split the project with include:", 1, 1});
    return file;
  }
  if (const auto bad = find_invalid_utf8(text)) {
    file.errors.push_back(
        {"not UTF-8: byte " + std::to_string(bad->byte), "save the file as UTF-8", bad->line, bad->column});
    return file;
  }
  // The one place where yaml-cpp's exceptions become values.
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    TreeBuilder builder(file, limits);
    if (parser.HandleNextDocument(builder)) refuse_second_document(parser, file, limits);
  } catch (const Refused& refused) {
    file.errors.push_back(refused.error);
  } catch (const YAML::Exception& error) {
    file.errors.push_back(syntax_error(error));
  }
  return file;
}

}  // namespace assetd
