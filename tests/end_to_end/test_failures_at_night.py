"""What the person who is called does with a failure: takes it up, runs a part again, sees which import does not load; and checks by a schedule of their own."""

import json

import pytest
from daemon import Refused
from projects import project, shell
from receiver import Webhook
from waiting import wait_until

OWNED = 'owners: ["team:growth"]\nrunbook: https://wiki.example/stg\n'


def test_an_acknowledged_failure_is_not_told_again_until_it_is_well(start):
    receiver = Webhook()
    head = 'alerts:\n  - {name: ops, on: [run_failed], webhook: "${secret:OPS}", repeat: 0s}\n'
    try:
        daemon = start(project(shell("stg", "test -e good", more=OWNED), head=head), env={"no_proxy": "127.0.0.1", "ASSETD_SECRET_OPS": receiver.url})
        first = daemon.run("*")
        daemon.wait(first)
        daemon.wait(daemon.run("*"))
        wait_until(lambda: len(receiver.requests) == 2, "two alerts, of repeat: 0s")
        (cause,) = daemon.get(f"/runs/{first}")["causes"]
        assert (cause["owners"], cause["runbook"], cause["acknowledged"]) == (["team:growth"], "https://wiki.example/stg", None)
        done = daemon.ctl("ack", "stg", "--note", "asked the supplier")
        assert done.returncode == 0, done.stderr
        assert daemon.get("/assets/stg")["acknowledged"]["note"] == "asked the supplier"
        shown = daemon.ctl("runs", "show", first).stdout
        assert "owner: team:growth" in shown and "runbook: https://wiki.example/stg" in shown and "acknowledged by anonymous" in shown, shown
        daemon.kill9()
        daemon.start()
        third = daemon.run("*")
        daemon.wait(third)
        newest = daemon.items("/alerts")[0]
        assert newest["repeats"] == 1 and newest["run_id"] != third
        assert len(receiver.requests) == 2
        (daemon.project / "good").touch()
        assert daemon.wait(daemon.run("*"))["status"] == "succeeded"
        assert daemon.get("/assets/stg")["acknowledged"] is None, "it is well"
        (daemon.project / "good").unlink()
        daemon.wait(daemon.run("*"))
        wait_until(lambda: len(receiver.requests) == 3, "the next failure is told")
        assert [each["action"] for each in daemon.items("/audit") if each["action"].startswith("asset.")] == ["asset.acknowledge"]
    finally:
        receiver.close()


def test_only_a_failure_can_be_acknowledged_and_it_can_be_handed_back(start):
    daemon = start(project(shell("a", "test -e good")))

    def refused(path):
        with pytest.raises(Refused) as told:
            daemon.post(path)
        return told.value.answer.status

    assert refused("/assets/a/acknowledge") == 409 and refused("/assets/nothing/acknowledge") == 404
    daemon.wait(daemon.run("a"))
    assert daemon.post("/assets/a/acknowledge")["acknowledged"]["by"] == "anonymous"
    assert daemon.post("/assets/a/unacknowledge")["acknowledged"] is None
    assert refused("/assets/a/unacknowledge") == 409
    assert daemon.get("/assets/a")["acknowledged"] is None


CHAIN = [
    shell("raw", "true"),
    shell("stg", "test -e good", ["raw"], more='checks:\n  - {name: exists, run: {command: [/bin/sh, -c, "test -e good"]}}\n'),
    shell("gold", "true", ["stg"]),
    shell("side", "true", ["raw"]),
]


def test_a_retry_says_first_how_much_it_would_run(start):
    daemon = start(project(*CHAIN))
    run = daemon.run("*")
    daemon.wait(run)

    def planned(**body):
        answer = daemon.request("POST", f"/runs/{run}/retry", {"dry_run": True, **body})
        assert answer.status == 200, answer.text
        return [step["key"] for step in answer.json["steps"]]

    assert planned() == ["stg", "gold"]
    assert planned(steps=["stg"]) == ["stg"]
    assert planned(steps=["stg"], scope="downstream") == ["stg", "gold"]
    assert planned(steps=["stg"], scope="stale_upstream") == ["stg"]
    daemon.post("/assets/raw/materializations", {"reason": "loaded by hand"})
    assert planned(steps=["gold"], scope="stale_upstream") == ["stg", "gold"]
    assert planned(steps=["side"], scope="stale_upstream") == ["side"]
    assert planned(steps=["stg"], scope="checks") == ["stg"]
    assert daemon.items("/runs")[0]["id"] == run, "none of these ran"
    refused = daemon.request("POST", f"/runs/{run}/retry", {"dry_run": True, "steps": ["gold"], "scope": "checks"})
    assert refused.status == 409 and "has a check" in refused.json["detail"]
    assert daemon.request("POST", f"/runs/{run}/retry", {"scope": "everything"}).status == 422

    (daemon.project / "good").touch()
    checks = daemon.retry(run, steps=["stg"], scope="checks")
    assert daemon.wait(checks)["steps_mode"] == "checks"
    assert daemon.get("/assets/stg")["last_materialization"] is None, "only its check ran"
    table = daemon.ctl("runs", "retry", run, "--step", "stg", "--scope", "downstream", "--dry-run")
    assert table.returncode == 0 and "would run 2 steps" in table.stdout, table.stdout + table.stderr
    below = daemon.retry(run, steps=["stg"], scope="downstream")
    assert daemon.wait(below)["status"] == "succeeded"
    assert daemon.statuses(below) == {"stg": "succeeded", "gold": "succeeded"}
    audit = [each["detail"] for each in daemon.items("/audit") if each["action"] == "run.retry"]
    assert [each["scope"] for each in audit] == ["downstream", "checks"]


def test_checks_have_schedules_of_their_own(start):
    head = (
        "timezone: UTC\n"
        "jobs:\n  - {name: watch, select: stg, steps: checks}\n"
        'schedules:\n  - {name: every_second, job: watch, cron: "* * * * * *"}\n  - {name: by_hand, select: stg, steps: checks, cron: "@yearly"}\n'
    )
    (check,) = [line for line in CHAIN if "checks:" in line]
    daemon = start(project(CHAIN[0], check, head=head))
    ticks = wait_until(lambda: [tick for tick in daemon.items("/schedules/every_second/ticks") if tick["run_id"]], "a tick with a run")
    run = daemon.wait(ticks[-1]["run_id"])
    assert (run["steps_mode"], run["status"], run["job"]) == ("checks", "failed", "watch")
    assert daemon.steps(run["id"])["stg"]["checks"][0]["status"] == "failed"
    assert daemon.get("/assets/stg")["last_materialization"] is None, "no tick makes it"
    (daemon.project / "good").touch()
    daemon.post("/schedules/every_second/pause", {"reason": "enough"})
    triggered = daemon.post("/schedules/by_hand/trigger")["id"]
    assert daemon.wait(triggered)["steps_mode"] == "checks"
    shown = {each["name"]: each["steps"] for each in daemon.get("/schedules")["items"]}
    assert shown == {"every_second": "checks", "by_hand": "checks"}


def test_what_is_made_elsewhere_is_checked_by_hand_and_by_a_schedule(start):
    source = '{key: source, kinds: [source], checks: [{name: there, run: {command: [test, -e, good]}}]}'
    head = (
        f"external:\n  - {source}\n  - unchecked\n"
        'schedules:\n  - {name: watch_sources, select: "kind:source", steps: checks, cron: "@yearly", timezone: UTC}\n'
    )
    daemon = start(project(shell("below", "true", deps=["source"]), head=head))
    refused = daemon.ctl("check", "unchecked")
    assert refused.returncode != 0 and "has a check" in refused.stderr, refused.stderr
    run = daemon.post("/schedules/watch_sources/trigger")["id"]
    assert daemon.wait(run)["status"] == "failed"
    assert daemon.steps(run)["source"]["checks"][0]["status"] == "failed"
    assert daemon.get("/assets/source")["last_materialization"] is None, "nobody made it"
    (daemon.project / "good").touch()
    passed = daemon.ctl("check", "source", "--wait")
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert daemon.get("/assets/source/checks")["items"][0]["status"] == "passed"
    made = daemon.run("*")
    assert daemon.wait(made)["status"] == "succeeded"
    assert daemon.statuses(made) == {"below": "succeeded"}, "nothing makes it here"


PLUGIN = """#!/bin/sh
case "$1" in
  describe) test -e "$(dirname "$0")/broken" && { echo "the parser says no" >&2; exit 1; }; echo '{"assets": [{"key": "one"}]}';;
esac
"""


def test_an_import_that_does_not_load_is_told_with_what_serves(start, make_daemon, tmp_path):
    daemon = make_daemon("name: test\nimports:\n  - {plugin: words, name: shop}\n")
    folder = daemon.project / "plugins" / "words"
    folder.mkdir(parents=True)
    (folder / "plugin.yaml").write_text('name: words\nversion: 0.1.0\nprotocol: 1\ncommand: ["{plugin_dir}/main.sh"]\n')
    (folder / "main.sh").write_text(PLUGIN)
    (folder / "main.sh").chmod(0o755)
    daemon.start()
    (well,) = daemon.get("/overview")["imports"]
    assert (well["name"], well["plugin"], well["status"], well["assets"]) == ("shop", "words", "ok", 1)
    (folder / "broken").touch()
    (daemon.project / "assetd.yaml").write_text("name: test\nimports:\n  - {plugin: words, name: shop, tags: [x]}\n")
    assert daemon.request("POST", "/definitions/reload").status == 422
    overview = daemon.get("/overview")
    (ill,) = overview["imports"]
    assert (ill["status"], ill["last_ok_at"]) == ("failed", well["last_ok_at"]), json.dumps(overview["imports"])
    assert ill["at"] > well["at"]
    assert ill["assets"] == 1, "of what serves, not of what could not be read"
    shown = daemon.ctl("definitions", "show").stdout
    assert f"import shop (words): parse failed at {ill['at']}, serving 1 asset read " in " ".join(shown.split()), shown
    assert "(of version 1)" in shown and "the parser says no" in shown
    (need,) = [each for each in overview["needs_you"] if each["kind"] == "import"]
    assert need["key"] == "shop" and need["detail"]
    assert not [each for each in overview["needs_you"] if each["kind"] == "definitions"]
    assert daemon.get("/assets/one")["key"] == "one", "what was read before goes on serving"


def test_an_import_without_a_name_keeps_the_one_it_gave_itself_when_it_fails(make_daemon):
    """Its name is of what it describes: of one that describes nothing only its plugin is known."""
    daemon = make_daemon("name: test\nimports:\n  - {plugin: words}\n")
    folder = daemon.project / "plugins" / "words"
    folder.mkdir(parents=True)
    (folder / "plugin.yaml").write_text('name: words\nversion: 0.1.0\nprotocol: 1\ncommand: ["{plugin_dir}/main.sh"]\n')
    (folder / "main.sh").write_text(PLUGIN.replace('{"assets"', '{"name": "pages", "assets"'))
    (folder / "main.sh").chmod(0o755)
    daemon.start()
    (well,) = daemon.get("/overview")["imports"]
    assert (well["name"], well["assets"]) == ("pages", 1)
    (folder / "broken").touch()
    (daemon.project / "assetd.yaml").write_text("name: test\nimports:\n  - {plugin: words, tags: [x]}\n")
    assert daemon.request("POST", "/definitions/reload").status == 422
    (ill,) = daemon.get("/overview")["imports"]
    assert (ill["name"], ill["status"], ill["assets"], ill["last_ok_at"]) == ("pages", "failed", 1, well["last_ok_at"])
