#pragma once
// A folder that goes with the test, and a store in it.

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include "daemon/store/reader.h"
#include "daemon/store/store.h"

namespace assetd {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    // In memory where that is possible: what a sync costs on a busy disk is not what these tests are about.
    const std::filesystem::path memory = "/dev/shm";
    const auto parent = access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
    std::string name = (parent / "assetd-store-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline std::unique_ptr<Store> open_store(const std::string& path) {
  auto store = Store::open(path);
  if (!store) throw std::runtime_error(store.error().message);
  return std::move(*store);
}

inline std::unique_ptr<Reader> open_reader_of(const std::string& path) {
  auto reader = Reader::open(path);
  if (!reader) throw std::runtime_error(reader.error().message);
  return std::move(*reader);
}

/// A store in a folder of its own.
struct TemporaryStore {
  TemporaryFolder folder;
  std::string path = folder.file("assetd.db");
  std::unique_ptr<Store> store = open_store(path);

  void reopen() {
    store.reset();
    store = open_store(path);
  }
  void commit(CommitBatch batch) {
    const auto done = store->commit(batch);
    ASSERT_TRUE(done) << done.error().message;
  }
  void commit(std::vector<Change> changes) {
    CommitBatch batch;
    batch.changes = std::move(changes);
    commit(std::move(batch));
  }
  Recovered load() {
    auto recovered = store->load();
    if (!recovered) throw std::runtime_error(recovered.error().message);
    return std::move(*recovered);
  }
};

constexpr WallTime at_ms(std::int64_t ms) { return WallTime(Millis(1'790'000'000'000 + ms)); }

}  // namespace assetd
