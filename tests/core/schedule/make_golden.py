#!/usr/bin/env python3
"""Writes cron_golden.txt: what cronsim (PyPI, pinned below) answers for expressions at the edges of time zones.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install cronsim==2.8
    /tmp/venv/bin/python tests/core/schedule/make_golden.py > tests/core/schedule/cron_golden.txt

One case a line, fields separated by tabs: zone, expression, start (seconds since the epoch), then the distances in seconds to the following
instants, each from the one before. A line that starts with '<' goes back in time, from the start or any instant at it. One that starts
with '!' holds what a look at the clock every second finds, where cronsim answers otherwise: its steps of one hour miss the hours that begin
at half past after the clocks changed by half an hour. (Another of its differences, on days whose midnight is skipped, is met in tests/contract/test_cron.py only.)
"""
import sys
from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

from cronsim import CronSim

# Zone, and local starts a little before an edge.
EDGES = {
    "UTC": ["2023-12-31 22:10"],
    "Asia/Kolkata": ["2024-02-27 21:40"],
    "Europe/London": ["2024-03-30 22:10", "2024-10-26 22:10"],
    "America/New_York": ["2024-03-09 22:10", "2024-11-02 22:10"],
    "America/Havana": ["2024-03-09 20:10", "2024-11-02 20:10"],
    "Australia/Lord_Howe": ["2024-10-05 22:10", "2024-04-06 22:10"],
    "Pacific/Apia": ["2011-12-29 20:10", "2012-03-31 22:10", "2012-09-29 22:10"],
}
# How many instants: enough to pass the edge.
EVERYWHERE = {
    "30 2 * * *": 4, "30 1 * * *": 4, "0,30 1,2 * * *": 8, "0 0 * * *": 4, "59 23 * * *": 3, "15 1-3 * * *": 8, "5-50/15 2 * * *": 8,
    "0 2,3 * * SUN": 4, "45 1 1,7,30,31 * *": 4, "10 3 * * 1-5": 4, "20 0,1,2,3,4 * * *": 9,
    "*/20 * * * *": 24, "0 * * * *": 9, "* 2 * * *": 5, "*/30 1-3 * * *": 9, "0 */2 * * *": 7, "15 */1 * * *": 9, "*/15 0 * * *": 7,
    "30 30 1 * * *": 4, "*/20 30 2 * * *": 6, "0 0 */6 * * *": 6, "15,45 59 1 * * *": 5, "* 0 3 * * *": 4,
}
CALENDAR = {
    "0 0 29 2 *": 4, "30 6 L * *": 6, "0 9 LW * *": 8, "0 9 L,15 2 *": 5, "0 12 * * 5L": 5, "0 12 * * MON#1": 4, "0 12 * * 1#5,5#5": 6,
    "0 12 * * 0#2": 4, "0 12 * * 7#2": 4, "0 0 13 * 5": 6, "0 0 */2 * 5": 5, "0 0 13 * */2": 5, "0 0 1 JAN,jul *": 4, "0 4 8-14 * SAT": 8,
    "0 0 31 * *": 5, "5/20 3 * * *": 6, "7 8 9/7 10 *": 6, "0 22 * * 5-7": 5, "0 22 * * 0-2": 5, "0 0 * * */3": 6, "1,2,3-5,50/4 5 1 1 *": 9,
    "0 0 * 2 MON#5": 2, "0 0 30 4,6 *": 4, "23 0-20/2 * * 6": 14, "0 0 1-7 * */7": 5,
}


def follows_real_time(expression):
    parts = expression.split()
    return len(parts) == 6 or parts[0].startswith("*") or parts[1].startswith("*")


def look_at_the_clock(expression, start, count, reverse):
    """The instants at which a clock on the wall shows what the expression says."""
    cron, found = CronSim(expression, start), []
    minute = int(start.timestamp()) // 60
    for _ in range(60 * 24 * 12):
        shown = datetime.fromtimestamp(minute * 60, start.tzinfo)
        if shown.minute in cron.minutes and shown.hour in cron.hours and shown.month in cron.months and cron.match_day(shown.date()):
            for second in sorted(cron.seconds, reverse=reverse):
                instant = minute * 60 + second
                if (instant < start.timestamp()) if reverse else (instant > start.timestamp()):
                    found.append(instant)
        if len(found) >= count:
            return found[:count]
        minute += -1 if reverse else 1
    raise LookupError(f"{expression}: not {count} times within twelve days")


def emit(zone, expression, start, count, at_edge):
    at = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone))
    for mark, reverse in (("", False), ("<", True)):
        following = [int(i.timestamp()) for i in islice(CronSim(expression, at, reverse=reverse), count)]
        if at_edge and follows_real_time(expression):
            seen = look_at_the_clock(expression, at, count, reverse)
            if seen != following:
                assert zone == "Australia/Lord_Howe", (zone, expression, start)
                following, mark = seen, "!" + mark
        instants = [int(at.timestamp())] + following
        distances = [str(abs(b - a)) for a, b in zip(instants, instants[1:])]
        print("\t".join([mark + zone, expression, str(instants[0]), *distances]))


def main():
    print("# Written by make_golden.py, which says what the fields are.")
    for zone, starts in EDGES.items():
        for start in starts:
            for expression, count in EVERYWHERE.items():
                emit(zone, expression, start, count, True)
    for expression, count in CALENDAR.items():
        emit("Europe/London", expression, "2023-11-30 12:00", count, False)


if __name__ == "__main__":
    sys.exit(main())
