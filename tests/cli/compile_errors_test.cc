#include "cli/compile_errors.h"

namespace assetd::cli {
namespace {

using nlohmann::json;

TEST(CompileErrors, LookLikeACompilers) {
  const json errors = {{{"message", "nobody defines the asset 'gold_custmers'"},
                        {"hint", "did you mean 'gold_customers'?"},
                        {"source", {{"file", "assetd.yaml"}, {"line", 7}, {"column", 12}}},
                        {"excerpt", "    deps: [gold_custmers]"}}};
  EXPECT_EQ(render_definition_errors(errors, "error", {}),
            "assetd.yaml:7:12: error: nobody defines the asset 'gold_custmers' (did you mean 'gold_customers'?)\n"
            "        deps: [gold_custmers]\n"
            "               ^\n");
}

TEST(CompileErrors, TheCaretFollowsTabs) {
  const json errors = {{{"message", "m"}, {"source", {{"file", "f"}, {"line", 1}, {"column", 2}}}, {"excerpt", "\tx"}}};
  EXPECT_EQ(render_definition_errors(errors, "error", {}), "f:1:2: error: m\n    \tx\n    \t^\n");
}

TEST(CompileErrors, AnErrorWithoutAPlaceIsStillSaid) {
  const json errors = {{{"message", "no such folder"}, {"source", {{"file", ""}, {"line", 0}, {"column", 0}}}}};
  EXPECT_EQ(render_definition_errors(errors, "error", {}), "error: no such folder\n");
}

}  // namespace
}  // namespace assetd::cli
