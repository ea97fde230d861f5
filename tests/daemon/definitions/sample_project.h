#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "core/definition/compiled.h"
#include "daemon/definitions/compiler.h"

namespace assetd::testing {

namespace fs = std::filesystem;

/// A project in a folder of its own, with a plugin `fake` that notes that it was asked and answers what answer.json
/// says.
class SampleProject : public ::testing::Test {
 protected:
  SampleProject() {
    auto name = (fs::temp_directory_path() / "assetd-definitions-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    options_ = {dir() + "/project", dir() + "/data", "", {dir() + "/project/plugins"}};
    write("plugins/fake/plugin.yaml",
          "name: fake\nversion: 1.0.0\nprotocol: 1\ncommand: [sh, \"{plugin_dir}/main.sh\"]\nconfig_schema: "
          "config.json\nstop_signal: INT\n");
    write("plugins/fake/config.json", R"({"type": "object", "additionalProperties": false, "required": ["folder"],
      "properties": {"folder": {"type": "string", "format": "path"}, "threads": {"type": "integer"}}})");
    write("plugins/fake/main.sh",
          "cat > request.json; echo asked >> asked; env | sort > environment; cat answer.json\n");
    write(
        "answer.json",
        R"({"protocol": 1, "name": "from_fake", "assets": [{"key": "a", "source": {"file": "models/a.sql", "line": 2, "column": 1}}], "watch": []})");
  }
  ~SampleProject() override { fs::remove_all(root_); }

  std::string dir() const { return root_.string(); }
  std::string path(const std::string& name) const { return dir() + "/project/" + name; }

  // An hour old: what was written a moment ago counts as changed, for it may have been so while it was read.
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories(fs::path(path(name)).parent_path());
    std::ofstream(path(name)) << text;
    fs::last_write_time(path(name), fs::file_time_type::clock::now() - std::chrono::hours(1));
  }
  std::string read(const std::string& name) const {
    std::ifstream file(path(name));
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  CompileResult compile() const { return compile_here(options_); }
  static std::vector<std::string> lines(const CompileResult& result) {
    std::vector<std::string> lines;
    for (const auto& error : result.errors)
      lines.push_back(error.source.file + ":" + std::to_string(error.source.line) + ":" +
                      std::to_string(error.source.column) + " " + error.message +
                      (error.hint.empty() ? "" : " (" + error.hint + ")"));
    return lines;
  }

  fs::path root_;
  CompileOptions options_;
};

}  // namespace assetd::testing
