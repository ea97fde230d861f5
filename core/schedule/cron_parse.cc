#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "core/graph/asset_key.h"
#include "core/schedule/cron_fields.h"

namespace assetd {
namespace {

struct FieldRule {
  std::string_view name;
  int least, most;
  std::vector<std::string_view> names;  ///< stand for least, least + 1, …
};

const FieldRule kSecond{"second", 0, 59, {}}, kMinute{"minute", 0, 59, {}}, kHour{"hour", 0, 23, {}},
    kMonthDay{"day of month", 1, 31, {}},
    kMonth{"month", 1, 12, {"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}},
    kWeekday{"day of week", 0, 7, {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}};

struct Nickname {
  std::string_view name, expression;
};
constexpr Nickname kNicknames[] = {{"@YEARLY", "0 0 1 1 *"}, {"@ANNUALLY", "0 0 1 1 *"}, {"@MONTHLY", "0 0 1 * *"},
                                   {"@WEEKLY", "0 0 * * 0"}, {"@DAILY", "0 0 * * *"},    {"@MIDNIGHT", "0 0 * * *"},
                                   {"@HOURLY", "0 * * * *"}};

/// A piece of the expression that knows where it stands.
struct Piece {
  std::string_view text;
  int column;
  Piece part(std::size_t from, std::size_t count = std::string_view::npos) const {
    return {text.substr(from, count), column + static_cast<int>(from)};
  }
};

using Done = std::optional<CronError>;  // nothing, or what is wrong

CronError wrong(const FieldRule& rule, const Piece& piece, const std::string& what) {
  return {std::string(rule.name) + " \"" + std::string(piece.text) + "\": " + what, piece.column};
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (auto& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

std::string expected_of(const FieldRule& rule) {
  auto text = "a number from " + std::to_string(rule.least) + " to " + std::to_string(rule.most);
  if (!rule.names.empty())
    text += " or a name from " + std::string(rule.names.front()) + " to " + std::string(rule.names.back());
  return text;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.size() < 9 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::expected<int, CronError> read_value(const FieldRule& rule, const Piece& piece) {
  const auto named = std::ranges::find(rule.names, piece.text);
  if (named != rule.names.end()) return rule.least + static_cast<int>(named - rule.names.begin());
  if (piece.text.empty())
    return std::unexpected(CronError{"a value is missing in the field " + std::string(rule.name), piece.column});
  if (!is_number(piece.text)) {
    const auto near = nearest_name(piece.text, rule.names);
    return std::unexpected(
        wrong(rule, piece, "expected " + expected_of(rule) + (near.empty() ? "" : "; did you mean " + near + "?")));
  }
  const int value = std::stoi(std::string(piece.text));
  if (value < rule.least || value > rule.most)
    return std::unexpected(wrong(rule, piece, "out of range, expected " + expected_of(rule)));
  return value;
}

struct Range {
  int first, last;
  bool single;
};

std::expected<Range, CronError> read_range(const FieldRule& rule, const Piece& piece) {
  if (piece.text == "*") return Range{rule.least, rule.most, false};
  const auto dash = piece.text.find('-');
  const auto first = read_value(rule, piece.part(0, dash));
  if (!first) return std::unexpected(first.error());
  if (dash == std::string_view::npos) return Range{*first, *first, true};
  auto last = read_value(rule, piece.part(dash + 1));
  if (!last) return std::unexpected(last.error());
  if (&rule == &kWeekday && *last == 0 && *first > 0) last = 7;  // FRI-SUN
  if (*last < *first)
    return std::unexpected(wrong(rule, piece, "the range ends before it starts; write two ranges joined by a comma"));
  return Range{*first, *last, false};
}

/// '*', a value or a range, with or without a step. "5/15" runs to the end of the field, as in cronsim.
Done read_term(const FieldRule& rule, const Piece& piece, std::uint64_t& mask) {
  const auto slash = piece.text.find('/');
  auto range = read_range(rule, piece.part(0, slash));
  if (!range) return range.error();
  int step = 1;
  if (slash != std::string_view::npos) {
    const auto text = piece.part(slash + 1);
    if (!is_number(text.text) || std::stoi(std::string(text.text)) == 0)
      return wrong(rule, text, "a step is a number from 1 on, like */5");
    step = std::stoi(std::string(text.text));
    if (range->single) range->last = rule.most;
  }
  for (int value = range->first; value <= range->last; value += step) mask |= std::uint64_t{1} << value;
  return std::nullopt;
}

Done read_day_term(CronFields& fields, const Piece& piece) {
  if (piece.text == "L") return fields.last_day = true, std::nullopt;
  if (piece.text == "LW") return fields.last_workday = true, std::nullopt;
  return read_term(kMonthDay, piece, fields.days);
}

Done read_weekday_term(CronFields& fields, const Piece& piece) {
  if (const auto hash = piece.text.find('#'); hash != std::string_view::npos) {
    const auto weekday = read_value(kWeekday, piece.part(0, hash));
    if (!weekday) return weekday.error();
    const auto nth = piece.part(hash + 1);
    if (nth.text.size() != 1 || nth.text[0] < '1' || nth.text[0] > '5')
      return wrong(kWeekday, nth, "behind '#' stands a number from 1 to 5");
    fields.nth_weekdays[static_cast<std::size_t>(*weekday % 7)] |= static_cast<std::uint8_t>(1 << (nth.text[0] - '0'));
    return std::nullopt;
  }
  if (piece.text.size() > 1 && piece.text.ends_with('L')) {
    const auto weekday = read_value(kWeekday, piece.part(0, piece.text.size() - 1));
    if (!weekday) return weekday.error();
    fields.last_weekdays |= std::uint64_t{1} << (*weekday % 7);
    return std::nullopt;
  }
  return read_term(kWeekday, piece, fields.weekdays);
}

template <typename ReadTerm>
Done read_list(const Piece& field, ReadTerm read) {
  for (std::size_t start = 0;;) {
    const auto comma = field.text.find(',', start);
    if (auto error = read(field.part(start, comma == std::string_view::npos ? comma : comma - start))) return error;
    if (comma == std::string_view::npos) return std::nullopt;
    start = comma + 1;
  }
}

Done read_mask(const FieldRule& rule, const Piece& field, std::uint64_t& mask) {
  mask = 0;
  return read_list(field, [&](const Piece& term) { return read_term(rule, term, mask); });
}

std::vector<Piece> split(std::string_view text) {
  std::vector<Piece> pieces;
  for (std::size_t at = 0; at < text.size();) {
    const auto start = text.find_first_not_of(" \t", at);
    if (start == std::string_view::npos) break;
    const auto end = std::min(text.find_first_of(" \t", start), text.size());
    pieces.push_back({text.substr(start, end - start), static_cast<int>(start) + 1});
    at = end;
  }
  return pieces;
}

std::expected<CronFields, CronError> read_fields(const std::vector<Piece>& pieces) {
  const std::size_t first = pieces.size() - 5;
  const Piece &minute = pieces[first], &hour = pieces[first + 1], &day = pieces[first + 2], &month = pieces[first + 3],
              &weekday = pieces[first + 4];
  CronFields fields;
  Done error;
  if (first == 1) error = read_mask(kSecond, pieces[0], fields.seconds);
  if (!error) error = read_mask(kMinute, minute, fields.minutes);
  if (!error) error = read_mask(kHour, hour, fields.hours);
  if (!error) error = read_list(day, [&](const Piece& term) { return read_day_term(fields, term); });
  if (!error) error = read_mask(kMonth, month, fields.months);
  if (!error) error = read_list(weekday, [&](const Piece& term) { return read_weekday_term(fields, term); });
  if (error) return std::unexpected(std::move(*error));
  fields.weekdays |= fields.weekdays >> 7 & 1;  // 7 is Sunday, too
  fields.both_days = day.text.starts_with('*') || weekday.text.starts_with('*');
  fields.real_time = first == 1 || minute.text.starts_with('*') || hour.text.starts_with('*');
  return fields;
}

std::expected<std::string_view, CronError> expand_nickname(const Piece& piece) {
  const auto* known = std::ranges::find(kNicknames, piece.text, &Nickname::name);
  if (known != std::end(kNicknames)) return known->expression;
  std::vector<std::string_view> names;
  for (const auto& nickname : kNicknames) names.push_back(nickname.name);
  const auto near = nearest_name(piece.text, names);
  std::string message = "unknown nickname " + lower(piece.text);
  if (piece.text == "@REBOOT")
    message += ": a schedule has times only";
  else
    message += near.empty() ? ": one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually"
                            : "; did you mean " + lower(near) + "?";
  return std::unexpected(CronError{message, piece.column});
}

constexpr std::size_t kDayFromEnd = 3;

}  // namespace

int column_of_day(std::string_view expression) {
  const auto pieces = split(expression);
  return pieces.size() > kDayFromEnd ? pieces[pieces.size() - kDayFromEnd].column : 1;
}

std::expected<CronFields, CronError> parse_cron_fields(std::string_view expression) {
  std::string text(expression);
  for (auto& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  auto pieces = split(text);
  if (pieces.size() == 1 && pieces[0].text.starts_with('@')) {
    const auto expanded = expand_nickname(pieces[0]);
    if (!expanded) return std::unexpected(expanded.error());
    pieces = split(*expanded);
  }
  if (pieces.size() == 5 || pieces.size() == 6) return read_fields(pieces);
  const int column = pieces.size() > 6 ? pieces[6].column : static_cast<int>(text.size()) + 1;
  return std::unexpected(
      CronError{"expected five fields (minute hour day-of-month month day-of-week), or six with seconds first, found " +
                    std::to_string(pieces.size()),
                column});
}

}  // namespace assetd
