"""What a forecast costs: 24 hours of 10,000 assets that are made every hour, by one schedule or by one each."""

import contextlib
import os
import random
import sqlite3
import time
import urllib.request

from measures import project

CHAIN = 10      # assets below one another
SAMPLES = 20    # durations that each asset had


def yaml_of(assets, one_schedule, automation):
    lines = ["name: bench", "pools: {default: {slots: 200}}", "assets:"]
    for i in range(assets):
        above = f", deps: [a{i - 1}]" if i % CHAIN else ""
        condition = ", automation: eager" if automation and i % CHAIN else ""
        lines.append(f"  - {{key: a{i}{above}{condition}, freshness: {{within: 2h}}, run: {{plugin: exec, command: [/bin/true]}}}}")
    lines.append("schedules:")
    if automation:
        lines.append("  - {name: s, select: 'roots(*)', cron: '@hourly', timezone: UTC}")
    elif one_schedule:
        lines.append("  - {name: s, select: '*', cron: '@hourly', timezone: UTC}")
    else:
        lines += [f"  - {{name: s{i}, select: a{i}, cron: '{i % 60} * * * *', timezone: UTC}}" for i in range(assets)]
    return "\n".join(lines) + "\n"


def give_history(store_path, assets):
    """As if each had been made by earlier runs, of 1 to 60 s."""
    chance = random.Random(1)
    with contextlib.closing(sqlite3.connect(store_path)) as store, store:
        rows = ((f"a{i}", run, 1, run * 1000 + chance.randint(1_000, 60_000), 10, run * 1000) for i in range(assets) for run in range(1, SAMPLES + 1))
        store.executemany("INSERT INTO outcomes(asset, run, attempt, ended_at, status, started_at) VALUES(?,?,?,?,?,?)", rows)


def processor_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def forecast(assets, one_schedule=True, automation=False):
    with project(yaml_of(assets, one_schedule, automation)) as daemon:
        daemon.start(seconds=300)
        give_history(daemon.data / "store.sqlite", assets)
        begun, used = time.time(), processor_seconds(daemon.process.pid)
        with urllib.request.urlopen(daemon.url + "/api/v1/forecast?limit=2000", timeout=300) as answer:
            body = answer.read()
        took, used = time.time() - begun, processor_seconds(daemon.process.pid) - used
        steps = daemon.get("/forecast?limit=0&runs=0")["steps_total"]
        return {"assets": assets, "schedules": 1 if one_schedule or automation else assets, "automation": automation, "steps": steps, "seconds": round(took, 2),
                "processor_seconds": round(used, 2), "megabytes": round(len(body) / 1e6, 2)}
