// Which objects of the artifact store go, over the layout that the SDK writes.

#include "daemon/service/artifact_sweep.h"

#include <gmock/gmock.h>

#include "tests/daemon/service/harness.h"

namespace assetd::testing {
namespace {

constexpr char kShop[] = R"(
name: shop
assets:
  - {key: a/b, run: {plugin: exec, command: [sh, -c, "true"]}}
  - {key: slow, run: {plugin: exec, command: [sh, -c, "while [ ! -e go ]; do sleep 0.02; done"]}}
)";

class Artifacts : public ServiceTest {
 protected:
  fs::path folder(const std::string& of) const { return fs::path(options_.paths.artifacts()) / of; }

  /// As ArtifactStore.store() does; `age` before now. `latest.json` names the one that was put last.
  void put(const std::string& of, RunId run, std::chrono::hours age) {
    const auto id = std::to_string(run), file = of + "/" + id + "/value.json";
    fs::create_directories(folder(of) / id);
    const auto record = nlohmann::json{{"file", file}, {"run_id", id}}.dump();
    std::ofstream(folder(of) / id / "value.json") << "[1]";
    std::ofstream(folder(of) / id / "artifact.json") << record;
    std::ofstream(folder(of) / "latest.json") << record;
    fs::last_write_time(folder(of) / id / "artifact.json", fs::file_time_type::clock::now() - age);
  }
  bool is_there(const std::string& of, RunId run) const { return fs::exists(folder(of) / std::to_string(run) / "value.json"); }
  std::vector<RunId> left(const std::string& of, RunId most) const {
    std::vector<RunId> runs;
    for (RunId run = 1; run <= most; ++run)
      if (is_there(of, run)) runs.push_back(run);
    return runs;
  }
  ArtifactsSwept sweep(std::chrono::hours age) { return sweep_artifacts(options_.paths, *reader(), SystemClock().now().wall - age); }
};

TEST_F(Artifacts, GoOnceAnotherHasTakenTheirPlaceForLongEnough) {
  start(kShop);
  for (const auto* of : {"a:b", "a:b/partition=2026-01-01%2Feu", "gone"}) {
    put(of, 1, 90h);
    put(of, 2, 80h);
    put(of, 3, 20h);
    put(of, 4, 10h);
  }
  EXPECT_EQ(sweep(100h).objects, 0);
  const auto swept = sweep(50h);
  EXPECT_EQ(swept.error, "");
  EXPECT_EQ(swept.objects, 3) << "what was replaced 80 hours ago; the second was in use until 20 hours ago";
  for (const auto* of : {"a:b", "a:b/partition=2026-01-01%2Feu", "gone"}) EXPECT_EQ(left(of, 4), (std::vector<RunId>{2, 3, 4})) << of;
  EXPECT_FALSE(fs::exists(folder("a:b") / "1"));
  EXPECT_EQ(sweep(0h).objects, 6);
  EXPECT_EQ(left("a:b", 4), std::vector<RunId>{4}) << "the newest stays, however old";
}

TEST_F(Artifacts, TheOneThatIsReadAndTheOneOfTheNewestMaterializationStay) {
  start(kShop);
  const auto made = run("a/b");
  ASSERT_EQ(outcome(made), "succeeded");
  put("a:b", made, 90h);       // of the newest materialization: the runs after it failed
  put("a:b", made + 1, 80h);
  put("a:b", made + 3, 60h);
  put("a:b", made + 2, 70h);   // latest.json names it
  EXPECT_EQ(sweep(1h).objects, 1);
  EXPECT_EQ(left("a:b", made + 3), (std::vector<RunId>{made, made + 2, made + 3}));
}

TEST_F(Artifacts, WhatARunUnderWayMayHaveBegunToReadStays) {
  start(kShop);
  put("a:b", 1, 90h);
  const auto running = run("slow");
  ASSERT_TRUE(await_step(running, "slow", "running"));
  put("a:b", 2, 0h);
  put("gone", 1, 90h);
  put("gone", 2, 80h);
  EXPECT_EQ(sweep(0h).objects, 1) << "what was replaced before it was asked for";
  EXPECT_TRUE(is_there("a:b", 1));
  std::ofstream(file("go"));
  ASSERT_EQ(outcome(running), "succeeded");
  EXPECT_EQ(sweep(0h).objects, 1);
  EXPECT_FALSE(is_there("a:b", 1));
}

TEST_F(Artifacts, OfOthersNothingIsTouched) {
  start(kShop);
  const auto outside = fs::path(data()) / "outside";
  fs::create_directories(outside / "1");
  std::ofstream(outside / "1" / "value.json") << "mine";
  for (RunId number : {7, 8, 9}) {  // a program's own folders in ASSETD_ARTIFACTS
    fs::create_directories(folder("a:b") / std::to_string(number));
    std::ofstream(folder("a:b") / std::to_string(number) / "model.bin") << "mine";
  }
  std::ofstream(folder("a:b") / "8" / "artifact.json") << R"({"file": "../outside/1/value.json", "run_id": "8"})";
  std::ofstream(folder("a:b") / "9" / "artifact.json") << "no record";
  fs::create_directory_symlink(outside, folder("linked"));
  for (RunId run : {1, 2, 3}) put("a:b", run, 90h - std::chrono::hours(run));
  std::ofstream(folder("a:b") / "1" / "notes.txt") << "mine";
  const auto swept = sweep(1h);
  EXPECT_EQ(swept.error, "");
  EXPECT_EQ(swept.objects, 2);
  EXPECT_TRUE(fs::exists(folder("a:b") / "1" / "notes.txt"));
  EXPECT_FALSE(is_there("a:b", 1));
  for (RunId number : {7, 8, 9}) EXPECT_TRUE(fs::exists(folder("a:b") / std::to_string(number) / "model.bin")) << number;
  EXPECT_TRUE(fs::exists(outside / "1" / "value.json"));
  fs::remove(folder("a:b") / "latest.json");
  put("x", 1, 90h);
  put("x", 2, 80h);
  fs::remove(folder("x") / "latest.json");
  EXPECT_EQ(sweep(1h).objects, 0) << "nobody can tell which is read";
}

TEST_F(Artifacts, GoWithThePruneByThePolicyOfTheProject) {
  start(std::string(kShop) + "retention: {artifacts: 50h}\n");
  for (RunId run : {1, 2, 3}) put("a:b", run, 100h - 30h * run);
  const auto reply = answer([&](auto done) { service_->prune(caller(), done); });
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.body.at("artifacts"), 0) << "replaced 40 hours ago";
  define(std::string(kShop) + "retention: {artifacts: 30h}\n");
  ASSERT_EQ(answer([&](auto done) { service_->reload(caller(), done); }).status, 200);
  EXPECT_EQ(answer([&](auto done) { service_->prune(caller(), done); }).body.at("artifacts"), 1);
  EXPECT_EQ(left("a:b", 3), (std::vector<RunId>{2, 3}));
}

}  // namespace
}  // namespace assetd::testing
