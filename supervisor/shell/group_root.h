#pragma once
// The control group in which those of the attempts are made.

#include <expected>
#include <string>

namespace assetd::supervisor {

/// The parent of our own group, when that is named "supervisor": how systemd (DelegateSubgroup=supervisor) and others hand a subtree over. Empty: it is
/// not so, or not ours to write.
std::string delegated_group();

/// Switches on what the group has of the controllers memory, cpu and pids for the groups below it, and tries whether processes can be moved there.
/// Gives the names of those that are on now. The error says why there can be no groups.
std::expected<std::string, std::string> prepare_group_root(const std::string& path);

}  // namespace assetd::supervisor
