#include "daemon/execution/message_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "daemon/execution/messages.h"

namespace assetd {
namespace {

std::string mebibytes(std::int64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

AttemptMessage warning(std::string words) {
  AttemptMessage message;
  message.kind = AttemptMessage::Kind::log;
  message.data = {{"level", "WARNING"}, {"message", std::move(words)}};
  return message;
}

AttemptMessage too_long(std::int64_t bytes) {
  return warning("a message of " + std::to_string(bytes) + " bytes was left out: the most is " + mebibytes(kLongestLine));
}

bool is_shown_only(const AttemptMessage& message) {
  return message.kind == AttemptMessage::Kind::log || message.kind == AttemptMessage::Kind::custom;
}

/// `end`: the offset behind the line.
void put(AttemptMessage message, std::int64_t end, std::vector<AttemptMessage>& out) {
  message.end = end;
  out.push_back(std::move(message));
}

void add(AttemptMessage message, std::int64_t end, MessagePlace& place, std::vector<AttemptMessage>& out) {
  if (is_shown_only(message) && (++place.shown > kMostShown || end > kMostShownBytes)) {
    if (std::exchange(place.said_shown_left_out, true)) return;
    message = warning("further log and custom messages are left out: of one attempt " + std::to_string(kMostShown) + " are kept, from the first " +
                      mebibytes(kMostShownBytes) + " of what it reports");
  }
  put(std::move(message), end, out);
}

void parse_line(std::string_view line, std::int64_t end, MessagePlace& place, std::vector<AttemptMessage>& out) {
  if (static_cast<std::int64_t>(line.size()) > kLongestLine) return put(too_long(static_cast<std::int64_t>(line.size())), end, out);
  if (auto message = parse_message(line)) add(std::move(*message), end, place, out);
}

}  // namespace

// Neither a pipe without a writer, nor a link to a device that never ends, may be waited for.
MessageFile::MessageFile(const std::string& path, AttemptId attempt)
    : attempt_(std::move(attempt)), fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY)) {
  struct stat found {};
  other_ = fd_ < 0 ? errno == ELOOP || errno == ENXIO : fstat(fd_, &found) != 0 || !S_ISREG(found.st_mode);
  if (other_ && fd_ >= 0) close(std::exchange(fd_, -1));
}

MessageFile::~MessageFile() {
  if (fd_ >= 0) close(fd_);
}

std::int64_t MessageFile::size() const {
  struct stat found {};
  return fd_ >= 0 && fstat(fd_, &found) == 0 ? found.st_size : 0;
}

std::string MessageFile::read_range(std::int64_t offset, std::int64_t limit) const {
  std::string data;
  while (fd_ >= 0 && static_cast<std::int64_t>(data.size()) < limit) {
    const auto before = data.size();
    const auto wanted = std::min<std::size_t>(65536, static_cast<std::size_t>(limit) - before);
    data.resize(before + wanted);
    const auto got = pread(fd_, data.data() + before, wanted, offset + static_cast<std::int64_t>(before));
    data.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got <= 0) break;
  }
  return data;
}

bool MessageFile::read_on(MessagePlace& place, MessagesArrived& out) const {
  out = {attempt_, place.offset, {}, place.offset};
  if (place.searched >= kMostRead) return false;
  const auto data = read_range(place.searched, kReadAtOnce);
  const auto* last = static_cast<const char*>(memrchr(data.data(), '\n', data.size()));
  if (last == nullptr) {
    place.searched += static_cast<std::int64_t>(data.size());
    return !data.empty();
  }
  std::string_view view(data.data(), last + 1 - data.data());
  out.offset = place.searched + static_cast<std::int64_t>(view.size());
  take_begun_line(place, view, out.messages);
  for (auto end = view.find('\n'); end != std::string_view::npos; end = view.find('\n')) {
    const auto line = view.substr(0, end);
    view.remove_prefix(end + 1);
    parse_line(line, out.offset - static_cast<std::int64_t>(view.size()), place, out.messages);
  }
  place.offset = place.searched = out.offset;
  return true;
}

// The line that began in an earlier read and ends in `view`.
void MessageFile::take_begun_line(MessagePlace& place, std::string_view& view, std::vector<AttemptMessage>& out) const {
  const auto begun = place.searched - place.offset;
  if (begun == 0) return;
  const auto end = view.find('\n');
  const auto length = begun + static_cast<std::int64_t>(end);
  const auto behind = place.offset + length + 1;
  if (length > kLongestLine)
    put(too_long(length), behind, out);
  else
    parse_line(read_range(place.offset, length), behind, place, out);
  view.remove_prefix(end + 1);
}

void MessageFile::read_rest(MessagePlace& place, MessagesArrived& out) const {
  const auto begun = place.searched - place.offset;
  out = {attempt_, place.searched, {}, place.offset};
  if (begun > kLongestLine)
    put(too_long(begun), out.offset, out.messages);
  else if (begun > 0)
    parse_line(read_range(place.offset, begun), out.offset, place, out.messages);
  const auto say = [&](std::string words) {
    put(warning(std::move(words)), ++out.offset, out.messages);  // beyond what was committed, or it would count as read before
  };
  if (place.searched >= kMostRead) say("what it reported behind the first " + mebibytes(kMostRead) + " was left out");
  if (other_) say("what it reported is not known: it put something else in the place of its file of messages");
}

}  // namespace assetd
