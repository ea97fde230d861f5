// Readers, backups and checkpoints beside the writer: each sees one committed state and none makes a commit fail.

#include <atomic>
#include <thread>

#include "tests/daemon/store/samples.h"

namespace assetd {
namespace {

TEST(Concurrency, EachQuerySeesWholeCommits) {
  TemporaryStore t;
  t.commit({RunCreated{sample_run(1), nullptr}});
  std::atomic<bool> done = false, torn = false;
  std::atomic<int> reads = 0, copies = 0;
  std::thread reading([&] {
    auto reader = open_reader_of(t.path);
    while (!done) {
      const auto steps = reader->steps(1, 0, kNone);
      if (!steps || steps->size() % 2 != 0) torn = true;  // steps are committed in pairs
      ++reads;
    }
  });
  std::thread beside([&] {
    while (!done) {
      if (!t.store->backup(t.folder.file("copy.db")) || !t.store->checkpoint()) torn = true;
      auto copy = open_reader_of(t.folder.file("copy.db"));
      if (copy->steps(1, 0, kNone).value().size() % 2 != 0) torn = true;
      ++copies;
    }
  });
  StepIndex step = 0;
  for (; step < 60 || reads == 0 || copies == 0; step += 2)
    t.commit({StepChanged{1, sample_step(step, StepStatus::succeeded), StepStatus::running, ""},
              StepChanged{1, sample_step(step + 1, StepStatus::succeeded), StepStatus::running, ""}});
  done = true;
  reading.join();
  beside.join();
  EXPECT_FALSE(torn);
  EXPECT_EQ(t.load().runs.at(0).steps.size(), step);
}

Event long_event() {
  Event event;
  event.at = at_ms(0);
  event.changes = {{"text", std::string(1 << 20, 'x')}};
  return event;
}

void commit_megabytes(TemporaryStore& t, int count) {
  for (int i = 0; i < count; ++i) {
    CommitBatch batch;
    batch.events.push_back(long_event());
    t.commit(std::move(batch));
  }
}

TEST(Concurrency, ALongLogIsMovedBesideAndBegunAnew) {
  TemporaryStore t;
  int moves = 0;
  for (int round = 0; round < 6; ++round) {
    commit_megabytes(t, 17);
    moves += t.store->is_moving_log() ? 1 : 0;
    commit_megabytes(t, 4);  // more than the writer moves itself comes while the bulk is moved
    while (t.store->is_moving_log()) std::this_thread::yield();
  }
  EXPECT_GT(moves, 0);
  EXPECT_LT(std::filesystem::file_size(t.path + "-wal"), 60u << 20) << "126 MB were written";
}

}  // namespace
}  // namespace assetd
