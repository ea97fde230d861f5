"""Ticks of very many schedules: how long after its instant each is committed, with its run."""

import contextlib
import datetime
import sqlite3
import time

from measures import project

ASSETS = 1000
LEAD_SECONDS = 30  # between ready and the first instant


def yaml_of(count, cron_of):
    lines = ["name: bench", "pools: {default: {slots: 2}}", "assets:"]
    lines += [f"  - {{key: a{i}, run: {{plugin: exec, command: [/bin/true]}}}}" for i in range(ASSETS)]
    lines += ["schedules:"] + [f"  - {{name: s{i}, select: a{i % ASSETS}, cron: '{cron_of(i)}', timezone: UTC}}" for i in range(count)]
    return "\n".join(lines) + "\n"


def watch_ticks(daemon, wanted, since, until):
    """[(seconds since the epoch, ticks committed by then)] of instants from `since` on, looked at every 10 ms in the store itself."""
    seen = []
    with contextlib.closing(sqlite3.connect(f"file:{daemon.data}/store.sqlite?mode=ro", uri=True)) as store:
        while time.time() < until and (not seen or seen[-1][1] < wanted):
            count = store.execute("SELECT count(*) FROM ticks WHERE instant >= ?", (int(since * 1000),)).fetchone()[0]
            if not seen or seen[-1][1] != count:
                seen.append((time.time(), count))
            time.sleep(0.01)
    return seen


def lags_ms(seen, instants):
    """The k-th tick that was due against when k were committed."""
    lags, due = [], iter(sorted(instants))
    done = 0
    for at, count in seen:
        while done < min(count, len(instants)):  # the last look may also count ticks of the time after
            lags.append((at - next(due)) * 1e3)
            done += 1
    return sorted(lags)


def schedules(count, spread_seconds=60):
    """All at one instant, and spread over the seconds of a minute out of an hour's worth."""
    now = datetime.datetime.now(datetime.timezone.utc)
    start = (now + datetime.timedelta(seconds=LEAD_SECONDS + count / 10_000)).replace(microsecond=0)
    with project(yaml_of(count, lambda i: f"{start.second} {start.minute} {start.hour} * * *")) as daemon:
        daemon.start(seconds=300)
        assert datetime.datetime.now(datetime.timezone.utc) < start, "the daemon was not ready in time"
        seen = watch_ticks(daemon, count, start.timestamp(), start.timestamp() + 60)
        together = lags_ms(seen, [start.timestamp()] * count)

    def at(i):
        return start + datetime.timedelta(seconds=i % 3600)

    start = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=LEAD_SECONDS + count / 10_000)).replace(microsecond=0)
    with project(yaml_of(count, lambda i: f"{at(i).second} {at(i).minute} * * * *")) as daemon:
        daemon.start(seconds=300)
        within = [at(i).timestamp() for i in range(count) if i % 3600 < spread_seconds]
        seen = watch_ticks(daemon, len(within), start.timestamp(), start.timestamp() + spread_seconds + 5)
        spread = lags_ms(seen, within)
    return {"schedules": count, "together": len(together), "together_s": together[-1] / 1e3 if len(together) == count else float("inf"),
            "spread": len(spread), "spread_p50_ms": spread[len(spread) // 2], "spread_p99_ms": spread[int(len(spread) * 0.99)]}
