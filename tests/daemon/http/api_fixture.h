#pragma once
// A server over a real store and a fake service, with a small project and one failed run in it:
// raw succeeded, stg failed a check, gold was skipped because of it, report succeeded.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "daemon/http/server.h"
#include "daemon/store/store.h"
#include "tests/daemon/http/fake_service.h"
#include "tests/daemon/http/raw_client.h"

namespace assetd::test {

class ApiFixture : public ::testing::Test {
 protected:
  ApiFixture();
  ~ApiFixture() override;

  void start(HttpOptions options = {});
  RawAnswer get(const std::string& target, const std::vector<std::string>& headers = {}) {
    return fetch(server->address(), "GET", "/api/v1" + target, "", headers);
  }
  RawAnswer post(const std::string& target, const std::string& body = "", const std::vector<std::string>& headers = {}) {
    return fetch(server->address(), "POST", "/api/v1" + target, body, headers);
  }
  /// Commits and tells the service's listeners, as the real one does.
  void commit(CommitBatch batch);
  static Event event(const std::string& type, RunId run = 0, const std::string& asset = "");
  void commit_running_run();  ///< run 1, of all four assets; nothing of it has begun
  void commit_failed_run();
  void write_log(const std::string& text, bool err = false);

  static constexpr const char* kAttempt = "0123456789abcdef0123456789abcdef";
  static WallTime at(int second) { return WallTime(std::chrono::seconds(1'800'000'000 + second)); }

  std::filesystem::path dir;
  FakeService service;
  std::unique_ptr<Store> store;
  std::unique_ptr<HttpServer> server;
  RunPlan plan;
  StepIndex raw = 0, stg = 0, gold = 0, report = 0;

 private:
  void make_project();
};

}  // namespace assetd::test
