#pragma once
#include <expected>
#include <string>
#include <vector>

namespace assetd::cli {

struct ProcessOutput {
  int exit_code = 0;  ///< 128 + signal for one that was killed
  std::string out;
};

/// Runs a program to its end; its stdin is empty, its stderr ours (or dropped). The error says why it could not be started.
std::expected<ProcessOutput, std::string> run_program(const std::vector<std::string>& argv, bool keep_stderr);

/// The folder of this very program.
std::string program_dir();

}  // namespace assetd::cli
