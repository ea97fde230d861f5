"""Assets and lineage as they were at a past moment: what was seen then is what is answered later."""

import datetime
import random
import sqlite3

from projects import project, shell, waits_for
from waiting import wait_until

PROJECT = project(
    shell("raw", "exit $(cat raw.exit 2>/dev/null || echo 0)"),
    shell("clean", "exit $(cat clean.exit 2>/dev/null || echo 0)", ["raw"], "freshness: {within: 1h}"),
    shell("report", "true", ["clean"]),
    shell("beside", "true", ["raw"], "checks:\n  - {name: sound, run: {plugin: exec, command: [/bin/sh, -c, 'exit $(cat check.exit 2>/dev/null || echo 0)']}, severity: error, blocking: true}"),
    shell("alone", f"{waits_for('go')}"),
)
SEEN = ("key", "status", "in_progress", "last_attempt", "last_materialization", "stale", "freshness", "checks", "deps")


def now():
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def seen(items):
    found = {}
    for asset in items:
        kept = {name: asset[name] for name in SEEN}
        attempt = kept["last_attempt"]
        if attempt:  # what a step that never ran says of its cause is shorter later
            kept["last_attempt"] = {name: attempt[name] for name in ("run_id", "status", "reason", "at")}
        found[asset["key"]] = kept
    return found


def test_the_past_is_as_it_was_seen(start):
    daemon = start(PROJECT)
    (daemon.project / "go").touch()
    chance = random.Random(7)
    recorded = []

    def record():
        wait_until(lambda: now() > moments[-1], "another moment")
        moments.append(now())
        as_of = daemon.get("/assets")["as_of"]
        lineage = wait_until(lambda: (found := daemon.get("/lineage/status"))["as_of"] >= as_of and found, "a status of this moment: it is up to a quarter of a second old")
        recorded.append((moments[-1], seen(daemon.items("/assets")), lineage))
        wait_until(lambda: now() > moments[-1], "another moment")

    moments = [now()]
    record()
    for _ in range(12):
        for name in ("raw", "clean", "check"):
            (daemon.project / f"{name}.exit").write_text(chance.choice(["0", "0", "0", "1"]))
        daemon.wait(daemon.run(chance.choice(["*", "raw+", "clean+", "beside", "report", "alone"])))
        if chance.random() < 0.3:
            daemon.post("/assets/clean/materializations", {"reason": "by hand", "metadata": {"rows": 3}})
        record()
    (daemon.project / "go").unlink()
    run = daemon.run("*")
    daemon.wait_step(run, "alone", "running")
    wait_until(lambda: {key: status for key, status in daemon.statuses(run).items() if status not in ("succeeded", "failed", "skipped")} == {"alone": "running"}, "only alone is left")
    record()
    (daemon.project / "go").touch()
    daemon.wait(run)
    record()
    daemon.kill9()
    daemon.start()
    for at, assets, lineage in recorded:
        assert seen(daemon.items(f"/assets?at={at}")) == assets, at
        then = daemon.get(f"/lineage/status?at={at}")
        assert {name: then[name] for name in ("status", "stale", "fresh", "checks")} == {name: lineage[name] for name in ("status", "stale", "fresh", "checks")}, at
        assert then["at"] == at and then["version_is_exact"]
    assert len({str(assets) for _, assets, _ in recorded}) > 8, "a history in which something happens"


def test_lineage_is_that_of_the_definitions_of_then(start):
    daemon = start(project(shell("a", "true"), shell("b", "true", ["a"])))
    daemon.wait(daemon.run("*"))
    before = now()
    wait_until(lambda: now() > before, "another moment")
    (daemon.project / "assetd.yaml").write_text(project(shell("a", "true", more='code_version: "2"'), shell("c", "true", ["a"])))
    daemon.post("/definitions/reload")
    daemon.wait(daemon.run("c"))
    assert [node["key"] for node in daemon.get("/lineage")["nodes"]] == ["a", "c"]
    then = daemon.get(f"/lineage?at={before}")
    assert [node["key"] for node in then["nodes"]] == ["a", "b"] and then["version"] != daemon.get("/lineage")["version"]
    assert daemon.get(f"/lineage/status?at={before}")["status"] == "mm"
    past = {asset["key"]: asset for asset in daemon.items(f"/assets?at={before}")}
    assert set(past) == {"a", "b"} and not past["a"]["stale"]["is"]
    assert [asset["key"] for asset in daemon.items("/assets?select=stale:true")] == ["a", "c"]
    assert daemon.items(f"/assets?at={before}&select=stale:true") == []


def test_partitions_are_as_they_were(start):
    daemon = start(project(shell("p", 'test ! -e "bad.$ASSETD_PARTITION"', more="partitions: {static: [one, two, three, four]}"), shell("below", "true", ["p"])))
    chance = random.Random(11)
    recorded = []

    def record():
        (asset,) = [each for each in daemon.items("/assets") if each["key"] == "p"]
        failed = [each["key"] for each in daemon.items("/assets?select=status:failed")]
        earliest = now()
        wait_until(lambda: now() > earliest, "another moment")
        recorded.append((earliest, asset["status"], asset["partitions"], failed))

    for _ in range(10):
        for name in ("one", "two", "three", "four"):
            bad = daemon.project / f"bad.{name}"
            bad.touch() if chance.random() < 0.4 else bad.unlink(missing_ok=True)
        daemon.wait(daemon.run("p", partitions=chance.sample(["one", "two", "three", "four"], 2)))
        record()
        if chance.random() < 0.4:
            daemon.post("/assets/p/materializations", {"reason": "by hand", "partition": chance.choice(["one", "two"])})
            record()
    daemon.kill9()
    daemon.start()
    for at, status, partitions, failed in recorded:
        (then,) = [each for each in daemon.items(f"/assets?at={at}") if each["key"] == "p"]
        assert (then["status"], then["partitions"]) == (status, partitions), at
        assert [each["key"] for each in daemon.items(f"/assets?at={at}&select=status:failed")] == failed
        letters = dict(zip((node["key"] for node in daemon.get(f"/lineage?at={at}")["nodes"]), daemon.get(f"/lineage/status?at={at}")["status"]))
        assert (letters["p"] == "f") == (status == "failed"), at
    assert len({str(each[1:]) for each in recorded}) > 4, "a history in which something happens"


def test_a_failure_that_is_older_than_what_is_kept_of_events_is_still_one(start):
    daemon = start(project(shell("bad", "exit 3"), shell("below", "true", ["bad"]), shell("good", "true")))
    daemon.wait(daemon.run("bad+"))
    daemon.stop()
    with sqlite3.connect(daemon.data / "store.sqlite") as store:  # as retention leaves it
        store.execute("DELETE FROM events")
    daemon.start()
    daemon.wait(daemon.run("good"))
    assets, at = seen(daemon.items("/assets")), now()
    wait_until(lambda: now() > at, "another moment")
    then = seen(daemon.items(f"/assets?at={at}"))
    assert {key: (asset["status"], asset["last_attempt"]) for key, asset in then.items()} == {key: (asset["status"], asset["last_attempt"]) for key, asset in assets.items()}
    assert (then["bad"]["status"], then["bad"]["last_attempt"]["reason"], then["below"]["status"]) == ("failed", "exit_code", "skipped")


def test_moments_that_are_not_known_are_refused_in_words(start):
    daemon = start(project(shell("a", "true"), head="retention: {events: 2d, runs: 2d}\n"))
    daemon.wait(daemon.run("a"))
    for path in ("/assets", "/lineage", "/lineage/status"):
        ahead = daemon.request("GET", path + "?at=2099-01-01T00:00:00Z")
        assert ahead.status == 422 and ahead.json["errors"][0]["pointer"] == "/at" and "/forecast" in ahead.json["detail"]
        forgotten = daemon.request("GET", path + "?at=2020-01-01T00:00:00Z")
        assert forgotten.status == 410 and "retention" in forgotten.json["detail"]
        early = (datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        unknown = daemon.request("GET", path + "?at=" + early)
        assert unknown.status == 410 and "begins later" in unknown.json["detail"]
        assert daemon.request("GET", path + "?at=yesterday").status == 422
