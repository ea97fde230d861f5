"""Conditions of divided assets are true of single partitions: only those are made."""

import datetime

from projects import project, say, shell
from waiting import wait_until

EAGER = "automation: eager"


def made(daemon):
    file = daemon.project / "made"
    return sorted(file.read_text().split()) if file.exists() else []


def says(key):
    return f'for p in $ASSETD_PARTITIONS; do echo {key}@$p >> made; done'


def automated(daemon):
    return [run for run in daemon.items("/runs") if run["trigger"]["kind"] == "automation"]


def rest(daemon):
    daemon.get("/automation")
    return not daemon.items("/runs?status=queued,running,canceling")


def test_a_key_that_comes_is_made_and_what_is_below_it_and_nothing_else(start):
    customers = "partitions: {dynamic: customers}\n"
    daemon = start(project(shell("profile", says("profile"), [], customers + "automation: on_missing"), shell("letter", says("letter"), ["profile"], customers + EAGER)))
    assert daemon.ctl("partitions", "add", "customers", "ada", "bob").returncode == 0
    wait_until(lambda: len(made(daemon)) == 4 and rest(daemon), "both customers")
    assert made(daemon) == ["letter@ada", "letter@bob", "profile@ada", "profile@bob"]
    daemon.ctl("partitions", "add", "customers", "cleo")
    wait_until(lambda: len(made(daemon)) == 6 and rest(daemon), "the third")
    assert made(daemon) == ["letter@ada", "letter@bob", "letter@cleo", "profile@ada", "profile@bob", "profile@cleo"]
    daemon.wait(daemon.run("profile", partitions=["bob"]))
    wait_until(lambda: len(made(daemon)) == 8 and rest(daemon), "bob's letter")
    assert made(daemon).count("profile@bob") == 2 and made(daemon).count("letter@bob") == 2 and made(daemon).count("letter@ada") == 1
    runs = automated(daemon)
    daemon.kill9()
    daemon.start()
    wait_until(lambda: rest(daemon), "rest after a crash")
    assert automated(daemon) == runs, "what was handled is remembered, partition by partition"


def test_a_key_that_a_step_adds_is_made_and_one_that_it_removes_is_not(start):
    customers = "partitions: {dynamic: customers}\n"
    daemon = start(project(shell("crm", "python3 say.py"), shell("profile", says("profile"), [], customers + "automation: on_missing")))
    say(daemon, ("assetd.add_partitions", {"set": "customers", "keys": ["ada", "bob"]}))
    daemon.wait(daemon.run("crm"))
    wait_until(lambda: len(made(daemon)) == 2 and rest(daemon), "both customers")
    say(daemon, ("assetd.add_partitions", {"set": "customers", "keys": ["cleo", "dan"]}), ("assetd.remove_partitions", {"set": "customers", "keys": ["ada", "dan"]}))
    daemon.wait(daemon.run("crm"))
    wait_until(lambda: len(made(daemon)) == 3 and rest(daemon), "the third")
    assert made(daemon) == ["profile@ada", "profile@bob", "profile@cleo"] and len(automated(daemon)) == 2


def test_a_region_that_fails_holds_back_nobody_else(start):
    regions = "partitions: {static: [eu, us, asia]}\n"
    daemon = start(project(shell("raw", f'{says("raw")}; case "$ASSETD_PARTITIONS" in *us*) [ -e mended ];; esac', [], regions), shell("report", says("report"), ["raw"], regions + EAGER)))
    run = daemon.run("raw", partitions=["eu", "us", "asia"])
    assert daemon.wait(run)["status"] == "failed"
    wait_until(lambda: made(daemon).count("report@eu") == 1 and made(daemon).count("report@asia") == 1 and rest(daemon), "the reports of the others")
    assert "report@us" not in made(daemon)
    (daemon.project / "mended").touch()
    daemon.wait(daemon.run("raw", partitions=["us"]))
    wait_until(lambda: "report@us" in made(daemon) and rest(daemon), "the last report")
    assert [made(daemon).count(f"report@{region}") for region in ("eu", "us", "asia")] == [1, 1, 1]


def test_a_check_that_fails_in_one_region_holds_back_that_one_until_it_passes_there(start):
    regions = "partitions: {static: [eu, us]}\n"
    sound = """checks:
  - {name: sound, severity: error, blocking: true, run: {plugin: exec, command: [/bin/sh, -c, '[ "$ASSETD_PARTITION" != us ] || [ -e mended ]']}}
"""
    condition = 'automation: "eager and all_deps(checks_passed)"'
    daemon = start(project(shell("raw", says("raw"), [], regions + sound), shell("report", says("report"), ["raw"], regions + condition)))
    assert daemon.wait(daemon.run("raw", partitions=["us"]))["status"] == "failed"
    assert daemon.wait(daemon.run("raw", partitions=["eu"]))["status"] == "succeeded"
    wait_until(lambda: "report@eu" in made(daemon) and rest(daemon), "the report of the region that is good")
    daemon.kill9()
    daemon.start()
    wait_until(lambda: rest(daemon), "rest after a crash")
    assert "report@us" not in made(daemon)

    standing = daemon.get("/assets/raw/partitions/map")
    assert (standing["keys"], standing["checks"], standing["counts"]["check_failed"]) == (["eu", "us"], "-f", 1)
    (row,) = daemon.items("/assets/raw/partitions?status=check_failed")
    assert (row["key"], row["failed_checks"]) == ("us", ["sound"])
    assert [(each["partition"], each["status"]) for each in daemon.items("/assets/raw/checks?partition=us")] == [("us", "failed")]
    listed = daemon.ctl("partitions", "list", "raw", "--status", "check_failed").stdout
    assert "us" in listed and "sound" in listed and "eu" not in listed
    history = daemon.ctl("assets", "checks", "raw", "--partition", "us").stdout
    assert "PARTITION" in history and "failed" in history and "passed" not in history
    before = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    (daemon.project / "mended").touch()
    daemon.wait(daemon.run("raw", partitions=["us"], steps="checks"))
    wait_until(lambda: "report@us" in made(daemon) and rest(daemon), "the other report")
    assert [made(daemon).count(f"report@{region}") for region in ("eu", "us")] == [1, 1]
    assert daemon.get("/assets/raw/partitions/map")["checks"] == "--"
    assert daemon.get("/assets/raw")["checks"] == {"passed": 1, "failed": 0, "warned": 0}
    past = {asset["key"]: asset for asset in daemon.items(f"/assets?at={before}")}
    assert past["raw"]["checks"]["failed"] == 1


def test_a_partition_that_somebody_made_by_hand_is_told_and_followed_alone(start):
    regions = "partitions: {static: [europe, america]}\n"
    daemon = start(project(shell("raw", "exit 3", [], regions), shell("report", says("report"), ["raw"], regions + EAGER), shell("whole", "true")))
    assert daemon.wait(daemon.run("raw", partitions=["europe"]))["status"] == "failed"
    assert daemon.get("/assets/raw/partitions/map")["status"] == "f-"

    refused = daemon.request("POST", "/assets/raw/materializations", {"reason": "x", "partition": "amerika"})
    assert refused.status == 422 and "nearest: 'america'" in refused.json["detail"] and refused.json["errors"][0]["pointer"] == "/partition"
    refused = daemon.request("POST", "/assets/whole/materializations", {"reason": "x", "partition": "europe"})
    assert refused.status == 422 and "no partitions" in refused.json["detail"]
    assert daemon.items("/assets/raw/materializations") == [] and made(daemon) == []

    said = daemon.ctl("report", "raw", "--partition", "europe", "--reason", "loaded by hand", "--metadata", "rows=7")
    assert said.returncode == 0 and "raw [europe]" in said.stdout, said.stderr
    wait_until(lambda: made(daemon) == ["report@europe"] and rest(daemon), "the report of that region")
    assert daemon.get("/assets/raw/partitions/map")["status"] == "m-", "its failure is over, and of the other nothing was told"
    assert daemon.get("/assets/raw")["status"] == "materialized"
    (told,) = daemon.items("/assets/raw/materializations")
    assert (told["partition"], told["run_id"], told["metadata"]) == ("europe", None, {"rows": 7})
    (audited,) = [each for each in daemon.items("/audit") if each["action"] == "asset.report"]
    assert audited["detail"]["partition"] == "europe"
    (event,) = [each for each in daemon.items("/assets/raw/events") if each["type"] == "materialization"]
    assert event["subject"]["partition"] == "europe"

    daemon.kill9()
    daemon.start()
    assert daemon.post("/assets/raw/materializations", {"reason": "the other as well", "partition": "america"})["partition"] == "america"
    wait_until(lambda: "report@america" in made(daemon) and rest(daemon), "the other report")
    assert made(daemon) == ["report@america", "report@europe"] and daemon.get("/assets/raw/partitions/map")["status"] == "mm"
    daemon.post("/assets/raw/materializations", {"reason": "all of them anew"})
    wait_until(lambda: len(made(daemon)) == 4 and rest(daemon), "both reports")


def test_a_week_follows_its_days(start):
    daemon = start(project(shell("days", says("days"), [], "partitions: {daily: {start: 2026-01-04, end: 2026-01-18}}"),
                           shell("weeks", says("weeks"), ["days"], "partitions: {weekly: {start: 2026-01-04, end: 2026-01-18}}\n" + 'automation: "since_last_handled(any_deps_updated) and not any_deps_missing and not in_progress"')))
    daemon.wait(daemon.run("days", partitions={"from": "2026-01-04", "to": "2026-01-09"}))
    wait_until(lambda: rest(daemon), "rest")
    assert not [line for line in made(daemon) if line.startswith("weeks")], "a day is missing"
    daemon.wait(daemon.run("days", partitions=["2026-01-10"]))
    wait_until(lambda: "weeks@2026-01-04" in made(daemon) and rest(daemon), "the week")
    assert [line for line in made(daemon) if line.startswith("weeks")] == ["weeks@2026-01-04"], "of the other week nothing is there"


def test_another_division_begins_anew_and_asks_for_what_is_missing(start):
    def text(keys):
        return project(shell("regions", says("regions"), [], f"partitions: {{static: [{keys}]}}\nautomation: on_missing"))

    daemon = start(text("eu, us"))
    wait_until(lambda: made(daemon) == ["regions@eu", "regions@us"] and rest(daemon), "both")
    (daemon.project / "assetd.yaml").write_text(text("asia, eu, us"))
    daemon.post("/definitions/reload")
    wait_until(lambda: "regions@asia" in made(daemon) and rest(daemon), "the new one")
    assert made(daemon) == ["regions@asia", "regions@eu", "regions@us"]
