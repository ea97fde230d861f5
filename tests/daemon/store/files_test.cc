// The store's files: opening what is there, old and damaged ones, checkpoints, backups, and the file systems they may lie on.

#include <sqlite3.h>

#include <fstream>

#include "daemon/store/connection.h"
#include "daemon/store/file_system.h"
#include "daemon/store/migrations.h"
#include "tests/daemon/store/samples.h"
#include "tests/paths.h"

namespace assetd {
namespace {

namespace fs = std::filesystem;

std::int64_t number(Database& database, std::string_view sql) {
  auto query = database.query(sql);
  return query.next() ? query.row().integer() : -1;
}

std::string text(Database& database, std::string_view sql) {
  auto query = database.query(sql);
  return query.next() ? query.row().text() : "";
}

void overwrite(const std::string& path, std::streamoff offset, const std::string& bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(offset);
  file << bytes;
}

StoreError refused(const std::string& path) {
  auto store = Store::open(path);
  return store ? StoreError{StoreError::Kind::bug, "it opened"} : store.error();
}

TEST(StoreFile, HasItsSettings) {
  TemporaryStore t;
  t.store.reset();
  auto writer = open_writer(t.path).value();
  EXPECT_EQ(text(*writer, "PRAGMA journal_mode"), "wal");
  EXPECT_EQ(number(*writer, "PRAGMA synchronous"), 2);
  EXPECT_EQ(number(*writer, "PRAGMA auto_vacuum"), 2);
  EXPECT_EQ(number(*writer, "PRAGMA application_id"), kApplicationId);
  EXPECT_EQ(number(*writer, "PRAGMA wal_autocheckpoint"), 0);
  EXPECT_EQ(number(*writer, "PRAGMA user_version"), migrations().back().number);
}

TEST(StoreFile, EmptiedBesideItsLogsIsDamagedAndLeftAlone) {
  TemporaryStore t;
  t.store.reset();
  for (const auto* tail : {"-wal", "-shm"}) fs::remove(t.path + tail);
  fs::resize_file(t.path, 0);
  fs::create_directories(fs::path(t.path).parent_path() / "logs" / "1");
  EXPECT_EQ(refused(t.path).kind, StoreError::Kind::damaged);
  EXPECT_EQ(fs::file_size(t.path), 0u);
}

TEST(StoreFile, EmptySinceItsFirstStartWasCutOffIsMade) {
  TemporaryStore t;
  t.store.reset();
  for (const auto* tail : {"-wal", "-shm"}) fs::remove(t.path + tail);
  fs::resize_file(t.path, 0);
  EXPECT_TRUE(Store::open(t.path));
}

TEST(StoreFile, WrittenByANewerProgramIsRefused) {
  TemporaryStore t;
  t.store.reset();
  { Database::open(t.path, false).value()->script("PRAGMA user_version = 999"); }
  const auto error = refused(t.path);
  EXPECT_EQ(error.kind, StoreError::Kind::schema);
  EXPECT_NE(error.message.find("schema 999"), std::string::npos) << error.message;
  EXPECT_FALSE(Reader::open(t.path));
}

TEST(StoreFile, OfAnotherProgramIsRefusedAndLeftAlone) {
  TemporaryFolder folder;
  const auto path = folder.file("other.db");
  { Database::open(path, true).value()->script("CREATE TABLE theirs(x)"); }
  EXPECT_EQ(refused(path).kind, StoreError::Kind::schema);
  EXPECT_EQ(number(*Database::open(path, false).value(), "SELECT count(*) FROM sqlite_schema"), 1);
}

TEST(StoreFile, DamageIsSeenAtTheOpen) {
  for (const std::streamoff offset : {0, 100, 4096, 3 * 4096}) {
    TemporaryStore t;
    t.commit({RunCreated{sample_run(1), nullptr}});
    t.store.reset();
    overwrite(t.path, offset, std::string(200, '\x55'));
    const auto error = refused(t.path);
    EXPECT_EQ(error.kind, StoreError::Kind::damaged) << offset << ": " << error.message;
    EXPECT_NE(error.message.find("assetctl doctor"), std::string::npos) << error.message;
    EXPECT_NE(error.message.find(t.path), std::string::npos) << error.message;
  }
}

TEST(StoreFile, CutShortIsDamaged) {
  TemporaryStore t;
  t.store.reset();
  fs::resize_file(t.path, fs::file_size(t.path) / 2);
  EXPECT_EQ(refused(t.path).kind, StoreError::Kind::damaged);
}

TEST(StoreFile, AValueThatNobodyWritesIsDamageNotACrash) {
  TemporaryStore t;
  CommitBatch batch;
  batch.changes = {RunCreated{sample_run(1), nullptr}};
  batch.assets = {{"gold", sample_asset_state()}};
  t.commit(std::move(batch));
  auto database = Database::open(t.path, false).value();
  for (const auto* sql : {"UPDATE runs SET status = 3", "UPDATE runs SET status = 0, options = '{'", "UPDATE runs SET options = NULL, tags = '[1]'",
                          "UPDATE asset_states SET state = '[]'"}) {
    database->script(sql);
    if (std::string_view(sql).ends_with("= 3")) {  // not among the active ones any more: a reader meets it
      const auto row = open_reader_of(t.path)->run(1);
      ASSERT_FALSE(row) << sql;
      EXPECT_EQ(row.error().kind, StoreError::Kind::damaged) << sql;
      continue;
    }
    const auto recovered = t.store->load();
    ASSERT_FALSE(recovered) << sql;
    EXPECT_EQ(recovered.error().kind, StoreError::Kind::damaged) << sql;
  }
}

TEST(StoreFile, ADamagedPlanOfARunKeepsNobodyElseFromBeingLoaded) {
  TemporaryStore t;
  t.commit({RunCreated{sample_run(1), nullptr}, RunCreated{sample_run(2), nullptr}});
  auto database = Database::open(t.path, false).value();
  for (const auto* bytes : {"x''", "x'0500000000000000ffff'", "zeroblob(40)", "x'ffffffffffffff7f00'"}) {
    database->script((std::string("INSERT OR REPLACE INTO run_plans(run, bytes) VALUES(1, ") + bytes + ")").c_str());
    const auto recovered = t.store->load();
    ASSERT_TRUE(recovered) << bytes;
    ASSERT_EQ(recovered->runs.size(), 2U);
    EXPECT_EQ(recovered->runs[0].plan, "");
    if (const auto plan = open_reader_of(t.path)->plan(1); !plan) EXPECT_NE(plan.error().message.find("the plan of run 1 cannot be read"), std::string::npos);
    else EXPECT_FALSE(*plan) << bytes;
  }
}

TEST(StoreFile, AMissingFolderIsAnErrorThatNamesIt) {
  TemporaryFolder folder;
  const auto error = refused(folder.file("none/assetd.db"));
  EXPECT_EQ(error.kind, StoreError::Kind::io);
  EXPECT_NE(error.message.find("none/assetd.db"), std::string::npos) << error.message;
}

/// A store that an older assetd wrote, opened by this one.
struct OldStore {
  explicit OldStore(int schema) : path(folder.file("assetd.db")) {
    fs::copy_file(testing::in_source("tests/daemon/store/old/schema-" + std::to_string(schema) + ".db"), path);
    store = open_store(path);
  }
  TemporaryFolder folder;
  std::string path;
  std::unique_ptr<Store> store;
};

TEST(StoreFile, OfSchemaOneStillOpens) {
  const OldStore old(1);
  EXPECT_EQ(old.store->id(), "0123456789abcdef0123456789abcdef");
  const auto recovered = old.store->load().value();
  ASSERT_EQ(recovered.runs.size(), 1U);
  auto expected = sample_run(2);
  expected.timeouts = {};  // came with schema 2
  expected.max_steps.reset();  // with schema 3
  EXPECT_EQ(text_of(recovered.runs[0].run), text_of(expected));
  EXPECT_EQ(texts_of(recovered.runs[0].attempts), texts_of<AttemptRecord>({sample_end(sample_intent(2, 0, {0, 1}))}));
  EXPECT_EQ(recovered.runs[0].steps.size(), 4U);
  EXPECT_EQ(texts_of(recovered.runs[0].checks), texts_of<CheckResult>({sample_check(2, 1)}));
  EXPECT_EQ(to_json(recovered.assets.at(0).second), to_json(sample_asset_state()));
  EXPECT_EQ(recovered.last_event, 2);
  EXPECT_EQ(old.store->current_definitions().value()->compiled, "compiled");
  EXPECT_EQ(number(*Database::open(old.path, false).value(), "PRAGMA user_version"), migrations().back().number);
}

TEST(StoreFile, OfSchemaTwoStillOpens) {
  const OldStore old(2);
  const auto recovered = old.store->load().value();
  ASSERT_EQ(recovered.runs.size(), 1U);
  auto expected = sample_run(2);
  expected.max_steps.reset();
  EXPECT_EQ(text_of(recovered.runs[0].run), text_of(expected)) << "queued then meant: behind an earlier run of its schedule";
  ASSERT_EQ(recovered.pools.size(), 1U);
  const auto& pool = recovered.pools[0];
  EXPECT_EQ(std::tie(pool.pool, pool.slots, pool.defined, pool.by, pool.reason), std::tuple("gpu", 3, 2, "ann", "a second card"));
  EXPECT_EQ(number(*Database::open(old.path, false).value(), "PRAGMA user_version"), migrations().back().number);
}

std::unique_ptr<Database> scratch(const TemporaryFolder& folder) { return Database::open(folder.file("scratch.db"), true).value(); }

constexpr Migration kTwo[] = {{1, "CREATE TABLE a(x); INSERT INTO a VALUES(1)"}, {2, "ALTER TABLE a ADD COLUMN y; UPDATE a SET y = x + 1"}};

TEST(Migrations, ApplyWhatIsMissingOnce) {
  TemporaryFolder folder;
  auto database = scratch(folder);
  ASSERT_TRUE(migrate(*database, std::span(kTwo).first(1)));
  database->script("UPDATE a SET x = 5");
  ASSERT_TRUE(migrate(*database, kTwo));
  ASSERT_TRUE(migrate(*database, kTwo));
  EXPECT_EQ(number(*database, "SELECT y FROM a"), 6);
  EXPECT_EQ(number(*database, "PRAGMA user_version"), 2);
}

TEST(Migrations, AFailedOneLeavesTheSchemaBeforeIt) {
  TemporaryFolder folder;
  auto database = scratch(folder);
  constexpr Migration broken[] = {kTwo[0], {2, "CREATE TABLE b(x); INSERT INTO nowhere VALUES(1)"}};
  EXPECT_FALSE(migrate(*database, broken));
  EXPECT_EQ(number(*database, "PRAGMA user_version"), 1);
  EXPECT_EQ(number(*database, "SELECT count(*) FROM sqlite_schema WHERE name = 'b'"), 0);
  EXPECT_TRUE(migrate(*database, kTwo)) << "and the mended program goes on from there";
}

TEST(Migrations, AreNumberedWithoutGaps) {
  int expected = 1;
  for (const auto& migration : migrations()) EXPECT_EQ(migration.number, expected++);
}

TEST(Checkpoint, EmptiesTheLogIntoTheStore) {
  TemporaryStore t;
  t.commit({RunCreated{sample_run(1), nullptr}});
  const auto content = [&] {
    std::ifstream file(t.path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const auto before = content();
  ASSERT_TRUE(t.store->checkpoint());
  EXPECT_NE(content(), before);
  const auto log_size = fs::file_size(t.path + "-wal");  // it keeps its size
  t.commit({RunCreated{sample_run(2), nullptr}});
  EXPECT_EQ(fs::file_size(t.path + "-wal"), log_size) << "the log is written from its beginning again";
  EXPECT_EQ(t.load().runs.size(), 2U);
}

TEST(Checkpoint, KeepsTheLogBelowItsGuardWhenNobodyAsks) {
  TemporaryStore t;
  CommitBatch large;
  large.answers = {{"ada", "POST /runs", "", "hash", 201, std::string(12 << 20, 'x'), at_ms(1)}};
  std::uintmax_t largest = 0;
  for (int i = 0; i < 5; ++i) {
    large.answers[0].key = std::to_string(i);
    t.commit(large);
    largest = std::max(largest, fs::file_size(t.path + "-wal"));
  }
  EXPECT_LT(largest, std::uintmax_t{50} << 20);
}

TEST(LogFile, GrowsAheadAndItsZerosAreNoEnd) {
  TemporaryStore t;
  t.commit({RunCreated{sample_run(1), nullptr}});
  const auto size = fs::file_size(t.path + "-wal");
  for (int run = 2; run <= 10; ++run) t.commit({RunCreated{sample_run(run), nullptr}});
  EXPECT_EQ(fs::file_size(t.path + "-wal"), size) << "a commit wrote beyond the room there was";
  // As a crash leaves it: the log is all there is of the runs.
  TemporaryFolder crashed;
  for (const auto* suffix : {"", "-wal"}) fs::copy_file(t.path + suffix, crashed.file("assetd.db") + suffix);
  EXPECT_EQ(open_store(crashed.file("assetd.db"))->load()->runs.size(), 10U);
}

// What a checkpoint costs is paid once per some megabytes of log, also when the log has been long before: it keeps its size on disk.
TEST(Checkpoint, IsNotMadeAtEveryCommitOnceTheLogWasLong) {
  TemporaryStore t;
  t.commit({RunCreated{sample_run(1), nullptr}});
  fs::resize_file(t.path + "-wal", 40 << 20);
  const auto before = fs::last_write_time(t.path);
  for (int run = 2; run <= 50; ++run) t.commit({RunCreated{sample_run(run), nullptr}});
  EXPECT_EQ(fs::last_write_time(t.path), before) << "only checkpoints write the main file";
  EXPECT_EQ(t.load().runs.size(), 50U);
}

TEST(Backup, IsAWholeStoreWhileTheOtherGoesOn) {
  TemporaryStore t;
  t.commit({RunCreated{sample_run(1), nullptr}});
  const auto file = t.folder.file("backup.db");
  ASSERT_TRUE(t.store->backup(file));
  t.commit({RunCreated{sample_run(2), nullptr}});
  EXPECT_FALSE(fs::exists(file + ".tmp"));
  EXPECT_FALSE(fs::exists(file + "-wal")) << "one file is all there is";
  auto copy = open_store(file);
  EXPECT_NE(copy->id(), t.store->id()) << "it is another store: what runs for this one is not its own";
  EXPECT_EQ(copy->id().size(), 32U);
  EXPECT_EQ(copy->load()->runs.size(), 1U);
  ASSERT_TRUE(t.store->backup(file)) << "over an older one";
}

TEST(Backup, CountsWhatWasUnderWayAsStarted) {
  TemporaryStore t;
  const auto intended = sample_intent(1, 0, {0}), over = sample_intent(1, 1, {1});
  t.commit({RunCreated{sample_run(1), nullptr}, AttemptIntended{intended}, AttemptIntended{over}, AttemptEnded{sample_end(over)}});
  const auto file = t.folder.file("backup.db");
  ASSERT_TRUE(t.store->backup(file));
  const auto attempts = open_store(file)->load()->runs.at(0).attempts;
  EXPECT_EQ(attempts.at(0).started_at, intended.intended_at);
  EXPECT_EQ(text_of(attempts.at(1)), text_of(t.load().runs.at(0).attempts.at(1))) << "what has ended stays what it is";
  EXPECT_FALSE(t.load().runs.at(0).attempts.at(0).started_at) << "the store itself is not touched";
}

TEST(Backup, ThatCannotBeWrittenLeavesTheOldOne) {
  TemporaryStore t;
  const auto error = t.store->backup(t.folder.file("none/backup.db"));
  ASSERT_FALSE(error);
  EXPECT_NE(error.error().message.find("none/backup.db"), std::string::npos) << error.error().message;
}

TEST(FileSystem, NetworkOnesAreKnown) {
  EXPECT_EQ(network_file_system(0x6969, "nfs4"), "NFS");
  EXPECT_EQ(network_file_system(0xFF534D42, ""), "CIFS");
  EXPECT_EQ(network_file_system(0xFE534D42, ""), "SMB2");
  EXPECT_EQ(network_file_system(0x01021997, "9p"), "9p");
  EXPECT_EQ(network_file_system(0x65735546, "fuse.sshfs"), "fuse.sshfs");
  EXPECT_EQ(network_file_system(0x65735546, "fuse.fuse-overlayfs"), "");
  EXPECT_EQ(network_file_system(0xEF53, "ext4"), "");
  EXPECT_EQ(network_file_system(0x01021994, "tmpfs"), "");
}

TEST(FileSystem, ALocalFolderPasses) {
  TemporaryFolder folder;
  EXPECT_TRUE(check_local(folder.file("assetd.db")));
}

}  // namespace
}  // namespace assetd
