#pragma once
// Frames of the channel: a 4-byte little-endian length and that many bytes of JSON. See docs/supervisor.md.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assetd::supervisor {

inline constexpr std::size_t kMaxFrame = 16u << 20;

/// `body` is at most kMaxFrame bytes.
inline void append_frame(std::string& out, std::string_view body) {
  const auto size = static_cast<std::uint32_t>(body.size());
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(size >> shift));
  out.append(body);
}

/// Takes bytes as they arrive and gives whole frames.
class FrameReader {
 public:
  void feed(std::string_view bytes) {
    if (begin_ == buffer_.size()) {
      buffer_.clear();
      begin_ = 0;
    } else if (begin_ > kCompactAbove) {
      buffer_.erase(0, begin_);
      begin_ = 0;
    }
    buffer_.append(bytes);
  }

  /// The next whole frame, valid until the next call of feed; nothing while it is incomplete or after an oversized one.
  std::optional<std::string_view> next() {
    if (oversized_ || buffer_.size() - begin_ < 4) return std::nullopt;
    std::uint32_t size = 0;
    for (int i = 0; i < 4; ++i) size |= std::uint32_t{static_cast<unsigned char>(buffer_[begin_ + i])} << (8 * i);
    if (size > kMaxFrame) oversized_ = true;
    if (oversized_ || buffer_.size() - begin_ - 4 < size) return std::nullopt;
    const std::string_view frame(buffer_.data() + begin_ + 4, size);
    begin_ += 4 + size;
    return frame;
  }

  /// The peer announced more than kMaxFrame: nothing after it can be read, close the connection.
  bool oversized() const { return oversized_; }

 private:
  static constexpr std::size_t kCompactAbove = 64 * 1024;
  std::string buffer_;
  std::size_t begin_ = 0;
  bool oversized_ = false;
};

}  // namespace assetd::supervisor
