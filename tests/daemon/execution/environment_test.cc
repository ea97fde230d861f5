#include "daemon/execution/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "daemon/execution/child_process.h"

namespace assetd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
namespace fs = std::filesystem;

class Environment : public ::testing::Test {
 protected:
  Environment() {
    auto name = (fs::temp_directory_path() / "assetd-environment-XXXXXX").string();
    dir_ = ::mkdtemp(name.data());
  }
  ~Environment() override { fs::remove_all(dir_); }
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(dir_ / name) << text;
    return (dir_ / name).string();
  }
  fs::path dir_;
};

TEST_F(Environment, PassesOnlyWhatEveryStepGetsAndWhatIsNamed) {
  const std::map<std::string, std::string> daemon{{"PATH", "/bin"},     {"LC_ALL", "C"}, {"TOKEN", "secret"},
                                                  {"AWS_REGION", "eu"}, {"GCP", "x"},    {"PATHS", "no"}};
  EXPECT_THAT(*make_environment({{}, "", {"AWS_*", "GCP"}}, daemon, nullptr),
              ElementsAre(Pair("AWS_REGION", "eu"), Pair("GCP", "x"), Pair("LC_ALL", "C"), Pair("PATH", "/bin")));
}

TEST_F(Environment, LaterSourcesWin) {
  const auto file = write(".env", "A=file\nPATH=file\nB=file\n");
  EXPECT_THAT(*make_environment({{{"A", "own"}}, file, {"B"}}, {{"PATH", "daemon"}, {"B", "inherited"}}, nullptr),
              ElementsAre(Pair("A", "own"), Pair("B", "file"), Pair("PATH", "file")));
}

TEST_F(Environment, ReadsFilesAsSystemdAndDockerDo) {
  const auto file =
      write(".env",
            "# comment\n\nexport A=1\n B = two words \nC=\"quo\\\"ted # not a comment\"\nD='$raw \\n'\nE=\nF=a=b\r\n");
  EXPECT_THAT(*make_environment({{}, file, {}}, {}, nullptr),
              ElementsAre(Pair("A", "1"), Pair("B", "two words"), Pair("C", "quo\"ted # not a comment"),
                          Pair("D", "$raw \\n"), Pair("E", ""), Pair("F", "a=b")));
}

TEST_F(Environment, APipeIsReadAsItsWriterWritesIt) {
  const auto pipe = (dir_ / ".env").string();
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  std::thread writer([&] {
    std::ofstream out(pipe);  // waits for a reader
    out << "A=1\n" << std::flush << "B=" << std::string(200'000, 'x') << "\n";
  });
  const auto env = make_environment({{}, pipe, {}}, {}, nullptr);
  writer.join();
  ASSERT_TRUE(env) << env.error();
  EXPECT_EQ(env->at("A"), "1");
  EXPECT_EQ(env->at("B").size(), 200'000U);
}

TEST_F(Environment, APipeIntoWhichNobodyWritesIsWaitedForUntilItsReaderIsStopped) {
  const auto pipe = (dir_ / ".env").string();
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const std::atomic<bool> stop = true;
  EXPECT_THAT(make_environment({{}, pipe, {}}, {}, nullptr, &stop).error(), HasSubstr("a pipe into which nobody wrote"));
  EXPECT_THAT(make_environment({{}, dir_.string(), {}}, {}, nullptr).error(), HasSubstr("it is no file"));
}

TEST_F(Environment, MayTakeTimeWhereAFileOrAProgramIsAsked) {
  const EnvironmentSpec plain{{{"A", "1"}}, "", {}}, secret{{{"A", "${secret:X}"}}, "", {}};
  const std::map<std::string, std::string> program{{"ASSETD_SECRETS_COMMAND", "/bin/pass"}};
  EXPECT_FALSE(may_take_time(plain, program));
  EXPECT_FALSE(may_take_time(secret, {{"ASSETD_SECRET_X", "known"}}));
  EXPECT_TRUE(may_take_time(secret, program));
  EXPECT_TRUE(may_take_time({{}, "/some/.env", {}}, {}));
}

TEST_F(Environment, NamesTheMissingFileAndTheBadLine) {
  EXPECT_THAT(make_environment({{}, "/gone/.env", {}}, {}, nullptr).error(), HasSubstr("/gone/.env"));
  const auto file = write(".env", "A=1\nnonsense\n");
  EXPECT_EQ(make_environment({{}, file, {}}, {}, nullptr).error(), "env_file: " + file + ":2: expected NAME=VALUE");
}

TEST_F(Environment, SecretsComeFromFileEnvironmentOrProgram) {
  const auto file = write("secrets", "ONE=from file\n");
  const auto program =
      write("program", "#!/bin/sh\n[ $1 = THREE ] && echo \"from program\" || { echo no >&2; exit 1; }\n");
  fs::permissions(program, fs::perms::owner_all);
  const auto secrets = default_secrets(
      {{"ASSETD_SECRETS_FILE", file}, {"ASSETD_SECRET_TWO", "from environment"}, {"ASSETD_SECRETS_COMMAND", program}});
  EXPECT_THAT(*make_environment({{{"X", "<${secret:ONE}|${secret:TWO}|${secret:THREE}>"}}, "", {}}, {}, secrets),
              ElementsAre(Pair("X", "<from file|from environment|from program>")));
  EXPECT_THAT(make_environment({{{"X", "${secret:FOUR}"}}, "", {}}, {}, secrets).error(),
              HasSubstr("env X: the secret \"FOUR\""));
  EXPECT_THAT(default_secrets({})("FIVE").error(), HasSubstr("there is no secret \"FIVE\""));
}

TEST(ChildProcess, GivesInputAndTakesBothOutputs) {
  ChildSpec spec;
  spec.argv = {"sh", "-c", "cat; echo err >&2; exit 3"};
  spec.input = std::string(1 << 20, 'x');
  const auto result = run_child(spec).value();
  EXPECT_EQ(result.output, spec.input);
  EXPECT_EQ(result.errors, "err\n");
  EXPECT_EQ(describe_end(result, spec), "exit code 3");
}

TEST(ChildProcess, InputThatNobodyReadsIsNoError) {
  ChildSpec spec;
  spec.argv = {"true"};
  spec.input = std::string(1 << 20, 'x');
  EXPECT_TRUE(run_child(spec).value().ok());
}

TEST(ChildProcess, StopsWhatTakesTooLongOrSaysTooMuch) {
  ChildSpec slow;
  slow.argv = {"sh", "-c", "sleep 60 & wait"};
  slow.timeout = std::chrono::milliseconds(30);
  EXPECT_EQ(run_child(slow).value().end, ChildResult::End::timed_out);
  ChildSpec loud;
  loud.argv = {"sh", "-c", "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done"};
  loud.max_output = 1000;
  EXPECT_EQ(run_child(loud).value().end, ChildResult::End::too_much);
}

TEST(ChildProcess, DoesNotWaitForWhatTheProgramLeftRunning) {
  ChildSpec spec;
  spec.argv = {"sh", "-c", "sleep 5 & echo done"};
  const auto result = run_child(spec).value();
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.output, "done\n");
}

}  // namespace
}  // namespace assetd
