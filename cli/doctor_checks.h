#pragma once
// What `assetctl doctor` looks at on this machine. Each check is a question with one answer.

#include <string>
#include <vector>

namespace assetd::cli {

struct Finding {
  enum class Grade { ok, warn, fail };
  std::string what;
  Grade grade = Grade::ok;
  std::string detail;
};

std::string grade_name(Finding::Grade grade);

Finding check_data_folder(const std::string& data_dir);
Finding check_free_disk(const std::string& data_dir);
/// Whether a daemon would take it: its files, its schema, PRAGMA quick_check and its rows. Read-only, also while a daemon writes it.
Finding check_store(const std::string& data_dir);
Finding check_supervisor(const std::string& data_dir, bool daemon_runs);
Finding check_clock();
Finding check_project(const std::string& project_dir);
std::vector<Finding> check_plugins(const std::string& project_dir, const std::string& program_dir);
/// python3 of the PATH, and every `python:` that assetd.yaml names.
std::vector<Finding> check_pythons(const std::string& project_dir);

}  // namespace assetd::cli
