#include <charconv>
#include <cstdio>

#include "core/schedule/cron.h"

namespace assetd {
namespace {

using std::chrono::floor;

/// Reads fixed-width digits and separators from the front of a text.
class TimeReader {
 public:
  explicit TimeReader(std::string_view text) : text_(text) {}

  bool good() const { return good_; }
  bool at_end() const { return text_.empty(); }

  int digits(std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value * 10 + digit();
    return value;
  }

  bool accept(std::string_view any_of) {
    if (!good_ || text_.empty() || any_of.find(text_.front()) == std::string_view::npos) return false;
    text_.remove_prefix(1);
    return true;
  }

  void expect(std::string_view any_of) { good_ = accept(any_of) && good_; }
  char front() const { return text_.empty() ? '\0' : text_.front(); }
  bool at_digit() const { return front() >= '0' && front() <= '9'; }

  /// ".5" is 500 ms; digits beyond the third are dropped.
  Millis fraction() {
    if (!accept(".,")) return Millis(0);
    int value = digit() * 100;
    for (int weight = 10; at_digit(); weight /= 10) value += digit() * weight;
    return Millis(value);
  }

 private:
  int digit() {
    if (!at_digit()) good_ = false;
    if (!good_) return 0;
    const int value = text_.front() - '0';
    text_.remove_prefix(1);
    return value;
  }

  std::string_view text_;
  bool good_ = true;
};

std::optional<std::chrono::minutes> read_offset(TimeReader& in) {
  if (in.accept("Zz")) return std::chrono::minutes(0);
  const bool west = in.front() == '-';
  in.expect("+-");
  const int hours = in.digits(2);
  in.expect(":");
  const int minutes = in.digits(2);
  if (!in.good() || hours > 23 || minutes > 59) return std::nullopt;
  return std::chrono::minutes((west ? -1 : 1) * (hours * 60 + minutes));
}

struct Unit {
  std::string_view name;
  std::int64_t millis;
};
constexpr Unit kUnits[] = {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};

/// The unit at the front of `text`: letters up to the next digit.
const Unit* unit_at(std::string_view text) {
  const auto name = text.substr(0, text.find_first_of("0123456789"));
  for (const auto& unit : kUnits)
    if (unit.name == name) return &unit;
  return nullptr;
}

}  // namespace

std::string format_time(WallTime time) {
  const auto day = floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  char text[48];
  const int length =
      std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                    static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return {text, static_cast<std::size_t>(length)};
}

std::optional<WallTime> parse_time(std::string_view text) {
  TimeReader in(text);
  const int year = in.digits(4);
  in.expect("-");
  const int month = in.digits(2);
  in.expect("-");
  const int day = in.digits(2);
  in.expect("Tt ");
  const int hour = in.digits(2);
  in.expect(":");
  const int minute = in.digits(2);
  in.expect(":");
  const int second = in.digits(2);
  const Millis fraction = in.fraction();
  const auto offset = read_offset(in);
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!in.good() || !in.at_end() || !offset || !date.ok() || hour > 23 || minute > 59 || second > 59)
    return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) + fraction - *offset;
}

std::optional<Millis> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  const Unit* greater = nullptr;
  while (!text.empty()) {
    std::int64_t number = 0, part = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || text.front() == '-') return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const Unit* unit = unit_at(text);
    if (!unit || (greater && unit <= greater)) return std::nullopt;
    if (__builtin_mul_overflow(number, unit->millis, &part) || __builtin_add_overflow(total, part, &total))
      return std::nullopt;
    text.remove_prefix(unit->name.size());
    greater = unit;
  }
  return Millis(total);
}

std::string format_duration(Millis duration) {
  if (duration.count() == 0) return "0s";
  // As it is written: "1500ms" and not "1s500ms".
  if (duration.count() / 60'000 == 0 && duration.count() % 1'000 != 0) return std::to_string(duration.count()) + "ms";
  std::string text = duration.count() < 0 ? "-" : "";
  // Negated as unsigned: the least of all durations has no positive counterpart.
  auto rest = duration.count() < 0 ? 0 - static_cast<std::uint64_t>(duration.count())
                                   : static_cast<std::uint64_t>(duration.count());
  for (const auto& unit : kUnits) {
    const auto size = static_cast<std::uint64_t>(unit.millis);
    if (rest / size > 0) text += std::to_string(rest / size) + std::string(unit.name);
    rest %= size;
  }
  return text;
}

std::string spoken_duration(Millis duration) {
  constexpr std::pair<std::int64_t, const char*> kSpoken[] = {{86'400, " d"}, {3'600, " h"}, {60, " min"}, {1, " s"}};
  auto rest = std::max<std::int64_t>(0, duration.count() / 1000);
  std::string text;
  for (std::size_t i = 0; i < std::size(kSpoken); ++i) {
    const auto& [size, name] = kSpoken[i];
    if (rest < size) continue;
    text = std::to_string(rest / size) + name;
    // Seconds beside minutes only say something while there are few of them.
    const bool second_counts = i + 1 < std::size(kSpoken) && (i + 2 < std::size(kSpoken) || rest < 600);
    if (const auto more = second_counts ? rest % size / kSpoken[i + 1].first : 0; more > 0) text += " " + std::to_string(more) + kSpoken[i + 1].second;
    return text;
  }
  return "0 s";
}

}  // namespace assetd
