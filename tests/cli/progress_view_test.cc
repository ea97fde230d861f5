#include "cli/progress_view.h"

#include <sstream>

namespace assetd::cli {
namespace {

SystemTime at(int seconds) { return SystemTime(std::chrono::seconds(seconds)); }

StepUpdate step(const std::string& key, const std::string& status, int seconds) { return {key, "", status, "", "", at(seconds)}; }

TEST(ProgressView, PlainOutputIsOneLineAChange) {
  std::ostringstream out;
  ProgressView view({}, out, "41", at(0));
  view.update(step("a", "pending", 0));
  view.update(step("a", "running", 1));
  view.update(step("a", "succeeded", 3));
  view.update({"b", "", "skipped", "upstream_failed", "c failed", at(3)});
  view.draw(at(4));
  EXPECT_EQ(out.str(),
            "running        a\n"
            "succeeded      a  2.0 s\n"
            "skipped        b  upstream_failed: c failed\n");
}

TEST(ProgressView, ToldTwiceIsShownOnce) {
  std::ostringstream out;
  ProgressView view({}, out, "41", at(0));
  view.update(step("a", "succeeded", 3));
  view.update(step("a", "succeeded", 3));
  EXPECT_EQ(out.str(), "succeeded      a\n");
}

TEST(ProgressView, ATerminalGetsABarThatFits) {
  std::ostringstream out;
  ProgressView view({.tty = true, .colour = false, .width = 50}, out, "41", at(0));
  view.update(step("a", "succeeded", 1));
  view.update(step("b_with_a_rather_long_name", "running", 1));
  out.str("");
  view.draw(at(12));
  EXPECT_EQ(out.str(), "\r\033[Krun 41  ██████████░░░░░░░░░░  1/2  12 s  b_with_…");
}

}  // namespace
}  // namespace assetd::cli
