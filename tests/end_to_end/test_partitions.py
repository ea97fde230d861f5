"""Partitions: each a step of its own, told its key and its window; dependencies between grains; keys that come and go; what is missing and what failed."""

from projects import copy_example, project, say, shell, waits_for
from waiting import wait_until

DAYS = "partitions: {daily: {start: 2026-01-01}}"
WEEKS = "partitions: {weekly: {start: 2026-01-04}}"
LETTERS = "partitions: {static: [a, b, c]}"
NOTE = 'echo "$ASSETD_ASSET_KEY $ASSETD_PARTITION" >> made; [ ! -e "fail-$ASSETD_PARTITION" ]'
CHAIN = project(shell("days", NOTE, [], DAYS), shell("weeks", NOTE, ["days"], WEEKS), shell("total", "echo total >> made", ["weeks"]))


def names(steps):
    return [step["key"] + ("@" + step["partition"] if step["partition"] else "") for step in steps]


def statuses(daemon, run):
    return {name: step["status"] for step in steps_of(daemon, run) for name in names([step])}


def steps_of(daemon, run):
    return daemon.items(f"/runs/{run}/steps")


def counts(daemon, asset):
    found = daemon.get(f"/assets/{asset}/partitions/map")["counts"]
    assert found.pop("check_failed") == 0
    return found


def test_a_week_is_made_after_its_days_and_only_from_them(start):
    daemon = start(CHAIN)
    run = daemon.run("*", partitions={"from": "2026-01-04", "to": "2026-01-10"})
    assert daemon.wait(run)["status"] == "succeeded"
    steps = steps_of(daemon, run)
    assert names(steps) == [f"days@2026-01-{day:02}" for day in range(4, 11)] + ["weeks@2026-01-04", "total"]
    made = (daemon.project / "made").read_text().splitlines()
    assert len(made) == 9 and made[7:] == ["weeks 2026-01-04", "total"]
    assert daemon.get(f"/runs/{run}")["partitions"] == "2026-01-04 … 2026-01-10 (7)"
    assert counts(daemon, "days")["materialized"] == 7 and counts(daemon, "weeks")["materialized"] == 1
    item = next(item for item in daemon.items("/assets/days/partitions?status=materialized") if item["key"] == "2026-01-07")
    assert item["window"] == {"start": "2026-01-07T00:00:00.000Z", "end": "2026-01-08T00:00:00.000Z"} and item["run_id"] == run
    assert [row["partition"] for row in daemon.items("/assets/days/materializations?partition=2026-01-05")] == ["2026-01-05"]


def test_a_failed_day_skips_its_week_and_is_retried_alone(start):
    daemon = start(CHAIN)
    (daemon.project / "fail-2026-01-06").touch()
    run = daemon.run("*", partitions={"from": "2026-01-04", "to": "2026-01-17"})
    ended = daemon.wait(run)
    assert ended["status"] == "failed" and [(cause["key"], cause["partition"], cause["skipped"]) for cause in ended["causes"]] == [("days", "2026-01-06", 2)]
    hint = next(line for line in daemon.ctl("runs", "show", str(run)).stdout.splitlines() if "runs logs" in line).split()
    assert hint == ["assetctl", "runs", "logs", str(run), "--step", "days", "--partition", "2026-01-06"] and daemon.ctl(*hint[1:]).returncode == 0
    told = statuses(daemon, run)
    assert told["weeks@2026-01-04"] == "skipped" and told["weeks@2026-01-11"] == "succeeded" and told["total"] == "skipped"
    week = next(step for step in steps_of(daemon, run) if step["key"] == "weeks" and step["status"] == "skipped")
    assert [(cause["key"], cause["partition"]) for cause in week["root_causes"]] == [("days", "2026-01-06")]
    assert daemon.get("/assets/days")["status"] == "failed" and counts(daemon, "days")["failed"] == 1
    assert "2026-01-06" in daemon.ctl("partitions", "list", "days", "--status", "failed").stdout
    daemon.kill9()
    daemon.start()
    (daemon.project / "fail-2026-01-06").unlink()
    again = daemon.retry(run)
    assert daemon.wait(again)["status"] == "succeeded"
    assert sorted(names(steps_of(daemon, again))) == ["days@2026-01-06", "total", "weeks@2026-01-04"]
    assert daemon.get("/assets/days")["status"] == "materialized" and counts(daemon, "days")["failed"] == 0


def test_what_nobody_names_is_the_last_window_and_all_other_keys(start):
    daemon = start(project(shell("days", NOTE, [], "partitions: {daily: {start: 2026-01-01, end: 2026-01-11}}"), shell("letters", NOTE, [], LETTERS)))
    planned = daemon.post("/runs", {"select": "*", "dry_run": True})
    assert names(planned["steps"]) == ["days@2026-01-10", "letters@a", "letters@b", "letters@c"]
    daemon.wait(daemon.run("letters", partitions=["b"]))
    run = daemon.run("letters", partitions="missing")
    daemon.wait(run)
    assert names(steps_of(daemon, run)) == ["letters@a", "letters@c"]
    refused = daemon.request("POST", "/runs", {"select": "letters", "partitions": "missing"})
    assert refused.status == 422 and "nothing that is asked for is there, missing or failed" in refused.text
    assert daemon.ctl("materialize", "letters", "--partition", "a", "--wait").returncode == 0


def test_wrong_partitions_are_refused_with_what_would_do(start):
    daemon = start(project(shell("days", NOTE, [], DAYS), shell("letters", NOTE, [], LETTERS), shell("plain", "true")))
    for select, partitions, words in (("days", ["yesterday"], "no selected asset has a partition"), ("days or letters", ["2026-01-05"], "say nothing about letters"),
                                      ("plain", ["a"], "none of the selected assets has partitions"), ("letters", {"from": "c", "to": "a"}, "comes before"), ("letters", "nothing", "takes latest"),
                                      ("letters", {"from": "a"}, "'to' is missing"), ("letters", 7, "must be of type"), ("letters", [""], "must not be empty")):
        answer = daemon.request("POST", "/runs", {"select": select, "partitions": partitions})
        assert answer.status == 422 and words in answer.text, (partitions, answer.text)
        assert answer.json["errors"][0]["pointer"].startswith("/partitions"), answer.text
    assert "a range needs both" in daemon.ctl("materialize", "days", "--from", "2026-01-01").stderr


def test_one_process_takes_many_where_its_asset_says_so_and_hears_of_all(start):
    script = 'echo "$ASSETD_PARTITION_START $ASSETD_PARTITION_END $ASSETD_WINDOW_START $ASSETD_WINDOW_END [$ASSETD_PARTITION]" >> made; echo "$ASSETD_PARTITIONS" | wc -l >> made'
    daemon = start(project(shell("days", script, [], "partitions: {daily: {start: 2026-01-01, timezone: Europe/London}, per_process: 3}")))
    run = daemon.run("days", partitions={"from": "2026-03-28", "to": "2026-03-31"})
    assert daemon.wait(run)["status"] == "succeeded"
    assert sorted((daemon.project / "made").read_text().splitlines()) == ["1", "2026-03-28 2026-03-30 2026-03-28T00:00:00.000Z 2026-03-30T23:00:00.000Z []", "2026-03-31 2026-03-31 2026-03-30T23:00:00.000Z 2026-03-31T23:00:00.000Z [2026-03-31]", "3"]
    assert len({step["attempts"][0]["id"] for step in steps_of(daemon, run)}) == 2 and len(steps_of(daemon, run)) == 4


def test_keys_come_and_go_and_survive_a_crash(start):
    daemon = start(project(shell("letters", NOTE, [], "partitions: {dynamic: customers}")))
    assert daemon.request("POST", "/runs", {"select": "letters"}).status == 422
    answer = daemon.post("/partitions/customers", {"add": ["ann", "bob"]})
    assert answer["added"] == ["ann", "bob"] and answer["total"] == 2
    assert daemon.post("/partitions/customers", {"add": ["ann"], "remove": ["zoe"]})["added"] == []
    daemon.kill9()
    daemon.start()
    run = daemon.run("letters")
    daemon.wait(run)
    assert names(steps_of(daemon, run)) == ["letters@ann", "letters@bob"]
    assert "1 removed" in daemon.ctl("partitions", "remove", "customers", "ann").stdout
    assert daemon.request("POST", "/runs", {"select": "letters", "partitions": ["ann"]}).status == 422
    assert daemon.get("/partitions/customers")["keys"] == ["bob"] and counts(daemon, "letters") == {"total": 1, "materialized": 1, "failed": 0, "missing": 0}
    daemon.post("/partitions/customers", {"add": ["ann"]})
    assert counts(daemon, "letters")["materialized"] == 2, "a key that comes back is the partition it was"
    assert daemon.request("POST", "/partitions/nobodys", {"add": ["x"]}).status == 404
    assert daemon.request("POST", "/partitions/customers", {"add": ["a|b"]}).status == 422
    refused = daemon.request("POST", "/partitions/customers", {"add": ["dan", "latest"]})
    assert refused.status == 422 and '/add/1' in refused.text and "the word chooses partitions" in refused.text
    assert [entry["action"] for entry in daemon.items("/audit") if entry["action"] == "partitions.change"] == ["partitions.change"] * 3


def test_an_asset_does_not_stay_failed_for_a_partition_that_was_removed(start):
    daemon = start(project(shell("letters", '[ "$ASSETD_PARTITION" != bad ]', [], "partitions: {dynamic: customers}")))
    daemon.post("/partitions/customers", {"add": ["bad", "good"]})
    assert daemon.wait(daemon.run("letters"))["status"] == "failed"
    assert daemon.get("/assets/letters")["status"] == "failed"
    daemon.post("/partitions/customers", {"remove": ["bad"]})
    assert daemon.get("/assets/letters")["status"] == "materialized"


CHECKED = """partitions: {dynamic: customers}
checks: [{name: rows, run: {command: [sh, -c, '[ "$ASSETD_PARTITION" != bad ]']}}]
"""


def test_neither_for_one_whose_check_failed_nor_for_one_that_fails_after_its_key_went(start):
    script = 'touch "at-$ASSETD_PARTITION"; [ "$ASSETD_PARTITION" != late ] || { ' + waits_for("go") + "; false; }"
    daemon = start(project(shell("letters", script, [], CHECKED)))
    daemon.post("/partitions/customers", {"add": ["bad", "good"]})
    assert daemon.wait(daemon.run("letters"))["status"] == "failed"
    daemon.post("/assets/letters/acknowledge", {"note": "mine"})
    assert daemon.get("/assets/letters")["checks"]["failed"] == 1
    daemon.post("/partitions/customers", {"remove": ["bad"]})
    letters = daemon.get("/assets/letters")
    assert letters["status"] == "materialized" and letters["checks"]["failed"] == 0 and letters["acknowledged"] is None, letters
    daemon.post("/partitions/customers", {"add": ["late"]})
    run = daemon.run("letters", partitions=["late"])
    wait_until((daemon.project / "at-late").exists, "a step that is under way")
    daemon.post("/partitions/customers", {"remove": ["late"]})
    (daemon.project / "go").touch()
    assert daemon.wait(run)["status"] == "failed"
    assert daemon.get("/assets/letters")["status"] == "materialized", "nobody could make it well"


def test_a_word_means_each_assets_own_also_of_one_that_is_not_divided(start):
    daemon = start(project(shell("letters", NOTE, [], LETTERS), shell("whole", "[ ! -e fail-whole ]"), shell("below", "true", ["whole"])))

    def planned(word, select="*"):
        answer = daemon.request("POST", "/runs", {"select": select, "partitions": word, "dry_run": True})
        return sorted(set(step["key"] for step in answer.json["steps"])) if answer.status == 200 else answer.json["detail"]

    assert planned("missing") == ["below", "letters", "whole"]
    daemon.wait(daemon.run("*", partitions="all"))
    for word in ("missing", "failed", "stale"):
        assert "no such partition" in planned(word), word
    (daemon.project / "fail-whole").touch()
    daemon.wait(daemon.run("whole"))
    assert planned("failed") == ["whole"] and "no such partition" in planned("missing")
    (daemon.project / "fail-whole").unlink()
    (daemon.project / "fail-b").touch()
    daemon.wait(daemon.run("whole"))
    daemon.wait(daemon.run("letters", partitions=["b"]))
    assert planned("failed") == ["letters"] and planned("stale") == ["below"]
    preview = daemon.post("/backfills", {"select": "*", "partitions": "failed", "dry_run": True})
    assert [(group["assets"], group["partitions"]) for group in preview["groups"]] == [(["letters"], 1)]


def test_a_step_adds_and_removes_keys_with_all_else_that_it_says(start):
    daemon = start(project(shell("crm", "python3 say.py"), shell("letters", NOTE, ["crm"], "partitions: {dynamic: customers}")))

    def keys_after(*messages):
        say(daemon, *messages)
        assert daemon.wait(daemon.run("crm"))["status"] == "succeeded"
        return daemon.get("/partitions/customers")["keys"]

    assert keys_after(("assetd.add_partitions", {"set": "customers", "keys": ["ann", "bob", "a|b"]})) == ["ann", "bob"]
    assert daemon.wait(daemon.run("letters"))["status"] == "succeeded"
    assert keys_after(("assetd.add_partitions", {"set": "customers", "keys": ["cleo", "bob"]}), ("assetd.remove_partitions", {"set": "customers", "keys": ["ann", "zoe"]}),
                      ("report_asset_materialization", {"metadata": {"customers": 2}})) == ["bob", "cleo"]
    assert daemon.get("/assets/crm")["last_materialization"]["metadata"] == {"customers": 2}
    assert counts(daemon, "letters") == {"total": 2, "materialized": 1, "failed": 0, "missing": 1}
    daemon.kill9()
    daemon.start()
    assert daemon.get("/partitions/customers")["keys"] == ["bob", "cleo"]
    assert keys_after(("assetd.remove_partitions", {"set": "customers", "keys": ["zoe"]})) == ["bob", "cleo"]
    assert keys_after(("assetd.add_partitions", {"set": "customers", "keys": ["ann"]})) == ["ann", "bob", "cleo"]
    assert counts(daemon, "letters")["materialized"] == 2, "what was made of a key that comes back is there again"


def test_messages_about_partitions_that_cannot_be_change_nothing_and_stop_nobody(start):
    daemon = start(project(shell("crm", "python3 say.py"), shell("letters", NOTE, ["crm"], "partitions: {dynamic: customers}")))
    say(daemon, ("assetd.add_partitions", {"set": "customers", "keys": ["ann", 3, ""]}))
    daemon.wait(daemon.run("crm"))
    bad = ({"set": 3, "keys": ["x"]}, {"set": "customers", "keys": "ann"}, {"set": "nobodys", "keys": ["ann"]}, {"set": "customers"}, {}, ["customers"])
    say(daemon, *((method, params) for params in bad for method in ("assetd.add_partitions", "assetd.remove_partitions")))
    assert daemon.wait(daemon.run("crm"))["status"] == "succeeded"
    assert daemon.get("/partitions/customers")["keys"] == ["ann"]


def test_a_change_of_the_definitions_keeps_what_is_there_by_its_keys(start):
    daemon = start(project(shell("letters", NOTE, [], LETTERS)))
    daemon.wait(daemon.run("letters", partitions=["a", "c"]))
    text = (daemon.project / "assetd.yaml").read_text()
    (daemon.project / "assetd.yaml").write_text(text.replace("[a, b, c]", "[z, c, b, a]"))
    assert daemon.request("POST", "/definitions/reload").status == 200
    shown = daemon.get("/assets/letters/partitions/map")
    assert dict(zip(shown["keys"], shown["status"])) == {"z": "-", "c": "m", "b": "-", "a": "m"}
    daemon.kill9()
    daemon.start()
    assert counts(daemon, "letters") == {"total": 4, "materialized": 2, "failed": 0, "missing": 2}


def test_definitions_that_cannot_be_say_where(start):
    daemon = start(CHAIN)
    text = (daemon.project / "assetd.yaml").read_text()
    for good, bad, words in ((DAYS, "partitions: {daily: {}}", "needs a start"), (DAYS, "partitions: {daily: {start: soon}}", "no local time"), (DAYS, "partitions: {yearly: {}}", "unknown key"),
                             (DAYS, "partitions: {daily: {start: 2026-01-01, timezone: Europe/Londn}}", "Europe/London"), (DAYS, "partitions: [a]", "takes one of"),
                             (DAYS, "partitions: {static: [a, a]}", "stands twice"), (DAYS, "partitions: {multi: {a: {static: [x]}}}", "two dimensions"),
                             (DAYS, "partitions: {daily: {start: 2026-01-01}, per_process: none}", "a number of partitions"),
                             ("deps: [days]", "deps: [{asset: days, partitions: yesterday}]", "takes identity, all"), ("deps: [days]", "deps: [{asset: days, partitions: {map: {x: y}}}]", "no partition"),
                             ("deps: [weeks]", "deps: [{asset: weeks, partitions: {offset: -1}}]", "between windows of time")):
        assert good in text
        (daemon.project / "assetd.yaml").write_text(text.replace(good, bad, 1))
        checked = daemon.ctl("validate", "--project", str(daemon.project))
        assert checked.returncode != 0 and words in checked.stderr + checked.stdout and "assetd.yaml:" in checked.stderr + checked.stdout, (bad, checked.stdout, checked.stderr)


def test_the_example_makes_weeks_from_days_and_letters_for_whom_it_finds(start, tmp_path):
    daemon = start(copy_example("partitions", tmp_path))
    made = daemon.post("/backfills", {"select": "* and not customer_letter", "partitions": {"from": "2026-01-01", "to": "2026-03-01"}})
    wait_until(lambda: daemon.get(f"/backfills/{made['id']}")["status"] == "succeeded", "the backfill's end", seconds=300)
    assert counts(daemon, "bronze_events")["materialized"] == 60 and counts(daemon, "revenue_by_week")["materialized"] == 9
    run = daemon.run("customer_letter")
    assert daemon.wait(run)["status"] == "succeeded"
    assert names(steps_of(daemon, run)) == [f"customer_letter@{name}" for name in "abcde"]


def test_what_is_under_way_is_told_apart_from_how_it_stands(start):
    days = "partitions: {daily: {start: 2026-01-01, end: 2026-01-07}}"
    daemon = start(project(shell("days", f"[ ! -e slow ] || {waits_for('gate')}", [], days + "\npools: {one: 1}"), head="").replace("pools: {", "pools: {one: {slots: 1}, ", 1))
    assert daemon.wait(daemon.run("days", partitions=["2026-01-01", "2026-01-02"]))["status"] == "succeeded"
    (daemon.project / "slow").touch()
    run = daemon.run("days", partitions={"from": "2026-01-02", "to": "2026-01-03"})
    wait_until(lambda: "running" in [step["status"] for step in daemon.items(f"/runs/{run}/steps")], "one of them at work")
    backfill = daemon.post("/backfills", {"select": "days", "partitions": {"from": "2026-01-04", "to": "2026-01-06"}, "max_runs": 1})["id"]

    def shown():
        return daemon.get("/assets/days/partitions/map")

    letters = wait_until(lambda: (found := shown()) and found["under_way_counts"] == {"running": 1, "queued": 4} and found, "one runs, the others wait")
    assert letters["status"] == "mm----" and sorted(letters["under_way"][:3]) == ["-", "q", "r"] and letters["under_way"][3:] == "qqq"
    assert letters["counts"] == {"total": 6, "materialized": 2, "failed": 0, "missing": 4, "check_failed": 0}, "how it stands is not changed by what is to come"
    rows = {row["key"]: row["under_way"] for row in daemon.items("/assets/days/partitions")}
    assert rows["2026-01-01"] is None and {rows["2026-01-02"]["run_id"], rows["2026-01-03"]["run_id"]} == {run}
    assert rows["2026-01-06"] == {"status": "queued", "run_id": None}, "no run has it yet: the backfill will ask for it"
    (daemon.project / "gate").touch()
    wait_until(lambda: daemon.get(f"/backfills/{backfill}")["status"] == "succeeded", "the backfill's end")
    assert shown()["under_way"] == "------" and shown()["status"] == "mmmmmm"
