"""How old data may become: told once when it changes, also for what happened while the daemon was not running."""

import json
import sqlite3

from projects import project, shell
from waiting import wait_until


def freshness_events(daemon, key):
    page = daemon.get(f"/assets/{key}/events?limit=1000")
    return [event["changes"] for event in reversed(page["items"]) if event["type"] == "asset_changed" and "freshness" in event["changes"]]


def make_older(daemon, key, hours):
    with sqlite3.connect(daemon.data / "store.sqlite") as store:
        state = json.loads(store.execute("SELECT state FROM asset_states WHERE key = ?", [key]).fetchone()[0])
        state["last_materialization"]["at"] -= hours * 3_600_000
        store.execute("UPDATE asset_states SET state = ? WHERE key = ?", [json.dumps(state), key])


def test_data_becomes_too_old_by_itself_and_new_data_is_fresh_again(start):
    daemon = start(project(shell("quick", "true", more="freshness: {within: 1s, warn: 500ms}"), shell("slow", "true", more="freshness: {within: 2h}"), shell("free", "true")))
    assert {asset["key"]: asset["freshness"]["status"] for asset in daemon.items("/assets")} == {"quick": "violated", "slow": "violated", "free": "none"}
    (never,) = wait_until(lambda: freshness_events(daemon, "quick"), "it was never made within its time")
    assert (never["freshness"], never["from"], never["data_at"]) == ("violated", None, None) and never["violated_at"]
    assert [need["key"] for need in daemon.get("/overview")["needs_you"] if need["kind"] == "freshness_violated"] == ["quick"], "slow has its time yet"
    daemon.wait(daemon.run("*"))
    told = wait_until(lambda: [e["freshness"] for e in freshness_events(daemon, "quick")] == ["violated", "fresh", "warn", "violated"] and freshness_events(daemon, "quick"), "it is made, and grows old")
    assert told[3]["from"] == "warn" and told[3]["violated_at"] > told[3]["data_at"]
    assert [asset["key"] for asset in daemon.items("/assets?select=freshness:violated")] == ["quick"]
    daemon.wait(daemon.run("quick"))
    wait_until(lambda: [e["freshness"] for e in freshness_events(daemon, "quick")][4:6] == ["fresh", "warn"], "fresh again")
    assert daemon.get("/assets/slow")["freshness"]["status"] == "fresh" and freshness_events(daemon, "slow") == []


def test_of_an_asset_divided_by_time_the_newest_window_that_is_made_counts(start):
    daemon = start(project(shell("days", "true", more="partitions: {daily: {start: 2026-01-01}}\nfreshness: {within: 30d}")))
    daemon.wait(daemon.run("days", partitions=["2026-01-05"]))
    found = daemon.get("/assets/days")["freshness"]
    assert (found["status"], found["deadline"][:10]) == ("violated", "2026-02-05"), "that it was made today makes its day no newer"
    daemon.wait(daemon.run("days", partitions="latest"))
    daemon.wait(daemon.run("days", partitions=["2026-01-02"]))
    assert daemon.get("/assets/days")["freshness"]["status"] == "fresh", "whatever is missing before it"


def test_what_became_too_old_while_nothing_ran_is_told_once_at_the_next_start(start):
    daemon = start(project(shell("slow", "true", more="freshness: {within: 2h}"), shell("nightly", "true", more="freshness: {deadline: '0 * * * *', within: 1h}")))
    daemon.wait(daemon.run("*"))
    daemon.stop()
    make_older(daemon, "slow", 3)
    make_older(daemon, "nightly", 3)
    for _ in range(2):
        daemon.start()
        for key in ("slow", "nightly"):
            wait_until(lambda key=key: freshness_events(daemon, key), f"{key} is violated")
            assert [e["freshness"] for e in freshness_events(daemon, key)] == ["violated"]
            assert daemon.get(f"/assets/{key}")["freshness"]["status"] == "violated"
        daemon.kill9()
