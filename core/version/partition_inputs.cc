#include "core/version/partition_inputs.h"

namespace assetd {
namespace {

/// With its length before it, so that two texts never look like one.
void append_sized(std::string& out, const std::string& part) {
  out += std::to_string(part.size());
  out += ':';
  out += part;
}

}  // namespace

UsedPartitions used_partitions(const Partitions& divided, const IndexSet& mapped, const std::function<std::optional<PartitionData>(PartitionIndex)>& data_of) {
  UsedPartitions used;
  used.mapped = mapped.size();
  if (used.mapped > kMostPartitionsTold) return used;
  const bool one = used.mapped == 1;
  std::string all;
  mapped.each([&](PartitionIndex index) {
    const auto data = data_of(index);
    if (one) used.partition = divided.key(index);
    if (!data) return;
    ++used.found;
    if (used.found == 1 || data->at > used.at) used.run = data->run, used.at = data->at;
    if (one) {
      used.data_version = data->data_version;
    } else {
      append_sized(all, divided.key(index));
      append_sized(all, data->data_version);
    }
  });
  if (!one) used.data_version = version_of_text(all);
  return used;
}

bool is_same_data(const UsedPartitions& then, const UsedPartitions& now) {
  if (then.mapped > kMostPartitionsTold || now.mapped > kMostPartitionsTold) return false;
  return then.partition == now.partition && then.found == now.found && then.data_version == now.data_version;
}

}  // namespace assetd
