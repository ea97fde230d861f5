#include "daemon/store/file_system.h"

#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

namespace assetd {
namespace {

// statfs(2) and linux/magic.h.
constexpr std::array<std::pair<std::uint64_t, std::string_view>, 9> kNetworkMagics{{{0x6969, "NFS"},
                                                                                   {0x517B, "SMB"},
                                                                                   {0xFE534D42, "SMB2"},
                                                                                   {0xFF534D42, "CIFS"},
                                                                                   {0x01021997, "9p"},
                                                                                   {0x00C36400, "Ceph"},
                                                                                   {0x5346414F, "AFS"},
                                                                                   {0x0BD00BD0, "Lustre"},
                                                                                   {0x564C, "NCP"}}};

// FUSE has one magic for local and remote ones: only the mount's type tells.
constexpr std::array<std::string_view, 12> kNetworkTypes{"nfs",       "nfs4",        "cifs",           "smb3",      "9p",         "fuse.sshfs",
                                                         "fuse.s3fs", "fuse.rclone", "fuse.glusterfs", "fuse.ceph", "fuse.gcsfuse", "fuse.davfs"};

/// The type of the mount with this device number, from lines such as "36 35 98:0 /a /b rw - ext4 /dev/x rw" (proc(5)).
std::string mount_type(dev_t device) {
  std::ifstream mounts("/proc/self/mountinfo");
  const std::string wanted = std::to_string(major(device)) + ":" + std::to_string(minor(device));
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields(line);
    std::string id, parent, number, field, type;
    fields >> id >> parent >> number;
    if (number != wanted) continue;
    while (fields >> field && field != "-") {
    }
    fields >> type;
    return type;
  }
  return "";
}

}  // namespace

std::string network_file_system(std::uint64_t magic, std::string_view type) {
  for (const auto& [known, name] : kNetworkMagics)
    if (known == magic) return std::string(name);
  return std::ranges::find(kNetworkTypes, type) == kNetworkTypes.end() ? "" : std::string(type);
}

std::expected<void, StoreError> check_local(const std::string& path) {
  const auto folder = std::filesystem::absolute(path).parent_path().string();
  struct statfs system {};
  struct stat status {};
  // A folder that is missing or closed to us is reported by the open that follows, with its errno.
  if (statfs(folder.c_str(), &system) != 0 || stat(folder.c_str(), &status) != 0) return {};
  const auto name = network_file_system(static_cast<std::uint64_t>(system.f_type) & 0xffffffff, mount_type(status.st_dev));
  if (name.empty()) return {};
  return std::unexpected(StoreError{StoreError::Kind::io, path + ": lies on a network file system (" + name +
                                                              "), where locks and syncs cannot be relied upon; give --data a folder on a local disk"});
}

}  // namespace assetd
