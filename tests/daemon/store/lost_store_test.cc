// Stores that lost a part of what they were: damaged pages, a log or a file that is gone, files that vanish while they are in use.

#include <gmock/gmock.h>
#include <sqlite3.h>

#include <fstream>

#include "daemon/store/backup.h"
#include "daemon/store/lost_store.h"
#include "daemon/store/migrations.h"
#include "daemon/store/page_check.h"
#include "tests/daemon/store/samples.h"

namespace assetd {
namespace {

namespace fs = std::filesystem;

using ::testing::HasSubstr;

constexpr int kRows = 100;

/// About 6 MiB of answers, of which one page in the middle is overwritten.
struct Damaged {
  TemporaryStore t;

  Damaged() {
    CommitBatch batch;
    batch.changes = {RunCreated{sample_run(1), nullptr}};
    for (int i = 0; i < kRows; ++i) batch.answers.push_back({"ada", "POST /runs", std::to_string(1'000 + i), "hash", 201, std::string(60'000, 'x'), at_ms(i)});
    t.commit(std::move(batch));
    t.store.reset();
    overwrite(leaf("answers"));
  }

  /// A page of the table that holds rows of the middle.
  int leaf(const std::string& table) const {
    auto database = Database::open(t.path, false).value();
    auto pages = database->query("SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY pageno", table);
    std::vector<int> found;
    while (pages.next()) found.push_back(static_cast<int>(pages.row().integer()));
    return found.empty() ? 0 : found[found.size() / 2];
  }
  void overwrite(int page) const {
    ASSERT_GT(page, 1);
    std::fstream file(t.path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(std::streamoff{page - 1} * 4096);
    file << std::string(4096, '\x55');
  }
};

TEST(DamagedPages, OfALargeStoreAreFoundAndTheTableIsNamed) {
  const Damaged damaged;
  ASSERT_GT(fs::file_size(damaged.t.path), 4U << 20);
  const std::atomic<bool> go_on{false};
  const auto checked = check_pages(damaged.t.path, go_on);
  ASSERT_FALSE(checked);
  EXPECT_TRUE(checked.error().pages);
  EXPECT_THAT(checked.error().message, HasSubstr("table answers"));
  EXPECT_THAT(checked.error().message, HasSubstr("restore a backup"));
}

TEST(DamagedPages, AreNotLookedForOnceItIsToEnd) {
  const Damaged damaged;
  const std::atomic<bool> stop{true};
  EXPECT_TRUE(check_pages(damaged.t.path, stop));
}

TEST(DamagedPages, AStartLooksAsFarAsItsBudgetGoes) {
  const Damaged damaged;
  auto database = Database::open(damaged.t.path, false).value();
  check_pages_at_start(*database, std::chrono::milliseconds(0));
  EXPECT_TRUE(database->outcome());
  check_pages_at_start(*database, std::chrono::minutes(1));
  EXPECT_FALSE(database->outcome());
}

TEST(DamagedPages, ThatAReaderMeetsAreTold) {
  const Damaged damaged;
  std::string told;
  auto reader = Reader::open(damaged.t.path, Millis(10'000), [&](const StoreError& error) { told = error.message; }).value();
  ASSERT_TRUE(reader->as_of());
  EXPECT_EQ(told, "");
  damaged.overwrite(damaged.leaf("events"));
  reader = Reader::open(damaged.t.path, Millis(10'000), [&](const StoreError& error) { told = error.message; }).value();
  EXPECT_FALSE(reader->events_newest({}, {}));
  EXPECT_THAT(told, HasSubstr(damaged.t.path));
}

TEST(DamagedPages, ThatAWriteMeetsLatchForGood) {
  TemporaryStore t;
  t.commit({RunCreated{sample_run(1), nullptr}});
  t.store->give_up({StoreError::Kind::damaged, "page 7", true});
  CommitBatch batch;
  batch.changes = {RunCreated{sample_run(2), nullptr}};
  EXPECT_FALSE(t.store->commit(batch));
  const auto reopened = t.store->reopen();
  ASSERT_FALSE(reopened);
  EXPECT_EQ(reopened.error().message, "page 7");
  EXPECT_TRUE(t.store->latched());
}

TEST(DamagedPages, GiveNoBackup) {
  const Damaged damaged;
  const auto file = damaged.t.folder.file("backup.sqlite");
  const auto made = backup_store(damaged.t.path, file);
  ASSERT_FALSE(made);
  EXPECT_TRUE(made.error().pages);
  EXPECT_THAT(made.error().message, HasSubstr(damaged.t.path));
  EXPECT_FALSE(fs::exists(file));
  EXPECT_FALSE(fs::exists(file + ".tmp"));
}

TEST(Backup, ThatWasKilledIsRemoved) {
  TemporaryFolder folder;
  for (const auto* name : {"store-1.sqlite.tmp", "store-1.sqlite.tmp-journal", "store-0.sqlite"}) std::ofstream(folder.file(name)) << "x";
  remove_unfinished_backups(folder.file(""));
  EXPECT_TRUE(fs::exists(folder.file("store-0.sqlite")));
  EXPECT_FALSE(fs::exists(folder.file("store-1.sqlite.tmp")));
  EXPECT_FALSE(fs::exists(folder.file("store-1.sqlite.tmp-journal")));
}

/// What is left of a store in use when its daemon is killed, without its log; with output of two runs.
struct WithoutLog {
  TemporaryStore t;
  TemporaryFolder killed;
  std::string path = killed.file("assetd.db");

  WithoutLog() {
    t.commit({RunCreated{sample_run(1), nullptr}, RunCreated{sample_run(2), nullptr}});
    fs::copy_file(t.path, path);
    fs::copy_file(in_use_mark(t.path), in_use_mark(path));
    fs::create_directories(killed.file("logs/2"));
  }
};

TEST(LostLog, ANewStoreSaysWhoseItIsWithoutItsLog) {
  const WithoutLog lost;
  const auto database = Database::open(lost.path, false).value();
  auto version = database->query("PRAGMA user_version");
  ASSERT_TRUE(version.next());
  EXPECT_EQ(version.row().integer(), migrations().back().number);
}

TEST(LostLog, IsNoEmptyHistory) {
  const WithoutLog lost;
  const auto store = Store::open(lost.path);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().kind, StoreError::Kind::damaged);
  EXPECT_THAT(store.error().message, HasSubstr("-wal is gone"));
  EXPECT_THAT(store.error().message, HasSubstr("run 2 has left output"));
  EXPECT_FALSE(Store::open(lost.path)) << "and not at a second start either";
}

TEST(LostLog, OfAStoreWithoutTablesIsKnownByTheOutput) {
  TemporaryFolder folder;
  {
    const auto empty = Database::open(folder.file("assetd.db"), true).value();
    empty->script("PRAGMA journal_mode = WAL");
  }
  fs::create_directories(folder.file("logs/1"));
  const auto store = Store::open(folder.file("assetd.db"));
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().kind, StoreError::Kind::damaged);
}

TEST(LostLog, IsNotSuspectedWhereAnotherProgramMovedItIntoTheStore) {
  const WithoutLog lost;
  fs::copy_file(lost.t.path + "-wal", lost.path + "-wal");
  {
    auto database = Database::open(lost.path, false).value();
    database->script("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  fs::remove(lost.path + "-wal");
  EXPECT_EQ(open_store(lost.path)->load()->last_run, 2);
}

TEST(LostLog, IsNotSuspectedOfARestoredBackup) {
  const WithoutLog lost;
  fs::remove(lost.path);
  TemporaryStore other;
  other.store.reset();
  fs::copy_file(other.path, lost.path);
  EXPECT_TRUE(Store::open(lost.path));
}

TEST(LostLog, IsNotSuspectedAfterAStopInOrder) {
  TemporaryStore t;
  t.commit({RunCreated{sample_run(1), nullptr}});
  EXPECT_TRUE(fs::exists(in_use_mark(t.path)));
  t.store.reset();
  EXPECT_FALSE(fs::exists(in_use_mark(t.path)));
}

class VanishingFile : public ::testing::TestWithParam<const char*> {};

TEST_P(VanishingFile, IsNoticedBeforeAnythingIsSaidToBeCommitted) {
  TemporaryStore t;
  t.commit({RunCreated{sample_run(1), nullptr}});
  ASSERT_TRUE(t.store->look_at_files());
  fs::rename(t.path + GetParam(), t.folder.file("elsewhere"));
  CommitBatch batch;
  batch.changes = {RunCreated{sample_run(2), nullptr}};
  const auto done = t.store->commit(batch);
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("was removed or replaced while it was in use"));
  EXPECT_FALSE(t.store->reopen()) << "a new one is not begun in its place";
  EXPECT_FALSE(fs::exists(t.path + GetParam()));
}

INSTANTIATE_TEST_SUITE_P(OfTheStore, VanishingFile, ::testing::Values("", "-wal"));

}  // namespace
}  // namespace assetd
