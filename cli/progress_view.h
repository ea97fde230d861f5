#pragma once
#include <iosfwd>
#include <map>
#include <set>
#include <string>

#include "cli/run_follower.h"
#include "cli/terminal.h"

namespace assetd::cli {

/// Shows steps as they go: on a terminal a bar that is drawn over and over below the steps that ended, otherwise one line per change.
class ProgressView {
 public:
  ProgressView(Terminal terminal, std::ostream& out, std::string run_id, SystemTime began)
      : terminal_(terminal), out_(out), run_id_(std::move(run_id)), began_(began) {}

  void update(const StepUpdate& step);
  void note(const std::string& line);  ///< something that is no step, such as a lost connection
  void draw(SystemTime now);           ///< the bar; nothing when the output is no terminal
  void erase();                        ///< before anything else is printed

 private:
  struct Step {
    std::string status;
    std::optional<SystemTime> began;
  };
  void print(const std::string& name, const Step& step, const StepUpdate& update);

  Terminal terminal_;
  std::ostream& out_;
  std::string run_id_;
  SystemTime began_;
  std::map<std::string, Step> steps_;
  std::set<std::string> running_;
  std::size_t ended_ = 0, failed_ = 0;
  bool drawn_ = false;
};

}  // namespace assetd::cli
