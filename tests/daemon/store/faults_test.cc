// A commit on a disk that fails at its n-th write or sync, for every n: the store latches, and what is found afterwards is all of it or nothing.

#include <fstream>

#include "tests/daemon/store/faulty_disk.h"
#include "tests/daemon/store/samples.h"

namespace assetd {
namespace {

namespace fs = std::filesystem;

CommitBatch first_batch() {
  CommitBatch batch;
  batch.changes = {RunCreated{sample_run(1), nullptr}, AttemptIntended{sample_intent(1, 0, {0})},
                   StepChanged{1, sample_step(0, StepStatus::starting), StepStatus::ready, ""}};
  return batch;
}

/// The end of a step and the start of the next, as it happens all day.
CommitBatch second_batch() {
  CommitBatch batch;
  batch.changes = {AttemptEnded{sample_end(sample_intent(1, 0, {0}))}, StepChanged{1, sample_step(0, StepStatus::succeeded), StepStatus::running, ""},
                   Materialized{sample_materialization(1, 0, "gold")}, AttemptIntended{sample_intent(1, 1, {1})},
                   StepChanged{1, sample_step(1, StepStatus::starting), StepStatus::ready, ""}};
  batch.assets = {{"gold", sample_asset_state()}};
  batch.events = {{0, at_ms(1), "run_changed", 1, "", {{"run_id", "1"}}, {{"status", "running"}}}};
  return batch;
}

/// All that can be seen of a store.
std::string seen(const std::string& path, Store& store) {
  auto reader = open_reader_of(path);
  const auto recovered = store.load().value();
  std::string text = std::to_string(recovered.transaction) + "\n";
  for (const auto& run : recovered.runs) {
    text += text_of(run.run) + "\n";
    for (const auto& line : texts_of(run.steps)) text += line + "\n";
    for (const auto& line : texts_of(run.attempts)) text += line + "\n";
  }
  for (const auto& [key, state] : recovered.assets) text += key + to_json(state).dump() + "\n";
  const auto materializations = reader->materializations("gold", {}).value();
  for (const auto& row : materializations.items) text += text_of(row.value) + "\n";
  const auto events = reader->events_after(0, {}, 100).value();
  for (const auto& line : texts_of(events.items)) text += line + "\n";
  return text;
}

struct Expected {
  TemporaryFolder folder;
  std::string start = folder.file("start.db");
  std::string before, after;

  Expected() {
    auto store = open_store(start);
    auto batch = first_batch();
    if (!store->commit(batch)) throw std::runtime_error("the first commit failed");
    before = seen(start, *store);
    store.reset();
    fs::copy_file(start, folder.file("after.db"));
    store = open_store(folder.file("after.db"));
    batch = second_batch();
    if (!store->commit(batch)) throw std::runtime_error("the second commit failed");
    after = seen(folder.file("after.db"), *store);
  }
};

const Expected& expected() {
  static const Expected value;
  return value;
}

/// What a power loss at this moment leaves: the files, without the memory that processes share.
std::string seen_after_power_loss(const std::string& path, const TemporaryFolder& folder) {
  const auto copy = folder.file("copy.db");
  fs::copy_file(path, copy, fs::copy_options::overwrite_existing);
  if (fs::exists(path + "-wal")) fs::copy_file(path + "-wal", copy + "-wal", fs::copy_options::overwrite_existing);
  auto store = open_store(copy);
  return seen(copy, *store);
}

bool is_before_or_after(const std::string& text) { return text == expected().before || text == expected().after; }

struct FaultCase {
  Fault fault;
  bool onwards;
};

/// Commits with the n-th operation failing. False when the commit has fewer operations.
bool commit_with_fault(FaultyDisk& disk, const FaultCase& chosen, int nth) {
  TemporaryFolder folder;
  const auto path = folder.file("assetd.db");
  fs::copy_file(expected().start, path);
  auto store = open_store(path);
  disk.fail(chosen.fault, nth, chosen.onwards);
  auto batch = second_batch();
  const auto done = store->commit(batch);
  if (!disk.struck()) return false;
  EXPECT_FALSE(done) << nth;
  EXPECT_TRUE(store->latched()) << nth;
  EXPECT_EQ(batch.events[0].id, 0) << nth;
  auto again = second_batch();
  EXPECT_FALSE(store->commit(again)) << nth;
  EXPECT_EQ(seen(path, *store), expected().before) << "committed reads go on; operation " << nth;
  disk.heal();
  EXPECT_TRUE(is_before_or_after(seen_after_power_loss(path, folder))) << nth;

  const auto transaction = store->reopen();
  EXPECT_TRUE(transaction) << nth;
  EXPECT_FALSE(store->latched()) << nth;
  const auto found = seen(path, *store);
  EXPECT_EQ(found, transaction == 1 ? expected().before : expected().after) << nth;
  if (transaction == 1) { EXPECT_TRUE(store->commit(again)) << nth; }
  EXPECT_EQ(seen(path, *store), expected().after) << nth;
  return true;
}

class StoreOnAFailingDisk : public testing::TestWithParam<FaultCase> {};

TEST_P(StoreOnAFailingDisk, LatchesAndFindsAllOrNothing) {
  FaultyDisk disk;
  (void)expected();
  int nth = 1;
  while (commit_with_fault(disk, GetParam(), nth)) ++nth;
  EXPECT_GT(nth, GetParam().fault == Fault::sync_error ? 1 : 10) << "the commit has operations that can fail";
}

INSTANTIATE_TEST_SUITE_P(Faults, StoreOnAFailingDisk,
                         testing::Values(FaultCase{Fault::write_error, true}, FaultCase{Fault::disk_full, true}, FaultCase{Fault::short_write, true},
                                         FaultCase{Fault::short_write, false}, FaultCase{Fault::sync_error, true},
                                         FaultCase{Fault::sync_error, false}));

TEST(StoreFaults, AreToldApart) {
  FaultyDisk disk;
  const auto kind_of = [&](Fault fault) {
    TemporaryStore t;
    disk.fail(fault, 1, true);
    auto batch = first_batch();
    const auto done = t.store->commit(batch);
    disk.heal();
    EXPECT_NE(done.error().message.find(t.path), std::string::npos) << done.error().message;
    return done.error().kind;
  };
  EXPECT_EQ(kind_of(Fault::disk_full), StoreError::Kind::disk_full);
  EXPECT_EQ(kind_of(Fault::write_error), StoreError::Kind::io);
  EXPECT_EQ(kind_of(Fault::sync_error), StoreError::Kind::io);
}

TEST(StoreFaults, AReopenThatFailsStaysLatchedUntilOneWorks) {
  FaultyDisk disk;
  TemporaryStore t;
  t.commit(first_batch());
  disk.fail(Fault::sync_error, 1, true);
  auto batch = second_batch();
  ASSERT_FALSE(t.store->commit(batch));
  const auto failed = t.store->reopen();
  EXPECT_FALSE(failed);
  EXPECT_TRUE(t.store->latched());
  EXPECT_FALSE(t.store->commit(batch));
  EXPECT_TRUE(t.store->load()) << "what is committed is still there to be read";
  EXPECT_EQ(t.store->next_generation(), 0);
  disk.heal();
  ASSERT_TRUE(t.store->reopen());
  EXPECT_TRUE(is_before_or_after(seen(t.path, *t.store)));
}

TEST(StoreFaults, AReopenWaitsForNoReaderThatIsIdle) {
  FaultyDisk disk;
  TemporaryStore t;
  t.commit(first_batch());
  auto reader = open_reader_of(t.path);
  ASSERT_TRUE(reader->run(1).value());
  disk.fail(Fault::write_error, 3, true);
  auto batch = second_batch();
  ASSERT_FALSE(t.store->commit(batch));
  disk.heal();
  EXPECT_EQ(t.store->reopen(), 1);
  EXPECT_EQ(reader->attempts(1)->size(), 1U);
  ASSERT_TRUE(t.store->commit(batch));
  EXPECT_EQ(reader->attempts(1)->size(), 2U) << "a reader goes on across a reopen";
}

}  // namespace
}  // namespace assetd
