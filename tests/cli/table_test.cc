#include "cli/table.h"

namespace assetd::cli {
namespace {

Table two_rows() {
  Table table({{"NAME", false, true}, {"N", true}, {"WHY"}});
  table.add({"gold_customers", "7", "ok"});
  table.add({"x", "12", ""});
  return table;
}

TEST(Table, AlignsColumnsAndLeavesNoBlanksAtTheEnd) {
  EXPECT_EQ(two_rows().render({}),
            "NAME             N  WHY\n"
            "gold_customers   7  ok\n"
            "x               12\n");
}

TEST(Table, ANarrowTerminalCutsOnlyColumnsThatShrink) {
  EXPECT_EQ(two_rows().render({.tty = true, .colour = false, .width = 18}),
            "NAME        N  WHY\n"
            "gold_cus…   7  ok\n"
            "x          12\n");
}

TEST(Table, ColoursDoNotChangeTheAlignment) {
  Table table({{"S"}, {"T"}});
  table.add({status_cell("failed"), "a"});
  EXPECT_EQ(table.render({.tty = true, .colour = true, .width = 80}), "\033[90mS\033[0m       \033[90mT\033[0m\n\033[31mfailed\033[0m  a\n");
}

TEST(Table, ACellIsOneLine) {
  Table table({{"A"}});
  table.add({"one\ntwo"});
  EXPECT_EQ(table.render({}), "A\none two\n");
}

TEST(Shorten, CountsCodePointsNotBytes) {
  EXPECT_EQ(shorten("größe", 5), "größe");
  EXPECT_EQ(shorten("größen", 5), "größ…");
}

}  // namespace
}  // namespace assetd::cli
