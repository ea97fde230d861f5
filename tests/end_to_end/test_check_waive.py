"""A failed check is let pass for some time: who may go on, who sees it, and how it ends."""

import datetime
import json

import pytest
from daemon import Refused
from projects import project, shell
from waiting import wait_until

CHECK = """checks:
  - {name: unique, run: {plugin: exec, command: [/bin/sh, -c, "test -e good"]}, severity: error, blocking: true}
"""
ASSETS = [shell("raw", "true"), shell("stg", "true", ["raw"], more=CHECK), shell("gold", "true", ["stg"]), shell("model", "true", ["gold"])]


def waivers(daemon, key):
    asset = daemon.get(f"/assets/{key}")
    return [(each["check"], each["by"], each["reason"]) for each in asset["waivers"]], [(each["key"], each["check"]) for each in asset["waived_upstream"]]


def audited(daemon):
    return [(each["action"], each["subject"]) for each in daemon.items("/audit") if each["action"].startswith("check.")]


def fail(daemon):
    run = daemon.run("*")
    assert daemon.wait(run)["status"] == "failed"
    return run


def test_a_retry_goes_on_past_a_waived_check_and_everything_below_says_so(start):
    daemon = start(project(*ASSETS))
    run = fail(daemon)
    before = daemon.steps(run)
    answer = daemon.post(f"/runs/{run}/checks/unique/waive", {"reason": "the supplier knows"})
    assert (answer["key"], answer["check"], answer["reason"], answer["run_id"]) == ("stg", "unique", "the supplier knows", run)
    until = datetime.datetime.fromisoformat(answer["until"]) - datetime.datetime.fromisoformat(answer["at"])
    assert until == datetime.timedelta(hours=24)
    assert daemon.steps(run) == before, "what has ended stays as it is"
    assert waivers(daemon, "stg") == ([("unique", "anonymous", "the supplier knows")], [])
    assert waivers(daemon, "gold") == waivers(daemon, "model") == ([], [("stg", "unique")])
    assert waivers(daemon, "raw") == ([], [])
    (cause,) = daemon.get(f"/runs/{run}")["causes"]
    assert cause["waiver"]["reason"] == "the supplier knows"

    retried = daemon.retry(run)
    assert daemon.wait(retried)["status"] == "succeeded"
    assert daemon.statuses(retried) == {"stg": "succeeded", "gold": "succeeded", "model": "succeeded"}
    (check,) = daemon.steps(retried)["stg"]["checks"]
    assert (check["status"], check["severity"]) == ("warned", "warn")
    assert check["waived"].startswith("waived by anonymous until ") and check["waived"].endswith(": the supplier knows")
    (newest, older) = daemon.items("/assets/stg/checks")
    assert newest["waived"] == check["waived"] and older["waived"] is None and older["status"] == "failed"
    listed = {each["key"]: each for each in daemon.items("/assets")}
    assert [each["check"] for each in listed["model"]["waived_upstream"]] == ["unique"], "also in the list, which is cached"
    (one,) = daemon.get("/waivers")["items"]
    assert (one["key"], one["below"]) == ("stg", 2)
    assert audited(daemon) == [("check.waive", "check unique of stg")]
    (event,) = [each for each in daemon.items("/assets/stg/events") if each["type"] == "check_waived"]
    assert event["changes"]["waived"] is True and event["changes"]["reason"] == "the supplier knows"


def test_a_waiver_outlives_the_daemon_and_ends_when_the_check_passes(start):
    daemon = start(project(*ASSETS))
    run = fail(daemon)
    daemon.post(f"/runs/{run}/checks/unique/waive", {"reason": "known"})
    daemon.kill9()
    daemon.start()
    assert waivers(daemon, "model") == ([], [("stg", "unique")])
    assert daemon.wait(daemon.retry(run))["status"] == "succeeded"
    (daemon.project / "good").touch()
    assert daemon.wait(daemon.run("stg"))["status"] == "succeeded"
    assert waivers(daemon, "stg") == waivers(daemon, "model") == ([], [])
    ended = [each["changes"] for each in daemon.items("/assets/stg/events") if each["type"] == "check_waived"][0]
    assert ended == {"waived": False, "how": "passed"}
    (daemon.project / "good").unlink()
    fail(daemon)


def test_a_waiver_ends_at_its_time(start):
    daemon = start(project(*ASSETS))
    run = fail(daemon)
    soon = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)).isoformat()
    daemon.post(f"/runs/{run}/checks/unique/waive", {"reason": "for a moment", "until": soon})
    wait_until(lambda: [each for each in daemon.items("/assets/stg/events") if each["changes"].get("how") == "over"], "the end of the waiver")
    assert waivers(daemon, "stg") == waivers(daemon, "gold") == ([], [])
    fail(daemon)


def test_it_is_withdrawn_and_done_by_the_command_line(start):
    daemon = start(project(*ASSETS))
    run = fail(daemon)
    done = daemon.ctl("waive", run, "unique", "--reason", "they know", "--for", "2h")
    assert done.returncode == 0 and "check unique of stg counts as a warning until" in done.stdout, done.stdout + done.stderr
    assert "they know" in daemon.ctl("waivers").stdout
    assert "waived above" in daemon.ctl("assets", "show", "model").stdout
    assert "waived by anonymous until" in daemon.ctl("runs", "show", run).stdout
    assert daemon.ctl("unwaive", "stg", "unique", "--reason", "no more").returncode == 0
    assert waivers(daemon, "gold") == ([], [])
    assert daemon.ctl("waivers").stdout == "no check is waived\n"
    assert audited(daemon) == [("check.unwaive", "check unique of stg"), ("check.waive", "check unique of stg")]
    fail(daemon)
    history = daemon.ctl("assets", "checks", "stg", "--check", "unique")
    assert history.returncode == 0 and history.stdout.count("failed") >= 2, history.stdout


def test_what_cannot_be_waived_is_refused(start):
    daemon = start(project(*ASSETS))
    run = fail(daemon)

    def refused(path, body):
        with pytest.raises(Refused) as told:
            daemon.post(path, body)
        return told.value.answer.status, told.value.answer.json["detail"]

    assert refused(f"/runs/{run}/checks/unque/waive", {"reason": "x"}) == (404, f"run {run} has no result of a check 'unque'; nearest: 'unique'")
    assert refused("/runs/999/checks/unique/waive", {"reason": "x"})[0] == 404
    assert refused(f"/runs/{run}/checks/unique/waive", {"reason": "  "})[0] == 422
    assert refused(f"/runs/{run}/checks/unique/waive", {})[0] == 422
    assert refused(f"/runs/{run}/checks/unique/waive", {"reason": "x", "until": "2020-01-01T00:00:00Z"})[0] == 422
    assert refused(f"/runs/{run}/checks/unique/waive", {"reason": "x", "until": "tomorrow"})[0] == 422
    assert refused(f"/runs/{run}/checks/unique/waive", {"reason": "x", "key": "gold"}) == (404, f"run {run} has no result of a check 'unique' of 'gold'")
    assert refused("/assets/stg/checks/unique/unwaive", {})[0] == 404
    (daemon.project / "good").touch()
    good = daemon.run("*")
    daemon.wait(good)
    assert refused(f"/runs/{good}/checks/unique/waive", {"reason": "x"}) == (409, f"check 'unique' of run {good} did not fail with severity error")
    assert daemon.get("/waivers")["items"] == []


def test_of_several_checks_of_one_name_the_failed_one_is_meant(start):
    bad, good = CHECK, CHECK.replace("test -e good", "true")
    daemon = start(project(shell("a", "true", more=bad), shell("b", "true", more=good)))
    run = fail(daemon)
    assert daemon.post(f"/runs/{run}/checks/unique/waive", {"reason": "x"})["key"] == "a"
    daemon = start(project(shell("a", "true", more=bad), shell("b", "true", more=bad)))
    run = fail(daemon)
    with pytest.raises(Refused) as told:
        daemon.post(f"/runs/{run}/checks/unique/waive", {"reason": "x"})
    assert told.value.answer.status == 409
    assert daemon.post(f"/runs/{run}/checks/unique/waive", {"reason": "x", "key": "b"})["key"] == "b"


def test_the_same_request_is_done_once(start):
    daemon = start(project(*ASSETS))
    run = fail(daemon)
    answers = [daemon.request("POST", f"/runs/{run}/checks/unique/waive", {"reason": "x"}, {"Idempotency-Key": "k"}).json for _ in range(2)]
    assert json.dumps(answers[0]["at"]) == json.dumps(answers[1]["at"])
    assert len(audited(daemon)) == 1


def test_a_pass_in_another_partition_ends_no_waiver(start):
    check = "partitions: {static: [x, y, z]}\n" + CHECK.replace("test -e good", "test -e good_$ASSETD_PARTITION")
    daemon = start(project(shell("stg", "true", more=check)))

    def made(partition):
        run = daemon.wait(daemon.run("stg", partitions=[partition]))
        return run["status"], daemon.steps(run["id"])["stg"]["checks"][0]["status"]

    (daemon.project / "good_z").touch()
    assert made("y") == ("failed", "failed")
    run = daemon.run("stg", partitions=["x"])
    assert daemon.wait(run)["status"] == "failed"
    daemon.post(f"/runs/{run}/checks/unique/waive", {"reason": "known"})
    assert made("z") == ("succeeded", "passed")
    assert waivers(daemon, "stg")[0], "x and y failed"
    assert made("x") == ("succeeded", "warned")
    (daemon.project / "good_y").touch()
    assert made("y") == ("succeeded", "passed")
    daemon.kill9()
    daemon.start()
    assert made("z") == ("succeeded", "passed")
    assert waivers(daemon, "stg")[0], "no failed one is left, but x was let pass"
    (daemon.project / "good_x").touch()
    assert made("x") == ("succeeded", "passed")
    assert waivers(daemon, "stg") == ([], [])


DIVIDED = "partitions: {static: [x, y]}\n"
BY_PARTITION = [
    shell("stg", "true", more=DIVIDED + CHECK.replace("test -e good", "test -e good_$ASSETD_PARTITION")),
    shell("gold", "true", ["stg"], more=DIVIDED),
]


def made(daemon, run):
    return {(each["key"], each["partition"]): each["status"] for each in daemon.items(f"/runs/{run}/steps")}


def fail_in_both(daemon):
    run = daemon.run("*", partitions=["x", "y"])
    assert daemon.wait(run)["status"] == "failed"
    assert made(daemon, run) == {("stg", "x"): "failed", ("stg", "y"): "failed", ("gold", "x"): "skipped", ("gold", "y"): "skipped"}
    return run


def test_a_failure_that_is_waived_in_one_partition_holds_the_others_back(start):
    daemon = start(project(*BY_PARTITION))
    run = fail_in_both(daemon)
    answer = daemon.post(f"/runs/{run}/checks/unique/waive", {"reason": "x is known", "partition": "x"})
    assert (answer["key"], answer["check"], answer["partition"]) == ("stg", "unique", "x")
    causes = {each["partition"]: each["waiver"] and each["waiver"]["partition"] for each in daemon.get(f"/runs/{run}")["causes"]}
    assert causes == {"x": "x", "y": None}
    daemon.kill9()
    daemon.start()

    retried = daemon.retry(run)
    assert daemon.wait(retried)["status"] == "failed"
    assert made(daemon, retried) == {("stg", "x"): "succeeded", ("gold", "x"): "succeeded", ("stg", "y"): "failed", ("gold", "y"): "skipped"}
    told = {each["partition"]: (each["status"], each["waived"]) for each in daemon.items("/assets/stg/checks")[:2]}
    assert told["x"][0] == "warned" and told["x"][1].endswith(": x is known")
    assert told["y"] == ("failed", None)
    (above,) = daemon.get("/assets/gold")["waived_upstream"]
    assert (above["key"], above["partition"]) == ("stg", "x")
    (event,) = [each for each in daemon.items("/assets/stg/events") if each["type"] == "check_waived"]
    assert event["subject"] == {"key": "stg", "check": "unique", "partition": "x"}
    (entry,) = [each for each in daemon.items("/audit") if each["action"] == "check.waive"]
    assert entry["detail"]["partition"] == "x"

    (daemon.project / "good_y").touch()
    assert daemon.wait(daemon.run("stg", partitions=["y"]))["status"] == "succeeded"
    assert [each["partition"] for each in daemon.get("/waivers")["items"]] == ["x"], "a pass in another partition is none in this"
    (daemon.project / "good_x").touch()
    assert daemon.wait(daemon.run("stg", partitions=["x"]))["status"] == "succeeded"
    assert daemon.get("/waivers")["items"] == []


def test_waivers_of_partitions_by_the_command_line_and_withdrawn_one_by_one_or_all(start):
    daemon = start(project(*BY_PARTITION))
    run = fail_in_both(daemon)
    done = daemon.ctl("waive", run, "unique", "--reason", "they know", "--partition", "x")
    assert done.returncode == 0 and "check unique of stg in partition x counts as a warning until" in done.stdout, done.stdout + done.stderr
    for partition in ("y", None):
        daemon.post(f"/runs/{run}/checks/unique/waive", {"reason": "all of it"} | ({"partition": partition} if partition else {}))
    assert [each["partition"] for each in daemon.get("/assets/stg")["waivers"]] == [None, "x", "y"]
    assert "PARTITION" in daemon.ctl("waivers").stdout
    assert "unique in partition x by" in daemon.ctl("assets", "show", "gold").stdout
    done = daemon.ctl("unwaive", "stg", "unique", "--partition", "x")
    assert done.stdout == "check unique of stg in partition x counts again\n", done.stdout + done.stderr
    assert [each["partition"] for each in daemon.get("/assets/stg")["waivers"]] == [None, "y"]
    assert daemon.wait(daemon.run("stg", partitions=["x"]))["status"] == "succeeded", "that for all stands"
    assert daemon.ctl("unwaive", "stg", "unique").returncode == 0
    assert daemon.get("/waivers")["items"] == []
    fail_in_both(daemon)


def test_of_a_partition_that_did_not_fail_nothing_is_waived(start):
    daemon = start(project(*BY_PARTITION, shell("whole", "true", more=CHECK.replace("unique", "whole"))))
    (daemon.project / "good_y").touch()
    run = daemon.run("*", partitions=["x", "y"])
    assert daemon.wait(run)["status"] == "failed"

    def refused(path, partition):
        with pytest.raises(Refused) as told:
            daemon.post(path, {"reason": "known", "partition": partition})
        return told.value.answer.status, told.value.answer.json["detail"]

    waive = f"/runs/{run}/checks/%s/waive"
    assert refused(waive % "unique", "xx") == (404, f"run {run} has no result of a check 'unique' in partition 'xx'; nearest: 'x'")
    assert refused(waive % "unique", "y") == (409, f"check 'unique' of run {run} did not fail with severity error in partition 'y'")
    assert refused(waive % "whole", "x") == (404, f"run {run} has no result of a check 'whole' in partition 'x': its results name no partition, waive it without one")
    assert refused("/assets/stg/checks/unique/unwaive", "x")[0] == 404
    assert daemon.post(waive % "unique", {"reason": "x failed, though y was the last to be judged"})["partition"] is None
