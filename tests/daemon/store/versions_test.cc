// What a step found and made, as the store keeps it.

#include "core/version/provenance.h"
#include "tests/daemon/store/samples.h"

namespace assetd {
namespace {

struct VersionedStore : TemporaryStore {
  std::unique_ptr<Reader> reader = open_reader_of(path);
};

std::shared_ptr<const Provenance> found(const std::string& code) {
  return std::make_shared<const Provenance>(Provenance{code, "0123456789ab", "o1", true, {{"raw", "v1", 7, at_ms(5)}}});
}

Materialization made(RunId run, const std::string& code, std::int64_t at) {
  auto value = sample_materialization(run, 0, "gold");
  value.provenance = found(code);
  value.at = at_ms(at);
  return value;
}

TEST(StoredVersions, AMaterializationKeepsWhatItWasMadeFrom) {
  VersionedStore t;
  t.commit({Materialized{made(3, "c1", 10)}, Materialized{made(4, "c2", 20)}});
  const auto row = t.reader->materialization("gold", 3).value();
  ASSERT_TRUE(row && row->value.provenance);
  EXPECT_EQ(*row->value.provenance, *found("c1"));
  EXPECT_FALSE(t.reader->materialization("gold", 5).value());
  EXPECT_EQ(t.reader->materializations("gold", {}).value().items.front().value.provenance->code_version, "c2");
  EXPECT_EQ(t.store->materialized_before("gold", at_ms(15)).value()->run, 3);
  EXPECT_EQ(t.store->materialized_before("gold", at_ms(20)).value()->run, 4);
  EXPECT_FALSE(t.store->materialized_before("gold", at_ms(9)).value());
}

TEST(StoredVersions, TheLastSuccessIsOneThatWasExecuted) {
  VersionedStore t;
  CommitBatch batch;
  batch.outcomes = {{"gold", 3, 1, StepStatus::succeeded, "", at_ms(1), at_ms(2)},
                    {"gold", 4, 0, StepStatus::succeeded, kReused, std::nullopt, at_ms(3)},
                    {"gold", 5, 1, StepStatus::failed, "exit_code", at_ms(4), at_ms(5), "", found("c1")},
                    {"gold", 5, 2, StepStatus::failed, "exit_code", at_ms(6), at_ms(7), "", found("c2")}};
  t.commit(std::move(batch));
  EXPECT_EQ(t.reader->last_success("gold", 9).value(), 3);
  EXPECT_FALSE(t.reader->last_success("gold", 3).value());
  EXPECT_EQ(t.reader->outcome("gold", 5).value()->found->code_version, "c2") << "of the last attempt";
  EXPECT_EQ(t.reader->outcome("gold", 3).value()->found, nullptr);
  EXPECT_FALSE(t.reader->outcome("silver", 3).value());
}

TEST(StoredVersions, APartitionHasItsOwnLastSuccess) {
  VersionedStore t;
  auto first = made(3, "c1", 10), second = made(3, "c2", 20);
  first.partition = "eu", second.partition = "us";
  CommitBatch batch;
  batch.changes = {Materialized{first}, Materialized{second}};
  batch.outcomes = {{"gold", 3, 1, StepStatus::succeeded, "", at_ms(1), at_ms(2), "eu"}, {"gold", 3, 1, StepStatus::succeeded, "", at_ms(1), at_ms(3), "us"}, {"gold", 4, 1, StepStatus::succeeded, "", at_ms(4), at_ms(5), "us"},
                    {"gold", 5, 1, StepStatus::failed, "exit_code", at_ms(6), at_ms(7), "eu", found("c3")}, {"gold", 5, 1, StepStatus::failed, "exit_code", at_ms(6), at_ms(8), "us", found("c4")}};
  t.commit(std::move(batch));
  EXPECT_EQ(t.reader->last_success("gold", 5, "eu").value(), 3);
  EXPECT_EQ(t.reader->last_success("gold", 5, "us").value(), 4);
  EXPECT_EQ(t.reader->last_success("gold", 5).value(), 4) << "of whichever";
  EXPECT_FALSE(t.reader->last_success("gold", 5, "asia").value());
  EXPECT_EQ(t.reader->outcome("gold", 5, "eu").value()->found->code_version, "c3");
  EXPECT_EQ(t.reader->outcome("gold", 5, "us").value()->found->code_version, "c4");
  EXPECT_EQ(t.reader->materialization("gold", 3, "eu").value()->value.provenance->code_version, "c1");
  EXPECT_FALSE(t.reader->materialization("gold", 3, "asia").value());
}

TEST(StoredVersions, AForcedRunIsTakenUpAsOne) {
  VersionedStore t;
  auto run = sample_run(3);
  run.force = true;
  t.commit({RunCreated{run, nullptr}});
  EXPECT_TRUE(t.reader->run(3).value()->run.force);
}

}  // namespace
}  // namespace assetd
