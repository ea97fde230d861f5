// The published schema for editors: it must take what the daemon takes, and know every key.
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/definition/scalars.h"
#include "core/definition/yaml_tree.h"
#include "daemon/definitions/plugin.h"
#include "tests/paths.h"

namespace assetd {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string text_of(const std::string& path) {
  std::ifstream file(testing::in_source(path));
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

nlohmann::json schema() { return nlohmann::json::parse(text_of("config/assetd.schema.json")); }

std::string errors_of(const std::string& yaml) {
  std::string all;
  for (const auto& [pointer, message] : check_schema(schema(), to_json(read_yaml(yaml).root)))
    all += pointer + ": " + message + "\n";
  return all;
}

TEST(PublishedSchema, TakesTheExample) { EXPECT_EQ(errors_of(text_of("config/assetd.example.yaml")), ""); }

TEST(PublishedSchema, RefusesWhatTheDaemonRefuses) {
  EXPECT_NE(errors_of("asets: []\n"), "");
  EXPECT_NE(errors_of("assets: [{key: a}]\n"), "");
  EXPECT_NE(errors_of("assets: [{key: a, grup: b, run: {command: [x]}}]\n"), "");
  EXPECT_NE(errors_of("assets: [{key: a, run: {command: x}}]\n"), "");
  EXPECT_NE(errors_of("schedules: [{name: s, cron: \"@daily\"}]\n"), "");
  EXPECT_NE(errors_of("pools: {cpu: {slots: 0}}\n"), "");
  EXPECT_EQ(errors_of("assets: [{key: a, run: {command: [x]}}]\nexternal: [b, {key: c}]\n"), "");
}

TEST(PluginSchema, AChoiceOfKeysIsOneError) {
  const auto import = nlohmann::json::parse(text_of("plugins/python/config.schema.json"));
  const auto none = check_schema(import, {{"python", "/usr/bin/python3"}});
  ASSERT_EQ(none.size(), 1u);
  EXPECT_EQ(none[0].second, "needs exactly one of the keys 'module' or 'file'");
  const auto both = check_schema(import, {{"module", "a"}, {"file", "b"}});
  ASSERT_EQ(both.size(), 1u);
  EXPECT_EQ(both[0].second, "needs exactly one of the keys 'module' or 'file'");
  EXPECT_EQ(check_schema(import, {{"module", "a"}}).size(), 0u);
}

void each_property(const nlohmann::json& node, const std::string& path,
                   const std::function<void(const std::string&, const nlohmann::json&)>& visit) {
  if (node.is_object() && node.contains("properties"))
    for (const auto& [key, property] : node["properties"].items()) visit(path + "/" + key, property);
  if (node.is_structured())
    for (const auto& [key, inner] : node.items()) each_property(inner, path + "/" + key, visit);
}

TEST(PublishedSchema, DescribesEveryKey) {
  const auto whole = schema();
  each_property(whole, "", [&](const std::string& path, const nlohmann::json& property) {
    auto described = property.contains("description") || property.contains("const");
    if (property.contains("$ref"))
      described =
          whole.at(nlohmann::json::json_pointer(property["$ref"].get<std::string>().substr(1))).contains("description");
    if (path.ends_with("paused")) described = true;
    EXPECT_TRUE(described) << path;
  });
}

TEST(CheckSchema, PointsIntoTheValue) {
  const auto schema = nlohmann::json::parse(R"({"properties": {"a": {"items": {"type": "integer"}}}})");
  const auto found = check_schema(schema, {{"a", {1, "x"}}});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].first, "/a/1");
  EXPECT_THAT(check_schema(nullptr, 3), IsEmpty());
  EXPECT_THAT(check_schema({{"type", 17}}, 3)[0].second, HasSubstr("schema"));
}

}  // namespace
}  // namespace assetd
