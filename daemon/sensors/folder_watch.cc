#include "daemon/sensors/folder_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>

namespace assetd {
namespace {

// Not IN_MODIFY: whoever writes for an hour would be looked at for an hour, and a file counts only once it is settled.
constexpr std::uint32_t kInteresting = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

}  // namespace

FolderWatch::FolderWatch(std::function<void(const std::string&)> changed)
    : changed_(std::move(changed)), events_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)), wake_(::eventfd(0, EFD_CLOEXEC)) {
  if (events_ >= 0 && wake_ >= 0) thread_ = std::thread([this] { run(); });
}

FolderWatch::~FolderWatch() {
  if (thread_.joinable()) {
    const std::uint64_t one = 1;
    (void)!::write(wake_, &one, sizeof one);
    thread_.join();
  }
  if (events_ >= 0) ::close(events_);
  if (wake_ >= 0) ::close(wake_);
}

FolderWatch::Followed FolderWatch::follow(const std::string& sensor, const std::vector<std::string>& folders) {
  const std::lock_guard lock(mutex_);
  told_.erase(sensor);
  Followed result{!folders.empty() && thread_.joinable(), false};
  std::set<std::string> wanted;
  if (thread_.joinable()) wanted.insert(folders.begin(), folders.end());
  const auto before = std::exchange(followed_[sensor], wanted);
  for (const auto& folder : before)
    if (!wanted.contains(folder)) unwatch(folder, sensor);
  for (const auto& folder : wanted)
    if (!watch(folder, sensor, result.fresh)) {
      followed_[sensor].erase(folder);
      result.all = false;
    }
  if (followed_[sensor].empty()) followed_.erase(sensor);
  return result;
}

// It fails where the limit of watches is reached (fs.inotify.max_user_watches), or where the folder is gone meanwhile: then it is looked at instead.
bool FolderWatch::watch(const std::string& folder, const std::string& sensor, bool& fresh) {
  const int descriptor = ::inotify_add_watch(events_, folder.c_str(), kInteresting);
  if (descriptor < 0) return false;
  auto& entry = watched_[descriptor];
  entry.folder = folder;
  if (entry.sensors.insert(sensor).second) fresh = true;
  descriptors_[folder] = descriptor;
  return true;
}

void FolderWatch::unwatch(const std::string& folder, const std::string& sensor) {
  const auto at = descriptors_.find(folder);
  if (at == descriptors_.end()) return;
  const auto entry = watched_.find(at->second);
  if (entry == watched_.end()) return;
  entry->second.sensors.erase(sensor);
  if (!entry->second.sensors.empty()) return;
  ::inotify_rm_watch(events_, at->second);
  watched_.erase(entry);
  descriptors_.erase(at);
}

void FolderWatch::run() {
  for (;;) {
    std::array<pollfd, 2> polled{{{events_, POLLIN, 0}, {wake_, POLLIN, 0}}};
    if (::poll(polled.data(), polled.size(), -1) < 0) continue;
    if (polled[1].revents != 0) return;
    take_events();
  }
}

void FolderWatch::take_events() {
  alignas(inotify_event) std::array<char, 64 << 10> buffer;
  const auto size = ::read(events_, buffer.data(), buffer.size());
  std::set<std::string> tell;
  {
    const std::lock_guard lock(mutex_);
    const auto note = [&](const std::set<std::string>& sensors) {
      for (const auto& sensor : sensors)
        if (told_.insert(sensor).second) tell.insert(sensor);
    };
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
      at += static_cast<ssize_t>(sizeof(inotify_event)) + event->len;
      if (event->mask & IN_Q_OVERFLOW)
        for (const auto& [descriptor, entry] : watched_) note(entry.sensors);
      const auto entry = watched_.find(event->wd);
      if (entry == watched_.end()) continue;
      note(entry->second.sensors);
      // It no longer is what stands at that path.
      if (event->mask & IN_MOVE_SELF) ::inotify_rm_watch(events_, event->wd);
      if (event->mask & (IN_MOVE_SELF | IN_IGNORED | IN_DELETE_SELF)) {
        for (const auto& sensor : entry->second.sensors)
          if (const auto folders = followed_.find(sensor); folders != followed_.end()) folders->second.erase(entry->second.folder);
        descriptors_.erase(entry->second.folder);
        watched_.erase(entry);
      }
    }
  }
  for (const auto& sensor : tell) changed_(sensor);
}

}  // namespace assetd
