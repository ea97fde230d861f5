#include "cli/sse_parser.h"

namespace assetd::cli {

std::vector<StreamEvent> SseParser::feed(std::string_view chunk) {
  std::vector<StreamEvent> out;
  // What was there before holds no line end: a long line is not searched again with every chunk.
  const auto fresh = rest_.size();
  rest_.append(chunk);
  std::size_t begin = 0;
  for (auto end = rest_.find('\n', fresh); end != std::string::npos; end = rest_.find('\n', begin)) {
    std::string_view line(rest_.data() + begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    take_line(line, out);
    begin = end + 1;
  }
  rest_.erase(0, begin);
  return out;
}

void SseParser::take_line(std::string_view line, std::vector<StreamEvent>& out) {
  if (line.empty()) {
    if (has_data_) out.push_back({current_.id, current_.type.empty() ? "message" : current_.type, current_.data});
    current_.type.clear();
    current_.data.clear();
    has_data_ = false;
    return;
  }
  const auto colon = line.find(':');
  const auto field = line.substr(0, colon);
  auto value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "id") current_.id = value;
  if (field == "event") current_.type = value;
  if (field == "data") {
    if (has_data_) current_.data += '\n';
    current_.data += value;
    has_data_ = true;
  }
}

}  // namespace assetd::cli
