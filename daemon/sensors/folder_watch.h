#pragma once
// Tells when something changes in folders (inotify(7)), so that a file is found at once and not at the next look.

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace assetd {

class FolderWatch {
 public:
  /// `changed` is called on a thread of this object, once for each sensor until follow() is called for it again.
  explicit FolderWatch(std::function<void(const std::string& sensor)> changed);
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  struct Followed {
    bool all = false;    ///< every folder is watched; else look by yourself
    bool fresh = false;  ///< one was not watched before: what changed in it since it was looked at was not told
  };
  /// From now on exactly these are watched for that sensor; none: it is forgotten. Any thread.
  Followed follow(const std::string& sensor, const std::vector<std::string>& folders);

 private:
  struct Watched {
    std::string folder;
    std::set<std::string> sensors;
  };
  void run();
  void take_events();
  bool watch(const std::string& folder, const std::string& sensor, bool& fresh);
  void unwatch(const std::string& folder, const std::string& sensor);

  std::function<void(const std::string&)> changed_;
  int events_ = -1, wake_ = -1;
  std::mutex mutex_;
  std::map<int, Watched> watched_;           ///< by watch descriptor
  std::map<std::string, int> descriptors_;   ///< by folder
  std::map<std::string, std::set<std::string>> followed_;  ///< folders by sensor
  std::set<std::string> told_;
  std::thread thread_;
};

}  // namespace assetd
