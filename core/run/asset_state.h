#pragma once
// What is known of one asset across runs: what failed last and what data is there are told apart.

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/check/waiver.h"
#include "core/freshness/freshness.h"
#include "core/partition/index_set.h"
#include "core/partition/spec.h"
#include "core/run/records.h"

namespace assetd {

struct Provenance;

enum class AssetStatus : std::uint8_t { never, materializing, materialized, failed, skipped };
std::string_view to_string(AssetStatus status);

/// Of an asset that is divided: what there is of its partitions, by index.
struct PartitionStates {
  PartitionsSpec spec;             ///< what the indices count
  IndexSet materialized, failed;   ///< failed: whose last attempt failed, whatever was there before
  std::map<std::string, IndexSet> failed_checks = {};  ///< by check: in which it failed last. Of one that is not here the last result named no partition
  std::map<std::string, IndexSet> passed_checks = {};  ///< by check: in which it passed or warned last; what is in neither has no result
  IndexSet disturbed = {};  ///< since whose last materialization an attempt began and did not succeed
  /// Reported by hand for the asset as a whole: of these partitions that is the latest data.
  struct Whole {
    IndexSet of = {};
    std::string data_version = "";
    WallTime at{};
    bool operator==(const Whole&) const = default;
  };
  Whole reported = {};
  bool operator==(const PartitionStates&) const = default;
};

/// How the newest data stands with its checks, by check. Indices as PartitionStates::spec counts them; {0} of an asset that is not divided.
struct CheckDebts {
  using Where = std::map<std::string, IndexSet>;  ///< no empty sets
  Where open = {};      ///< planned with the data and without a result so far: of those that block nothing
  Where awaited = {};   ///< the same, of those that block
  Where refused = {};   ///< those that block and failed last, without a waiver
  IndexSet uncounted = {};  ///< made, and no update yet for what is made from it
  std::map<RunId, IndexSet> made_by = {};  ///< that of which anything is owed, by the run that made it; of what is in none any check may speak
  bool operator==(const CheckDebts&) const = default;
  bool empty() const { return open.empty() && awaited.empty() && refused.empty() && uncounted.empty(); }
};

struct AssetState {
  struct InProgress {
    RunId run = 0;
    WallTime since{};
  };
  struct Attempt {
    RunId run = 0;
    StepStatus status = StepStatus::succeeded;
    std::string reason, detail;
    std::vector<RootCause> root_causes;
    WallTime at{};
  };
  struct Data {
    RunId run = 0;
    WallTime at{};
    nlohmann::json metadata = nlohmann::json::object();
    std::string data_version;  ///< declared by its step, or derived (core/version/provenance.h); empty: made before versions were kept
    std::string code_version;
    std::shared_ptr<const Provenance> provenance = nullptr;  ///< null: made before it was kept
  };
  std::optional<InProgress> in_progress;
  std::optional<Attempt> last_attempt;
  std::optional<Data> last_materialization;
  std::map<std::string, CheckStatus> checks;  ///< the last result of each
  CheckDebts debts = {};                      ///< what they have not said yet, and what they hold back
  std::shared_ptr<const PartitionStates> partitions;  ///< null: it is not divided, or none of it was ever made
  /// What was made and has no place in the way it is divided now, as it was divided then, newest first: it is there again when its keys are.
  std::vector<std::shared_ptr<const PartitionStates>> former = {};
  std::string freshness;                      ///< as it was told last (core/freshness); empty: never
  std::optional<WallTime> awaited_since = std::nullopt;  ///< never made: since when freshness is demanded of it
  std::optional<WallTime> data_until = std::nullopt;     ///< divided by time: the end of the newest window that was made
  bool disturbed = false;  ///< since the last materialization an attempt began and did not succeed: the data may not be what was made
  std::map<WaivedCheck, Waiver> waivers = {}; ///< those whose time is over go soon after it
  /// Somebody has taken up its failure: what is known is not told again until it is well.
  struct Acknowledgement {
    std::string by, note;
    WallTime at{};
  };
  std::optional<Acknowledgement> acknowledged = std::nullopt;

  /// Its last attempt failed, or one of its checks did: that of any partition, where it is divided.
  bool is_failing() const;

  /// Of when its data is: what `spec.of` names in the metadata of what was made last, else the end of the newest window that was made, else when it was made.
  std::optional<WallTime> data_at(const FreshnessSpec& spec) const;

  /// The check failed last: where its results name partitions in any of them.
  bool fails(const std::string& check) const;
  /// Where each check failed last, of the partitions `existing`; checks that failed nowhere are left out. A result that named no partition is about all of them.
  std::map<std::string, IndexSet> failed_checks(const IndexSet& existing) const;

  /// Those of `where` in which no waiver lets the check pass at `now`; `place` says which a partition's key is. One of a partition
  /// lets nothing pass where the asset is divided no more.
  IndexSet not_waived(const std::string& check, IndexSet where, WallTime now, const std::function<IndexSet(const std::string& partition)>& place) const;

  /// materializing while in progress, else what the last attempt says, else materialized or never.
  AssetStatus status() const;
};

/// Never empty: what tells this data from other data of the same asset.
std::string version_of(const AssetState::Data& data);

nlohmann::json to_json(const AssetState& state);
std::optional<AssetState> asset_state_from_json(const nlohmann::json& json);

}  // namespace assetd
