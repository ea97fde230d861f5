"""A backfill of many partitions: how long until it is acknowledged, and whether anything starts after a cancel is."""

from measures import project, seconds_of
from waiting import wait_until

YAML = """name: backfill
assets:
  - key: hours
    partitions: {hourly: {start: 2015-01-01, end: 2026-06-01}}
    run: {command: [/bin/sh, -c, 'echo $ASSETD_PARTITION >> made']}
"""
BEFORE_CANCEL = 500  # partitions that are made


def backfill():
    """100,056 hours, each a step of its own."""
    with project(YAML) as daemon:
        daemon.start()
        made = {}
        queued = seconds_of(lambda: made.update(daemon.post("/backfills", {"select": "hours", "partitions": "all", "max_runs": 8})))
        path, file = f"/backfills/{made['id']}", daemon.project / "made"
        took = seconds_of(lambda: wait_until(lambda: file.exists() and len(file.read_text().split()) >= BEFORE_CANCEL, "some partitions"))
        daemon.post(f"{path}/cancel")
        asked = daemon.get(path)["runs_made"]
        wait_until(lambda: not daemon.get(path)["active_runs"], "the end of what was under way")
        return {"partitions": made["partitions_total"], "queued_ms": queued * 1000, "runs_per_s": BEFORE_CANCEL / took, "started_after_cancel": daemon.get(path)["runs_made"] - asked}
