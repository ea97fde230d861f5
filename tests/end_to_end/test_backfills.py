"""Backfills: many partitions run by run, each once, through failures, pauses, cancels and kill -9."""

import collections
import random

from projects import project, say, shell, waits_for
from waiting import wait_until

DAYS = "partitions: {daily: {start: 2026-01-01, end: 2026-03-02}}"
WEEKS = "partitions: {weekly: {start: 2026-01-04}}"
NOTE = 'echo "$ASSETD_ASSET_KEY $ASSETD_PARTITION" >> made; [ ! -e "fail-$ASSETD_PARTITION" ]'
FEED = project(shell("events", NOTE, [], DAYS), shell("orders", NOTE, ["events"], DAYS), shell("weeks", NOTE, ["orders"], WEEKS))


def begin(daemon, select, partitions, **more):
    return daemon.post("/backfills", {"select": select, "partitions": partitions, **more})["id"]


def shown(daemon, backfill):
    return daemon.get(f"/backfills/{backfill}")


def ended(daemon, backfill, seconds=300):
    return wait_until(lambda: (found := shown(daemon, backfill)) and found["status"] in ("succeeded", "failed", "canceled") and not found["active_runs"] and found, "the backfill's end", seconds=seconds)


def made(daemon):
    file = daemon.project / "made"
    return collections.Counter(file.read_text().splitlines()) if file.exists() else collections.Counter()


def test_sixty_days_with_five_planted_failures_and_their_retry(start):
    daemon = start(FEED)
    bad = [f"2026-01-{day:02}" for day in (3, 9, 10, 21, 30)]
    for day in bad:
        (daemon.project / f"fail-{day}").touch()
    preview = daemon.post("/backfills", {"select": "*", "partitions": {"from": "2026-01-01", "to": "2026-03-01"}, "dry_run": True})
    assert [(group["assets"], group["partitions"]) for group in preview["groups"]] == [(["events", "orders"], 60), (["weeks"], 9)] and preview["partitions_total"] == 69
    backfill = begin(daemon, "*", {"from": "2026-01-01", "to": "2026-03-01"}, max_runs=8)
    first = ended(daemon, backfill)
    assert first["status"] == "failed" and first["counts"]["failed"] == 5, first["counts"]
    lost = {"2026-01-03": None, "2026-01-09": "2026-01-04", "2026-01-10": "2026-01-04", "2026-01-21": "2026-01-18", "2026-01-30": "2026-01-25"}
    days, weeks = first["groups"]
    assert [key for key, letter in zip(days["keys"], days["status"]) if letter == "f"] == bad
    assert {key for key, letter in zip(weeks["keys"], weeks["status"]) if letter == "k"} == {week for week in lost.values() if week}
    assert all(f"orders {day}" not in made(daemon) for day in bad)
    for day in bad:
        (daemon.project / f"fail-{day}").unlink()
    assert daemon.request("POST", f"/backfills/{backfill}/retry").status == 200
    again = ended(daemon, backfill)
    assert again["status"] == "succeeded" and again["counts"]["succeeded"] == 69
    done = made(daemon)
    assert all(done[f"events {day}"] == 2 and done[f"orders {day}"] == 1 for day in bad), "exactly what failed, and what it kept from being made"
    assert set(done.values()) == {1, 2} and sum(done.values()) == 60 + 60 + 9 + 5
    assert len(daemon.items(f"/runs?backfill={backfill}")) == again["runs_made"]
    listing = daemon.ctl("backfills", "list").stdout
    assert "69 of 69" in listing and "succeeded" in listing


def test_what_needs_nothing_that_failed_is_made_and_a_retry_makes_what_was_not(start):
    note = 'echo "$ASSETD_ASSET_KEY $ASSETD_PARTITION" >> made; [ ! -e "fail-$ASSETD_ASSET_KEY-$ASSETD_PARTITION" ]'
    late = shell("late", note, [], DAYS).replace("  - key: late\n", "  - key: late\n    deps: [{asset: side, on_failure: continue}]\n")
    daemon = start(project(shell("day", note, [], DAYS), shell("side", note, ["day"], DAYS), late, shell("weeks", note, ["day"], WEEKS), shell("side_weeks", note, ["side"], WEEKS), shell("late_weeks", note, ["late"], WEEKS)))
    (daemon.project / "fail-side-2026-01-05").touch()
    backfill = begin(daemon, "*", {"from": "2026-01-04", "to": "2026-01-10"})
    first = ended(daemon, backfill)
    assert first["status"] == "failed" and first["counts"]["failed"] == 1 and first["counts"]["skipped"] == 1
    done = made(daemon)
    assert done["weeks 2026-01-04"] == done["late_weeks 2026-01-04"] == done["late 2026-01-05"] == 1 and done["side_weeks 2026-01-04"] == 0
    (daemon.project / "fail-side-2026-01-05").unlink()
    assert daemon.request("POST", f"/backfills/{backfill}/retry").status == 200
    assert ended(daemon, backfill)["status"] == "succeeded"
    again = made(daemon) - done
    assert again == {"side 2026-01-05": 1, "side_weeks 2026-01-04": 1}, "what was not made, and nothing else"


def test_steps_that_change_keys_while_their_backfill_runs_are_each_made_once(start):
    letters = [chr(letter) for letter in range(ord("a"), ord("k"))]
    daemon = start(project(shell("feed", f"python3 say.py; {NOTE}", [], f"partitions: {{static: [{', '.join(letters)}]}}"), shell("total", "echo total >> made", ["feed"]),
                           shell("mail", "true", [], "partitions: {dynamic: customers}")))
    say(daemon, ("assetd.add_partitions", {"set": "customers", "keys": ["$ASSETD_PARTITION", "x"]}), ("assetd.remove_partitions", {"set": "customers", "keys": ["x"]}))
    backfill = ended(daemon, begin(daemon, "feed or total", "all", max_runs=2))
    assert backfill["status"] == "succeeded" and made(daemon) == collections.Counter([f"feed {letter}" for letter in letters] + ["total"])
    assert sorted(daemon.get("/partitions/customers")["keys"]) == letters


def test_each_partition_goes_once_through_kills_of_the_daemon(start):
    daemon = start(FEED)
    backfill = begin(daemon, "*", "all", max_runs=6)
    drawn = random.Random(4)
    for _ in range(6):
        reached = sum(made(daemon).values()) + drawn.randrange(2, 14)
        wait_until(lambda: sum(made(daemon).values()) >= min(reached, 128), "some more steps")
        daemon.kill9()
        daemon.start()
    last = ended(daemon, backfill)
    done = made(daemon)
    assert last["status"] in ("succeeded", "failed")
    runs = daemon.items(f"/runs?backfill={backfill}")
    groups = collections.Counter((run["select"], run["partitions"]) for run in runs)
    assert set(groups.values()) == {1}, "no partition was asked for twice"
    assert all(count == 1 for count in done.values()), "nor made twice"
    assert last["counts"]["waiting"] == 0 and last["counts"]["in_progress"] == 0


def test_what_is_stale_is_made_again_and_nothing_else(start):
    feed = project(shell("events", NOTE, [], DAYS.replace("03-02", "01-18")), shell("orders", NOTE, ["events"], DAYS.replace("03-02", "01-18")), shell("weeks", NOTE, ["orders"], "partitions: {weekly: {start: 2026-01-04, end: 2026-01-18}}"))
    daemon = start(feed)

    def stale():
        answer = daemon.request("POST", "/backfills", {"select": "*", "partitions": "stale", "dry_run": True})
        return [(group["assets"], group["partitions"], group["first"]) for group in answer.json["groups"]] if answer.status == 200 else answer.json["detail"]

    assert stale() == [(["events", "orders"], 17, "2026-01-01"), (["weeks"], 2, "2026-01-04")]
    assert ended(daemon, begin(daemon, "*", "all"))["status"] == "succeeded"
    assert "no partition of the selected assets is stale" in stale()
    daemon.wait(daemon.run("events", partitions=["2026-01-06"]))
    assert stale() == [(["orders"], 1, "2026-01-06"), (["weeks"], 1, "2026-01-04")]
    before = made(daemon)
    assert ended(daemon, begin(daemon, "*", "stale"))["status"] == "succeeded"
    assert made(daemon) - before == {"orders 2026-01-06": 1, "weeks 2026-01-04": 1}
    daemon.kill9()
    daemon.start()
    assert "is stale" in stale()
    (daemon.project / "assetd.yaml").write_text(feed.replace("key: orders", "key: orders\n    code_version: two"))
    assert daemon.request("POST", "/definitions/reload").status == 200
    assert stale() == [(["orders"], 17, "2026-01-01"), (["weeks"], 2, "2026-01-04")]


def test_a_hundred_thousand_are_queued_at_once_and_nothing_starts_after_a_cancel(start):
    daemon = start(project(shell("hours", NOTE, [], "partitions: {hourly: {start: 2015-01-01, end: 2026-06-01}}")))
    backfill = begin(daemon, "hours", "all", max_runs=4)
    assert shown(daemon, backfill)["partitions_total"] == 100_056
    wait_until(lambda: len(made(daemon)) > 5, "a few steps")
    assert daemon.request("POST", f"/backfills/{backfill}/cancel", {"reason": "wrong year"}).status == 202
    last = ended(daemon, backfill)
    runs = daemon.items(f"/runs?backfill={backfill}")
    assert last["status"] == "canceled" and last["runs_made"] == len(runs) and all(run["status"] in ("succeeded", "canceled") for run in runs)
    counts = last["counts"]
    assert counts["waiting"] == 0 and counts["succeeded"] + counts["canceled"] == 100_056 and "-" not in last["groups"][0]["status"], "what never began was canceled"
    assert last["groups"][0]["counts"]["canceled"] == counts["canceled"]
    assert daemon.request("POST", f"/backfills/{backfill}/cancel").status == 202
    assert daemon.request("POST", f"/backfills/{backfill}/pause").status == 409
    before = sum(made(daemon).values())
    daemon.wait(daemon.run("hours", partitions=["2020-01-01-00:00"]))
    assert sum(made(daemon).values()) == before + 1, "nothing of the backfill began meanwhile"


def test_a_pause_holds_what_waits_and_survives_a_restart(start):
    daemon = start(project(shell("letters", f'{waits_for("go")}; echo "$ASSETD_PARTITION" >> made', [], "partitions: {static: [a, b, c, d, e]}")))
    backfill = begin(daemon, "letters", "all", max_runs=2, order="newest")
    wait_until(lambda: len(shown(daemon, backfill)["active_runs"]) == 2, "two runs")
    assert daemon.request("POST", f"/backfills/{backfill}/pause", {"reason": "peak hours"}).status == 200
    (daemon.project / "go").touch()
    wait_until(lambda: shown(daemon, backfill)["counts"]["succeeded"] == 2, "the two to end")
    daemon.kill9()
    daemon.start()
    paused = shown(daemon, backfill)
    assert paused["status"] == "paused" and paused["reason"] == "peak hours" and paused["active_runs"] == [] and set(made(daemon)) == {"d", "e"}
    assert daemon.request("POST", f"/backfills/{backfill}/resume").status == 200
    assert ended(daemon, backfill)["status"] == "succeeded"
    assert [entry["action"] for entry in daemon.items("/audit") if entry["action"].startswith("backfill")] == ["backfill.resume", "backfill.pause", "backfill.create"]


def test_keys_of_a_target_lead_along_the_mappings_of_the_selection(start):
    daemon = start(project(shell("days", NOTE, [], "partitions: {daily: {start: 2026-01-01, end: 2026-03-01}}"), shell("month", NOTE, ["days"], "partitions: {monthly: {start: 2026-01-01}}"),
                           shell("regions", NOTE, [], "partitions: {static: [eu, us, asia]}"),
                           shell("sides", NOTE, [], "deps: [{asset: regions, partitions: {map: {west: [eu, us], east: asia}}}]\npartitions: {static: [west, east]}")))
    assert ended(daemon, begin(daemon, "+month", {"from": "2026-01-01", "to": "2026-01-01"}, max_runs=31))["status"] == "succeeded"
    assert made(daemon) == collections.Counter([f"days 2026-01-{day:02}" for day in range(1, 32)] + ["month 2026-01-01"])
    (daemon.project / "made").unlink()
    assert ended(daemon, begin(daemon, "regions+", ["asia"]))["status"] == ended(daemon, begin(daemon, "+sides", ["west"]))["status"] == "succeeded"
    assert made(daemon) == collections.Counter(["regions asia", "sides east", "regions eu", "regions us", "sides west"])


def test_many_in_one_run_where_the_asset_takes_them(start):
    script = 'echo "$ASSETD_PARTITION_START $ASSETD_PARTITION_END" >> made'
    daemon = start(project(shell("days", script, [], "partitions: {daily: {start: 2026-01-01, end: 2026-01-31}, per_process: all}"), shell("tens", script, [], "partitions: {daily: {start: 2026-01-01, end: 2026-01-26}, per_process: 10}")))
    ended(daemon, begin(daemon, "*", "all"))
    assert made(daemon) == {"2026-01-01 2026-01-30": 1, "2026-01-01 2026-01-10": 1, "2026-01-11 2026-01-20": 1, "2026-01-21 2026-01-25": 1}


def test_many_in_one_run_also_where_they_wait_for_others_one_by_one(start):
    more = "partitions: {daily: {start: 2026-01-01, end: 2026-01-09}, per_process: %s}"
    script = 'echo "$ASSETD_ASSET_KEY $ASSETD_PARTITION_START $ASSETD_PARTITION_END" >> made'
    daemon = start(project(shell("days", script, [], more % 1), shell("threes", script, ["days"], more % 3), shell("whole", script, ["days"], more % "all")))
    preview = daemon.post("/backfills", {"select": "*", "partitions": "all", "dry_run": True})
    runs = {group["assets"][0]: group["runs"] for group in preview["groups"]}
    assert runs == {"days": 8, "threes": 3, "whole": 1}
    backfill = begin(daemon, "*", "all")
    assert ended(daemon, backfill)["runs_made"] == 12
    assert made(daemon)["whole 2026-01-01 2026-01-08"] == 1


def test_of_checks_alone_it_takes_what_has_some_that_run_by_themselves(start):
    twenty = "partitions: {daily: {start: 2026-01-01, end: 2026-01-21}}"
    own = "\nchecks: [{name: rows, run: {command: [sh, -c, 'echo \"rows $ASSETD_PARTITION\" >> made']}}]"
    daemon = start(project(shell("told", NOTE, [], twenty + "\nchecks: [{name: said}]"), shell("bare", NOTE, [], twenty), shell("checked", NOTE, ["told"], twenty + own)))
    for select in ("told", "bare", "told or bare"):
        refused = daemon.request("POST", "/backfills", {"select": select, "partitions": "all", "steps": "checks"})
        assert refused.status == 422 and "run by itself" in refused.text
    backfill = begin(daemon, "*", "all", steps="checks")
    assert ended(daemon, backfill)["status"] == "succeeded" and [group["assets"] for group in shown(daemon, backfill)["groups"]] == [["checked"]]
    assert made(daemon) == {f"rows 2026-01-{day:02}": 1 for day in range(1, 21)}


def test_it_ends_and_says_so_when_its_assets_are_divided_otherwise(start):
    daemon = start(project(shell("letters", waits_for("go"), [], "partitions: {static: [a, b, c]}")))
    backfill = begin(daemon, "letters", "all", max_runs=1)
    wait_until(lambda: shown(daemon, backfill)["active_runs"], "a run")
    text = (daemon.project / "assetd.yaml").read_text()
    (daemon.project / "assetd.yaml").write_text(text.replace("[a, b, c]", "[x, y]"))
    assert daemon.request("POST", "/definitions/reload").status == 200
    (daemon.project / "go").touch()
    last = ended(daemon, backfill)
    assert last["status"] == "failed" and last["reason"] == "definition_changed" and "divided otherwise" in last["detail"]


def test_it_goes_on_under_a_new_name_and_from_an_earlier_start(start):
    daemon = start(project(shell("days", f'{waits_for("go")}; {NOTE}', [], "partitions: {daily: {start: 2026-02-01, end: 2026-02-06}}")))
    backfill = begin(daemon, "days", "all", max_runs=1)
    wait_until(lambda: shown(daemon, backfill)["active_runs"], "a run")
    file = daemon.project / "assetd.yaml"
    file.write_text(file.read_text().replace("key: days", "key: dates\n    renamed_from: days").replace("start: 2026-02-01", "start: 2026-01-01"))
    assert daemon.request("POST", "/definitions/reload").status == 200
    (daemon.project / "go").touch()
    last = ended(daemon, backfill)
    assert last["status"] == "succeeded" and last["counts"]["succeeded"] == 5, last
    assert made(daemon) == collections.Counter(["days 2026-02-01"] + [f"dates 2026-02-{day:02}" for day in range(2, 6)])
    assert last["groups"][0]["assets"] == ["dates"] and last["groups"][0]["keys"] == [f"2026-02-{day:02}" for day in range(1, 6)]


def test_it_says_which_keys_were_removed_and_how_to_go_on(start):
    daemon = start(project(shell("mail", f'{waits_for("go")}; {NOTE}', [], "partitions: {dynamic: customers}")))
    assert daemon.request("POST", "/partitions/customers", {"add": ["ann", "bob", "cleo"]}).status == 200
    backfill = begin(daemon, "mail", "all", max_runs=1)
    wait_until(lambda: shown(daemon, backfill)["active_runs"], "a run")
    assert daemon.request("POST", "/partitions/customers", {"remove": ["bob", "cleo"]}).status == 200
    (daemon.project / "go").touch()
    last = ended(daemon, backfill)
    assert last["status"] == "failed" and last["reason"] == "keys_removed" and last["counts"]["skipped"] == 2, last
    assert "2 partitions were skipped, as their keys were removed: bob, cleo" in last["detail"]
    refused = daemon.request("POST", f"/backfills/{backfill}/retry")
    assert refused.status == 409 and "add them again first" in refused.text, refused.text
    assert daemon.request("POST", "/partitions/customers", {"add": ["bob", "cleo"]}).status == 200
    assert daemon.request("POST", f"/backfills/{backfill}/retry").status == 200
    assert ended(daemon, backfill)["status"] == "succeeded" and made(daemon)["mail ann"] == 1


def test_wrong_requests_are_refused(start):
    daemon = start(project(shell("letters", "true", [], "partitions: {static: [a]}"), shell("plain", "true")))
    for body, words in (({"select": "plain", "partitions": "all"}, "none of the selected assets has partitions"), ({"select": "letters", "partitions": "failed"}, "is failed"),
                        ({"select": "letters"}, "'partitions' is missing"), ({"select": "letters", "partitions": []}, "at least 1 item"), ({"select": "nobody", "partitions": "all"}, "nobody"), ({"select": "letters", "partitions": "all", "max_runs": 0}, "must be from 1")):
        answer = daemon.request("POST", "/backfills", body)
        assert answer.status == 422 and words in answer.text, (body, answer.text)
    assert daemon.request("GET", "/backfills/99").status == 404 and daemon.request("POST", "/backfills/99/cancel").status == 404 and daemon.request("GET", "/backfills/x").status == 404
