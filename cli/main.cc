#include <csignal>
#include <iostream>

#include "cli/command_line.h"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return assetd::cli::run_command_line(argc, argv, std::cout, std::cerr);
  } catch (const std::exception& error) {
    std::cerr << "assetctl: unexpected: " << error.what() << "\n";
    return assetd::cli::kFailed;
  }
}
