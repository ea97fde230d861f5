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

}  // namespace
}  // namespace assetd
