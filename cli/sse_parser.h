#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace assetd::cli {

struct StreamEvent {
  std::string id;    ///< the newest id seen so far, also when this event carries none
  std::string type;  ///< "message" when the stream names none
  std::string data;
};

/// Server-Sent Events from chunks that may be cut anywhere (WHATWG HTML, "Server-sent events").
class SseParser {
 public:
  std::vector<StreamEvent> feed(std::string_view chunk);

 private:
  void take_line(std::string_view line, std::vector<StreamEvent>& out);

  std::string rest_;
  StreamEvent current_;
  bool has_data_ = false;
};

}  // namespace assetd::cli
