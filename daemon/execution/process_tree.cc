#include "daemon/execution/process_tree.h"

#include <dirent.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

namespace assetd {
namespace {

/// 0: there is no such process.
pid_t parent_of(pid_t pid) {
  char text[512];
  FILE* file = std::fopen(("/proc/" + std::to_string(pid) + "/stat").c_str(), "re");
  if (!file) return 0;
  const auto size = std::fread(text, 1, sizeof text - 1, file);
  std::fclose(file);
  text[size] = '\0';
  const char* after_name = std::strrchr(text, ')');  // a name may hold blanks and brackets
  int parent = 0;
  char state = 0;
  return after_name && std::sscanf(after_name + 1, " %c %d", &state, &parent) == 2 ? parent : 0;
}

std::multimap<pid_t, pid_t> all_by_parent() {
  std::multimap<pid_t, pid_t> found;
  DIR* proc = ::opendir("/proc");
  if (!proc) return found;
  while (const auto* entry = ::readdir(proc))
    if (const auto pid = static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10)); pid > 0) found.emplace(parent_of(pid), pid);
  ::closedir(proc);
  return found;
}

void add_children(const std::multimap<pid_t, pid_t>& by_parent, pid_t parent, std::vector<pid_t>& into) {
  for (auto [each, end] = by_parent.equal_range(parent); each != end; ++each) into.push_back(each->second);
}

}  // namespace

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> found;
  add_children(all_by_parent(), parent, found);
  return found;
}

std::vector<pid_t> descendants_of(pid_t ancestor) {
  const auto by_parent = all_by_parent();
  std::vector<pid_t> found;
  add_children(by_parent, ancestor, found);
  for (std::size_t i = 0; i < found.size() && found.size() <= by_parent.size(); ++i) add_children(by_parent, found[i], found);
  return found;
}

}  // namespace assetd
