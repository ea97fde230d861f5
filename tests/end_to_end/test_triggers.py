"""What can start an asset, and what will next: told by the API and by assetctl."""

import datetime
import re

from projects import project, say, shell
from waiting import wait_until

ASSETS = (shell("raw", "true"), shell("mid", "true", ["raw"], "automation: eager"), shell("top", "true", ["mid"]), shell("alone", "true"),
          shell("days", "true", [], "partitions: {daily: {start: 2026-01-01, end: 2026-01-04}}"))
HEAD = """jobs:
  - {name: all, select: "+top"}
schedules:
  - {name: nightly, job: all, cron: "0 2 * * *", timezone: Europe/London}
  - {name: watch, select: top, steps: checks, cron: "* * * * *", timezone: UTC}
  - {name: failed, select: "status:failed", cron: "0 3 * * *", timezone: UTC}
sensors:
  - {name: landing, file: {glob: "in/*.json"}, every: 1h, select: "raw+"}
"""


def triggers(daemon, key):
    return daemon.get(f"/assets/{key}/triggers")


def names(items):
    return [item["name"] for item in items]


def test_an_asset_knows_what_selects_it(start):
    daemon = start(project(*ASSETS, head=HEAD))
    top = triggers(daemon, "top")
    assert names(top["schedules"]) == ["nightly", "watch"] and names(top["sensors"]) == ["landing"]
    assert top["automation"] is None and top["paused"] is None and top["backfills"] == []
    assert top["next"]["schedule"] == "nightly", "the other one only checks"
    assert datetime.datetime.fromisoformat(top["next"]["at"].replace("Z", "+00:00")) > datetime.datetime.now(datetime.timezone.utc)
    mid = triggers(daemon, "mid")
    assert mid["automation"]["condition"] == "eager" and names(mid["schedules"]) == ["nightly"]
    alone = triggers(daemon, "alone")
    assert not (alone["schedules"] or alone["sensors"] or alone["automation"] or alone["next"])
    assert daemon.request("GET", "/assets/nobody/triggers").status == 404


def test_what_asks_for_a_state_counts_while_the_state_is(start):
    daemon = start(project(shell("shaky", "exit 1"), head=HEAD.split("jobs:")[0] + 'schedules:\n  - {name: failed, select: "status:failed", cron: "0 3 * * *", timezone: UTC}\n'))
    assert names(triggers(daemon, "shaky")["schedules"]) == []
    daemon.wait(daemon.run("shaky"))
    assert names(triggers(daemon, "shaky")["schedules"]) == ["failed"]


def test_pauses_stand_where_they_hold_something_back(start):
    daemon = start(project(*ASSETS, head=HEAD))
    daemon.post("/schedules/nightly/pause", {"reason": "the warehouse moves"})
    paused, = [one for one in triggers(daemon, "top")["schedules"] if one["name"] == "nightly"]
    assert paused["paused"] and paused["pause_reason"] == "the warehouse moves" and triggers(daemon, "top")["next"] is None
    daemon.post("/schedules/nightly/resume")
    daemon.post("/automation/pause", {"reason": "red button"})
    listed = daemon.ctl("schedules", "list").stdout
    assert " held " in listed and "all is paused by anonymous: red button" in listed and " on " not in listed
    all_held = triggers(daemon, "top")
    assert all_held["paused"]["reason"] == "red button" and all_held["next"] is None
    shown = daemon.ctl("assets", "show", "top").stdout
    assert "red button" in shown and "nightly: 0 2 * * * Europe/London" in shown and "landing: file in/*.json" in shown


def test_a_backfill_that_is_not_over_is_told(start):
    daemon = start(project(*ASSETS, head=HEAD))
    backfill = daemon.post("/backfills", {"select": "days", "partitions": {"from": "2026-01-01", "to": "2026-01-03"}, "max_runs": 1})["id"]
    daemon.post(f"/backfills/{backfill}/pause", {"reason": "not now"})
    assert triggers(daemon, "top")["backfills"] == []
    told, = triggers(daemon, "days")["backfills"]
    assert (told["id"], told["status"], told["reason"]) == (backfill, "paused", "not now")
    assert f"backfill        {backfill} (paused)" in daemon.ctl("assets", "show", "days").stdout
    daemon.post(f"/backfills/{backfill}/resume", {})
    wait_until(lambda: triggers(daemon, "days")["backfills"] == [], "the backfill is over")


def test_assetctl_says_how_an_asset_stands_why_and_what_comes_next(start):
    fresh = "freshness: {within: 1h}"
    daemon = start(project(shell("raw", "true", [], fresh), shell("mid", "true", ["raw"], "automation: any_deps_updated and not in_progress"),
                           shell("days", "true", [], "partitions: {daily: {start: 2026-01-01, end: 2026-01-04}}"),
                           head='schedules:\n  - {name: often, select: "raw+", cron: "*/30 * * * *", timezone: UTC}\n'))
    daemon.wait(daemon.run("raw", steps="assets"))
    wait_until(lambda: [run for run in daemon.items("/runs") if run["trigger"]["kind"] == "automation" and run["status"] == "succeeded"], "mid follows")
    daemon.wait(daemon.run("days", partitions=["2026-01-02"]))

    def shown(key):
        text = daemon.ctl("assets", "show", key).stdout
        return {line[:16].strip(): line[16:] for line in text.splitlines() if line[:1] != " "}, text

    raw, _ = shown("raw")
    assert raw["freshness"].startswith("fresh, until ") and "tick of the schedule often" in raw["next"]
    mid, text = shown("mid")
    assert mid["automation"].startswith("any_deps_updated and not in_progress (does not hold)") and "when raw is updated (automation)" in text
    days, _ = shown("days")
    assert days["partitions"] == "1 of 3 made, 2 missing" and days["next"] == "only people do: assetctl materialize days"
    daemon.post("/assets/raw/materializations", {"reason": "loaded by hand"})
    raw, _ = shown("raw")
    assert raw["materialized"].endswith(", reported by anonymous: loaded by hand")
    before = daemon.items("/runs")[0]["created_at"]
    assert "materialized" in daemon.ctl("assets", "list", "raw", "--at", before).stdout and daemon.ctl("lineage", "--at", "2020-01-01T00:00:00Z").returncode != 0


def test_assetctl_shows_what_came_of_ticks(start):
    daemon = start(project(shell("raw", "true"), head='schedules:\n  - {name: often, select: raw, cron: "* * * * * *", timezone: UTC}\n'))
    wait_until(lambda: daemon.items("/schedules/often/ticks"), "a tick")
    daemon.post("/schedules/often/pause")
    said = daemon.ctl("schedules", "ticks", "often", "--limit", "1")
    assert said.returncode == 0 and len(said.stdout.strip().splitlines()) == 2 and "requested" in said.stdout


def test_assetctl_says_which_partitions_failed_in_which_run_and_why(start):
    daemon = start(project(shell("p", 'test ! -e "bad.$ASSETD_PARTITION"', more="partitions: {static: [one, two, three]}")))
    for name in ("one", "two"):
        (daemon.project / f"bad.{name}").touch()
    run = daemon.run("p", partitions="all")
    daemon.wait(run)
    shown = daemon.ctl("assets", "show", "p").stdout
    for name in ("one", "two"):
        assert re.search(rf"failed +{name}: in run {run}, .* — exit_code", shown), shown
    listed = {line.split()[0]: line for line in daemon.ctl("partitions", "list", "p").stdout.splitlines()}
    assert f"in run {run}, " in listed["one"] and "exit_code" in listed["one"] and "in run" not in listed["three"]
    assert {each["key"]: each["failure"] and each["failure"]["run_id"] for each in daemon.items("/assets/p/partitions")} == {"one": run, "two": run, "three": None}
    dry = daemon.ctl("runs", "retry", run, "--dry-run").stdout
    assert "p [one]" in dry and "p [two]" in dry
    ended = daemon.ctl("materialize", "p", "--partition", "one", "--wait").stdout
    assert "\n  p [one]: exit_code" in ended, ended
    (daemon.project / "bad.two").unlink()
    daemon.wait(daemon.run("p", partitions=["two"]))
    shown = daemon.ctl("assets", "show", "p").stdout
    assert "last failure    in run " in shown and " [one], " in shown, "the last attempt succeeded"


def test_what_is_external_has_no_tick_and_says_who_saw_it(start):
    daemon = start(project(shell("look", "python3 say.py"), head='external: [{key: landing}]\nschedules: [{name: hourly, select: "*", cron: "0 * * * *", timezone: UTC}]\n'))
    assert triggers(daemon, "landing")["next"] is None and triggers(daemon, "landing")["schedules"] == [] and triggers(daemon, "look")["next"]["schedule"] == "hourly"
    shown = daemon.ctl("assets", "show", "landing").stdout
    assert "next            nothing here makes it: " in shown and "next start" not in shown
    say(daemon, ("assetd.observe", {"asset": "landing", "data_version": "f1", "metadata": {}}), ("report_asset_materialization", {"metadata": {}}))
    run = daemon.run("look")
    daemon.wait(run)
    assert f"observed by step look of run {run}" in daemon.ctl("assets", "show", "landing").stdout
    daemon.post("/assets/landing/materializations", {"reason": "seen by ana"})
    assert "reported by anonymous: seen by ana" in daemon.ctl("assets", "show", "landing").stdout
