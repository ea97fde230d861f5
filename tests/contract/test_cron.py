"""Cron against cronsim, an independent implementation: around every change of every zone's clocks in ten years."""

import itertools
import pathlib
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "core" / "schedule"))

from make_golden import follows_real_time, look_at_the_clock  # noqa: E402

YEARS = (2026, 2035)
DAY = 86_400
SHOWN = 20  # differences


def offset(zone, at):
    return int(datetime.fromtimestamp(at, zone).utcoffset().total_seconds())


def edges(zone):
    """(instant, offset before, offset after) of each change of the clocks."""
    first, last = (int(datetime(year, 1, 1, tzinfo=timezone.utc).timestamp()) for year in (YEARS[0], YEARS[1] + 1))
    before = offset(zone, first)
    for day in range(first, last, DAY):
        after = offset(zone, day + DAY)
        if after == before:
            continue
        low, high = day, day + DAY
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(zone, middle) == before else (low, middle)
        yield high, before, after
        before = after


def different_zones():
    """One zone of those whose clocks change alike, with its changes."""
    found = {}
    for name in sorted(available_timezones()):
        changes = tuple(edges(ZoneInfo(name)))
        if changes:
            found.setdefault(changes, name)
    return {name: changes for changes, name in found.items()}


def expressions(before, after):
    """How many instants of what, for clocks that show `before` instead of `after`: enough to pass the edge from three hours before it."""
    hour, other, next_hour, last_hour = before.hour, after.hour, (before.hour + 1) % 24, (before.hour - 1) % 24
    day, weekday = before.day, before.isoweekday() % 7
    return {
        f"30 {hour} * * *": 3, f"30 {other} * * *": 3, f"0 {last_hour} * * *": 3, f"0,30 {min(hour, other)}-{max(hour, other)} * * *": 8, "0 0 * * *": 2, "59 23 * * *": 2,
        f"15 {last_hour},{hour},{next_hour} * * *": 7, f"5-50/15 {hour} * * *": 9, "20 0-23 * * *": 10,
        f"45 {hour},{other} {day} * {weekday}": 4, f"10 {hour} */2 * {weekday}": 2, f"10 {hour} {day} * */2": 2, f"10 {other} {day},L * 0#1": 3,
        "*/20 * * * *": 18, "0 * * * *": 7, f"*/10 {hour} * * *": 14, f"*/30 {last_hour},{hour},{next_hour} * * *": 13, "15 */2 * * *": 5, f"*/15 {other} {day} * *": 1,
        f"30 30 {hour} * * *": 3, f"*/20 30 {other} * * *": 7, "0 0 */6 * * *": 4, f"15,45 59 {hour},{other} * * *": 7,
    }


def cases():
    for name, changes in different_zones().items():
        zone = ZoneInfo(name)
        for at, before, after in changes:
            shown = [datetime.fromtimestamp(at, timezone(timedelta(seconds=shift))) for shift in (before, after)]
            whole_hours = (after - before) % 3600 == 0 and shown[0].minute == 0  # not so: Lord Howe, Chatham
            skips_midnight = after > before and shown[0].hour == shown[0].minute == 0
            for expression, count in expressions(*shown).items():
                yield name, expression, datetime.fromtimestamp(at - 3 * 3600, zone), count, follows_real_time(expression) and (not whole_hours or skips_midnight)


def ask(questions):
    """The instants after a start, or before it where the count is negative."""
    lines = "".join(f"{name}\t{expression}\t{start}\t{count}\n" for name, expression, start, count in questions)
    answers = subprocess.run([ROOT / "build/release/bin/cron_instants"], input=lines, capture_output=True, text=True, check=True).stdout.splitlines()
    return [[int(instant) for instant in answer.split()] for answer in answers]


def expected(expression, start, count, by_the_clock):
    """cronsim misses hours, or stays at a change, where clocks shift by half an hour or within an hour (make_golden.py says why), and misses a day whose midnight the clocks skip where it comes to that by its date: there each minute is held against the fields."""
    if by_the_clock:
        return look_at_the_clock(expression, start, count, False)
    return [int(instant.timestamp()) for instant in itertools.islice(CronSim(expression, start), count)]


def test_answers_as_cronsim_at_every_change_of_every_zone_in_ten_years():
    asked = list(cases())
    answers = ask((name, expression, int(start.timestamp()), count) for name, expression, start, count, _ in asked)
    assert len(answers) == len(asked) > 10_000
    different = []
    for (name, expression, start, count, by_the_clock), answer in zip(asked, answers):
        wanted = expected(expression, start, count, by_the_clock)
        if answer != wanted:
            different.append(f"{name} '{expression}' from {start.isoformat()}: {answer}, but cronsim says {wanted}")
    assert not different, f"{len(different)} of {len(asked)} differ:\n" + "\n".join(different[:SHOWN])


# Not against cronsim, which going back stays at some of these changes for ever (America/Nuuk '15,45 59 23,0 * * 6', Pacific/Chatham '15 */2 * * *').
def test_going_back_meets_the_same_instants():
    asked = list(cases())
    forth = ask((name, expression, int(start.timestamp()), count) for name, expression, start, count, _ in asked)
    back = ask((name, expression, instants[-1] + 1, -len(instants)) for (name, expression, *_), instants in zip(asked, forth))
    different = [f"{name} '{expression}': {there}, but back {here}" for (name, expression, *_), there, here in zip(asked, forth, back) if there != here[::-1]]
    assert not different, f"{len(different)} of {len(asked)} differ:\n" + "\n".join(different[:SHOWN])
