"""Assets that are divided: each partition has its own versions, is reused by itself, and says by itself why it is stale."""

import pytest
from projects import project, shell, waits_for
from test_versions import EMIT, SKIPS, emits, noted

DAYS = "partitions: {daily: {start: 2026-01-01, end: 2026-01-11}}"
WEEKS = "partitions: {weekly: {start: 2026-01-04, end: 2026-01-11}}"
# As EMIT, the versions by partition: the content of `version-DAY`.
EMIT_DAY = EMIT.replace('"version"', '"version-" + os.environ["ASSETD_PARTITION"]').replace('key + "\\n"', 'key + "@" + os.environ["ASSETD_PARTITION"] + "\\n"')
NOTE = 'echo "$ASSETD_ASSET_KEY@$ASSETD_PARTITION" >> made; [ ! -e fail ]'
FIRST, SECOND = "2026-01-01", "2026-01-02"


def daily(key, deps=(), more=SKIPS):
    return shell(key, NOTE, deps, f"{DAYS}\n{more}")


@pytest.fixture
def days(start, tmp_path):
    def make(*assets):
        folder = tmp_path / "days"
        folder.mkdir()
        (folder / "assetd.yaml").write_text(project(emits("raw", more=DAYS), *assets))
        (folder / "emit.py").write_text(EMIT_DAY)
        return start(folder)
    return make


def version(daemon, day, text):
    (daemon.project / f"version-{day}").write_text(text)


def made(daemon):
    """What was executed since the last look."""
    file = daemon.project / "made"
    keys = file.read_text().split() if file.exists() else []
    file.unlink(missing_ok=True)
    return keys


def done(daemon, select, *partitions, **more):
    run = daemon.run(select, **({"partitions": list(partitions)} if partitions else {}), **more)
    ended = daemon.wait(run)
    assert ended["status"] == "succeeded", ended
    return run


def test_a_partition_whose_code_and_data_did_not_change_is_reused(days):
    daemon = days(daily("clean", ["raw"]))
    for day in (FIRST, SECOND):
        version(daemon, day, "v1")
    first = done(daemon, "*", FIRST)
    assert made(daemon) == [f"raw@{FIRST}", f"clean@{FIRST}"]
    done(daemon, "*", SECOND)
    assert made(daemon) == [f"raw@{SECOND}", f"clean@{SECOND}"], "another partition, though its data has the same version"
    again = done(daemon, "*", FIRST)
    assert made(daemon) == [f"raw@{FIRST}"], "made again with the same version"
    step, = (step for step in daemon.items(f"/runs/{again}/steps") if step["key"] == "clean")
    assert step["status"] == "succeeded" and step["reason"] == "reused" and f"of run {first}, made at" in step["detail"]
    version(daemon, FIRST, "v2")
    done(daemon, "*", FIRST, SECOND)
    assert sorted(made(daemon)) == [f"clean@{FIRST}", f"raw@{FIRST}", f"raw@{SECOND}"], "the one whose data is another"
    done(daemon, "clean", FIRST, SECOND)
    assert made(daemon) == []
    done(daemon, "clean", FIRST, force=True)
    assert made(daemon) == [f"clean@{FIRST}"]


def test_a_materialization_keeps_which_partitions_it_was_made_from(days):
    daemon = days(daily("clean", ["raw"]), shell("week", NOTE, ["clean"], WEEKS), noted("total", ["raw"], SKIPS))
    version(daemon, FIRST, "v1")
    run = done(daemon, "raw or clean", FIRST)
    used, = daemon.items("/assets/clean/materializations")[0]["provenance"]["upstream"]
    assert (used["key"], used["partition"], used["partitions"], used["data_version"], used["run_id"]) == ("raw", FIRST, 1, "v1", run)
    later = done(daemon, "clean", "2026-01-05")
    done(daemon, "week", "2026-01-04")
    used, = daemon.items("/assets/week/materializations")[0]["provenance"]["upstream"]
    assert (used["partition"], used["partitions"], used["run_id"]) == (None, 7, later), "of the seven days of that week one was made"


def test_what_is_below_all_partitions_is_reused_while_each_of_them_is_the_same(days):
    daemon = days(noted("total", ["raw"], SKIPS))
    version(daemon, FIRST, "v1")
    done(daemon, "*", FIRST)
    assert made(daemon) == [f"raw@{FIRST}", "total"]
    done(daemon, "*", FIRST)
    assert made(daemon) == [f"raw@{FIRST}"]
    done(daemon, "*", SECOND)
    assert made(daemon) == [f"raw@{SECOND}", "total"], "one more"


def test_only_a_success_of_that_partition_is_reused(days):
    check = 'checks: [{name: rows, blocking: true, run: {command: [/bin/sh, -c, "echo check >> made"]}}]'
    daemon = days(daily("clean", more=f"{SKIPS}\n{check}"))
    done(daemon, "clean", FIRST)
    assert made(daemon) == [f"clean@{FIRST}", "check"]
    (daemon.project / "fail").touch()
    assert daemon.wait(daemon.run("clean", partitions=[SECOND]))["status"] == "failed"
    made(daemon)
    (daemon.project / "fail").unlink()
    done(daemon, "clean", FIRST)
    assert made(daemon) == [], "another one failed since"
    done(daemon, "clean", SECOND)
    assert made(daemon) == [f"clean@{SECOND}", "check"]
    done(daemon, "clean", FIRST, SECOND)
    assert made(daemon) == []


def test_what_another_run_is_making_is_executed(days):
    daemon = days(shell("clean", f"{NOTE} && " + waits_for("go-$ASSETD_PARTITION"), more=f"{DAYS}\n{SKIPS}"))
    for day in (FIRST, SECOND):
        (daemon.project / f"go-{day}").touch()
    done(daemon, "clean", FIRST, SECOND)
    made(daemon)
    (daemon.project / f"go-{FIRST}").unlink()
    other = daemon.run("clean", partitions=[FIRST], force=True)
    daemon.wait_step(other, "clean", "running")
    done(daemon, "clean", SECOND)
    assert made(daemon) == [f"clean@{FIRST}"], "it makes another partition"
    run = daemon.run("clean", partitions=[FIRST])
    daemon.wait_step(run, "clean", "running")
    (daemon.project / f"go-{FIRST}").touch()
    assert daemon.wait(run)["status"] == daemon.wait(other)["status"] == "succeeded"


def test_a_report_of_the_whole_asset_is_data_of_each_partition(days):
    daemon = days(daily("clean", ["raw"]))
    version(daemon, FIRST, "v1")
    done(daemon, "*", FIRST)
    made(daemon)
    for text, executed in (("v1", []), ("v2", [f"clean@{FIRST}"]), ("v2", [])):
        assert daemon.ctl("report", "raw", "--reason", "loaded by hand", "--data-version", text).returncode == 0
        done(daemon, "clean", FIRST)
        assert made(daemon) == executed


def test_what_was_there_when_the_step_began_counts_also_after_kill_9(days):
    daemon = days(shell("clean", waits_for("go") + f"; {NOTE}", ["raw"], f"{DAYS}\n{SKIPS}"))
    version(daemon, FIRST, "v1")
    done(daemon, "raw", FIRST)
    run = daemon.run("clean", partitions=[FIRST])
    daemon.wait_step(run, "clean", "running")
    version(daemon, FIRST, "v2")
    done(daemon, "raw", FIRST)
    daemon.kill9()
    daemon.start()
    (daemon.project / "go").touch()
    assert daemon.wait(run)["status"] == "succeeded"
    made(daemon)
    assert daemon.items("/assets/clean/materializations")[0]["provenance"]["upstream"][0]["data_version"] == "v1"
    done(daemon, "clean", FIRST)
    assert made(daemon) == [f"clean@{FIRST}"], "what came while it ran was not what it used"


def why(daemon, key, partition):
    """Of each reason the links to its cause."""
    stale = daemon.get(f"/assets/{key}/partitions/why?partition={partition}")["stale"]
    return [[(link["reason"], link["asset"], link["partition"]) for link in reason["chain"]] for reason in stale["because"]]


def test_a_partition_says_why_it_is_stale_and_stale_chooses_exactly_these(days):
    daemon = days(daily("clean", ["raw"], ""), daily("top", ["clean"], ""))
    assert why(daemon, "top", FIRST) == [[("never_materialized", "top", FIRST)]]
    for day in (FIRST, SECOND):
        version(daemon, day, "v1")
    first = done(daemon, "*", FIRST, SECOND)
    assert why(daemon, "top", FIRST) == []
    done(daemon, "raw", FIRST)
    assert why(daemon, "top", FIRST) == [], "the same data version makes nothing stale"
    version(daemon, FIRST, "v2")
    cause = done(daemon, "raw", FIRST)
    assert why(daemon, "clean", FIRST) == [[("newer_data", "raw", FIRST)]]
    assert why(daemon, "top", FIRST) == [[("upstream_stale", "clean", FIRST), ("newer_data", "raw", FIRST)]]
    assert why(daemon, "top", SECOND) == []
    shown = daemon.ctl("assets", "why", "top", "--partition", FIRST).stdout
    assert f"top [{FIRST}] is stale" in shown and f"raw [{FIRST}] has newer data, of run {cause}, " in shown and f"it was made from that of run {first}, " in shown
    assert f"top [{SECOND}] is not stale" in daemon.ctl("assets", "why", "top", "--partition", SECOND).stdout
    planned = daemon.post("/runs", {"select": "clean or top", "partitions": "stale", "dry_run": True})
    chosen = {(step["key"], step["partition"]) for step in planned["steps"]}
    assert ("clean", FIRST) in chosen and ("top", FIRST) in chosen and not {("clean", SECOND), ("top", SECOND)} & chosen
    done(daemon, "clean or top", FIRST)
    assert why(daemon, "top", FIRST) == []
    refused = daemon.request("GET", "/assets/top/partitions/why?partition=yesterday")
    assert refused.status == 422 and "has no partition 'yesterday'; its keys are as '2026-01-10'" in refused.text
