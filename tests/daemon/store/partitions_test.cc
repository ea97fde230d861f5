// Partitions and backfills: what is committed is there after a restart.
#include "tests/daemon/store/samples.h"

namespace assetd {
namespace {

Backfill sample_backfill(std::int64_t id, BackfillStatus status, bool under_way) {
  Backfill backfill;
  backfill.id = id;
  backfill.status = status;
  backfill.select = "events+";
  backfill.partitions = "all";
  backfill.actor = {"ann", "10.0.0.1"};
  backfill.created_at = at_ms(1);
  BackfillGroup group;
  group.assets = {"events"};
  group.spec = PartitionsSpec{{{"", StaticPartitionsSpec{{"a", "b", "c"}}}}, 2};
  group.wanted = IndexSet::range(0, 3);
  group.failed = IndexSet::range(1, 2);
  backfill.groups.push_back(group);
  if (under_way) backfill.runs[41] = {0, IndexSet::range(2, 3)};
  return backfill;
}

CommitBatch batch_of_backfills(std::vector<Backfill> backfills) {
  CommitBatch batch;
  batch.backfills = std::move(backfills);
  return batch;
}

TEST(StoredBackfills, ThoseThatAreNotOverComeBackAndOthersAreThereToRead) {
  TemporaryStore t;
  t.commit(batch_of_backfills({sample_backfill(1, BackfillStatus::running, true), sample_backfill(2, BackfillStatus::failed, false), sample_backfill(3, BackfillStatus::canceled, true)}));
  t.reopen();
  const auto loaded = t.load();
  ASSERT_EQ(loaded.backfills.size(), 2U) << "a canceled one whose run is still being stopped is not over";
  EXPECT_EQ(to_json(loaded.backfills[0]), to_json(sample_backfill(1, BackfillStatus::running, true)));
  EXPECT_EQ(loaded.backfills[1].id, 3);
  EXPECT_EQ(loaded.last_backfill, 3);
  auto reader = open_reader_of(t.path);
  EXPECT_EQ(to_json(*reader->backfill(2).value()), to_json(sample_backfill(2, BackfillStatus::failed, false)));
  EXPECT_FALSE(reader->backfill(9).value());
  const auto page = reader->backfills({2, ""}).value();
  ASSERT_EQ(page.items.size(), 2U);
  EXPECT_EQ(page.items[0].id, 3);
  EXPECT_EQ(reader->backfills({2, page.next_cursor}).value().items.at(0).id, 1);
}

TEST(StoredPartitions, EachIsToldApart) {
  TemporaryStore t;
  auto run = sample_run(7);
  run.partitions = "a, b";
  run.backfill = 3;
  std::vector<Change> changes{RunCreated{run, nullptr}};
  for (const auto* partition : {"a", "b", "a"}) {
    auto made = sample_materialization(7, 0, "events");
    made.partition = partition;
    changes.push_back(Materialized{made});
  }
  CommitBatch batch;
  batch.changes = changes;
  for (const auto* partition : {"a", "b"}) batch.outcomes.push_back({"events", 7, 1, StepStatus::succeeded, "", at_ms(1), at_ms(2), partition});
  t.commit(std::move(batch));
  auto reader = open_reader_of(t.path);
  EXPECT_EQ(reader->run(7).value()->run.partitions, "a, b");
  EXPECT_EQ(reader->run(7).value()->run.backfill, 3);
  RunFilter filter;
  filter.backfill = 3;
  EXPECT_EQ(reader->runs(filter, {}).value().items.size(), 1U);
  filter.backfill = 4;
  EXPECT_TRUE(reader->runs(filter, {}).value().items.empty());
  EXPECT_EQ(reader->materializations("events", {}, "a").value().items.size(), 2U);
  EXPECT_EQ(reader->materializations("events", {}).value().items.size(), 3U);
  const std::vector<std::string> asked{"a", "b", "c"};
  EXPECT_EQ(reader->partitions("events", asked).value().size(), 2U);
  EXPECT_EQ(reader->asset_attempts("events", {}).value().items.size(), 2U) << "of one attempt, at one moment";
  const auto attempt = sample_materialization(7, 0, "events").attempt;
  EXPECT_EQ(t.store->has_materialized("events", attempt, "b"), true);
  EXPECT_EQ(t.store->has_materialized("events", attempt, "c"), false);
  EXPECT_EQ(t.store->has_materialized("events", attempt), false) << "nothing was made of the whole";
}

TEST(StoredPartitions, TheLatestDataOfOneIsFoundByItself) {
  TemporaryStore t;
  CommitBatch batch;
  batch.changes.push_back(RunCreated{sample_run(7), nullptr});
  const auto add = [&](const std::string& partition, const std::string& version, std::int64_t at) {
    auto made = sample_materialization(7, 0, "events");
    made.partition = partition, made.data_version = version, made.at = at_ms(at);
    made.provenance = std::make_shared<const Provenance>(Provenance{"code of " + version});
    batch.changes.push_back(Materialized{made});
  };
  add("a", "v1", 10), add("b", "v2", 20), add("a", "v3", 30), add("", "whole", 40), add("c", "", 50);
  t.commit(std::move(batch));
  const auto version = [&](const std::string& partition, std::optional<WallTime> before = std::nullopt) {
    const auto data = t.store->partition_data("events", partition, before).value();
    return data ? data->data_version : "none";
  };
  EXPECT_EQ(version("a"), "v3");
  EXPECT_EQ(version("a", at_ms(29)), "v1") << "as it was then";
  EXPECT_EQ(version("a", at_ms(9)), "none");
  EXPECT_EQ(version("b"), "v2");
  EXPECT_EQ(version("c"), derived_data_version("", at_ms(50)));
  EXPECT_EQ(version("d"), "none");
  EXPECT_EQ(version(""), "none") << "of the whole nothing is told here";
  EXPECT_EQ(t.store->partition_data("events", "b").value()->at, at_ms(20));
  EXPECT_EQ(t.store->last_of_partition("events", "a").value()->provenance->code_version, "code of v3");
  EXPECT_FALSE(t.store->last_of_partition("events", "d").value());
  auto reader = open_reader_of(t.path);
  std::map<std::string, std::string> latest;
  const auto rows = reader->made_partitions("events").value();
  for (const auto& row : rows) latest[row.partition] = row.data_version;
  EXPECT_EQ(latest, (std::map<std::string, std::string>{{"a", "v3"}, {"b", "v2"}, {"c", derived_data_version("", at_ms(50))}}));
}

TEST(StoredPartitions, KeysComeBackWithTheirIndices) {
  TemporaryStore t;
  CommitBatch batch;
  batch.partition_keys = {{"customers", "ann", 0, true, at_ms(1), "me"}, {"customers", "bob", 1, true, at_ms(1), "me"}};
  t.commit(std::move(batch));
  CommitBatch later;
  later.partition_keys = {{"customers", "ann", 0, false, at_ms(2), "you"}};
  t.commit(std::move(later));
  t.reopen();
  const auto keys = t.load().partition_keys;
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys[0].key, "ann");
  EXPECT_FALSE(keys[0].present);
  EXPECT_EQ(keys[0].by, "you");
  EXPECT_EQ(keys[1].index, 1);
  EXPECT_TRUE(keys[1].present);
}

}  // namespace
}  // namespace assetd
