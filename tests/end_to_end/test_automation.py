"""Assets that are materialized by themselves: exactly once for each reason, through kill -9, pauses and reloads, and always with the reason at hand."""

import json
import sqlite3
import urllib.parse

from projects import project, shell
from waiting import wait_until

EAGER = "automation: eager"
CHAIN = project(shell("raw", "echo raw >> made"), shell("report", "echo report >> made", ["raw"], EAGER), shell("summary", "echo summary >> made", ["report"], EAGER),
                shell("by_hand", "true", ["summary"]))


def automated(daemon, **filters):
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    return [run for run in daemon.items(f"/runs?{query}") if run["trigger"]["kind"] == "automation"]


def ended(daemon, count):
    def reached():
        runs = automated(daemon)
        return runs if len(runs) == count and all(run["status"] in ("succeeded", "failed", "canceled") for run in runs) else None
    return wait_until(reached, f"{count} runs by automation that have ended")


def is_quiet(daemon):
    """Nothing is queued or runs, and what has ended has been looked at: a question is answered after the turn that it comes with."""
    daemon.get("/automation")
    return not daemon.items("/runs?status=queued,running,canceling")


def made(daemon):
    file = daemon.project / "made"
    return file.read_text().split() if file.exists() else []


def names(answer):
    yield answer["name"], answer["holds"]
    for child in answer.get("children", []):
        yield from names(child)


def test_what_is_below_is_made_once_when_what_is_above_is_made(start):
    daemon = start(CHAIN)
    assert made(daemon) == [], "nothing is asked for while what it is made from is missing"
    daemon.wait(daemon.run("raw"))
    run, = ended(daemon, 1)
    assert made(daemon) == ["raw", "report", "summary"], "one run of the whole chain, in its order"
    assert run["steps_total"] == 2 and run["status"] == "succeeded" and run["actor"] == "automation"
    daemon.wait(daemon.run("raw"))
    ended(daemon, 2)
    daemon.wait(daemon.run("*"))
    wait_until(lambda: is_quiet(daemon), "rest")
    assert len(automated(daemon)) == 2, "what a run makes anyway is not asked for again"


def test_a_condition_says_node_by_node_why_it_waits_and_what_it_asked_for(start):
    daemon = start(CHAIN)
    detail = daemon.get("/assets/report/automation")
    assert detail["condition"] == "eager" and detail["holds"] is False and detail["requested_at"] is None
    tree = dict(names(detail["answer"]))
    assert tree["eager"] is False and tree["any_deps_missing"] is True and tree["in_progress"] is False
    above = next(node for node in walk(detail["answer"]) if node["name"] == "any_deps_missing")["children"][0]
    assert above["asset"] == "raw" and {node["name"]: node["reason"] for node in walk(above)}["missing"] == "it was never materialized"
    daemon.wait(daemon.run("raw"))
    run, = ended(daemon, 1)
    asked = [entry for entry in daemon.items("/assets/report/evaluations") if entry["run_id"]]
    assert [entry["run_id"] for entry in asked] == [run["id"]] and asked[0]["holds"] is True and asked[0]["answer"]["holds"] is True
    listed = {item["key"]: item for item in daemon.items("/automation")}
    assert set(listed) == {"report", "summary"} and listed["summary"]["run_id"] == run["id"] and listed["summary"]["requested_at"]
    shown = daemon.ctl("automation", "show", "report").stdout
    assert f"asked for run {run['id']}" in shown and "any_deps_updated of" not in shown and "true" in shown
    assert daemon.get("/assets/by_hand/automation")["condition"] is None
    assert daemon.request("GET", "/assets/nobody/automation").status == 404


def walk(answer):
    yield answer
    for child in answer.get("children", []):
        yield from walk(child)


def test_kill_9_loses_nothing_and_repeats_nothing(start):
    daemon = start(CHAIN)
    for round_number in range(1, 9):
        run = daemon.run("raw")
        if round_number % 2:
            daemon.wait(run)  # then the crash comes while the run by automation begins or goes on
        daemon.kill9()
        daemon.start()
        daemon.wait(run)
        ended(daemon, round_number)
    assert made(daemon) == ["raw", "report", "summary"] * 8


def test_what_is_missing_is_made_at_the_first_start_and_not_again(start):
    daemon = start(project(shell("seed", "echo seed >> made", (), "automation: on_missing")))
    ended(daemon, 1)
    daemon.stop()
    daemon.start()
    wait_until(lambda: is_quiet(daemon), "rest")
    assert made(daemon) == ["seed"]


def test_a_failure_is_not_tried_for_ever(start):
    daemon = start(project(shell("raw", "true"), shell("broken", "echo tried >> made; exit 3", ["raw"], EAGER), shell("below", "true", ["broken"], EAGER)))
    daemon.wait(daemon.run("raw"))
    run, = ended(daemon, 1)
    assert run["status"] == "failed" and daemon.statuses(run["id"])["below"] == "skipped"
    daemon.stop()
    daemon.start()
    wait_until(lambda: is_quiet(daemon), "rest")
    assert made(daemon) == ["tried"]
    daemon.wait(daemon.run("raw"))
    ended(daemon, 2)
    assert made(daemon) == ["tried", "tried"], "newer data is worth another attempt"


def test_what_fails_in_the_run_that_made_its_input_is_not_tried_again(start):
    """The first run makes all that is missing: what is above is updated in that very run, and what is below fails in it."""
    daemon = start(project(shell("raw", "true"), shell("middle", "true", ["raw"], EAGER), shell("broken", "echo tried >> made; exit 3", ["middle"], EAGER)))
    daemon.wait(daemon.run("raw"))
    ended(daemon, 1)
    wait_until(lambda: is_quiet(daemon), "rest")
    assert made(daemon) == ["tried"] and len(automated(daemon)) == 1
    daemon.wait(daemon.run("middle+"))
    wait_until(lambda: is_quiet(daemon), "rest")
    assert made(daemon) == ["tried"] * 2 and len(automated(daemon)) == 1, "nor what somebody's run made on its way"
    daemon.wait(daemon.run("middle"))
    ended(daemon, 2)
    assert made(daemon) == ["tried"] * 3


def test_the_red_button_holds_everything_until_it_is_released(start):
    every_minute = "schedules: [{name: often, select: raw, cron: '* * * * *', timezone: UTC}]\n"
    daemon = start(project(shell("raw", "true"), shell("report", "echo report >> made", ["raw"], EAGER), head=every_minute))
    assert daemon.request("POST", "/automation/pause", {}).status == 422, "a reason is owed"
    paused = daemon.post("/automation/pause", {"reason": "gold is wrong"})
    assert paused["paused"] and daemon.get("/project")["automation_paused"]["reason"] == "gold is wrong"
    daemon.stop()
    daemon.start()
    daemon.wait(daemon.run("raw"))
    wait_until(lambda: is_quiet(daemon), "rest")
    assert made(daemon) == [] and daemon.get("/automation")["paused"]["by"] == paused["by"]
    assert dict(names(daemon.get("/assets/report/automation")["answer"]))["eager"] is True, "it stays to be asked for"
    assert "gold is wrong" in daemon.ctl("automation", "list").stdout
    daemon.post("/automation/resume", {"reason": "mended"})
    ended(daemon, 1)
    assert made(daemon) == ["report"] and daemon.get("/project")["automation_paused"] is None
    assert [entry["action"] for entry in daemon.items("/audit") if entry["action"].startswith("automation")] == ["automation.resume", "automation.pause"]


def test_what_happens_in_a_pause_or_a_drain_is_asked_for_afterwards_once(start):
    """A condition that is true at one moment only, as it stands without `eager` around it."""
    condition = "automation: any_deps_updated"
    daemon = start(project(shell("raw", "true"), shell("report", "echo report >> made", ["raw"], condition)))
    daemon.wait(daemon.run("raw"))
    ended(daemon, 1)
    for held in ("paused", "muted"):
        before = len(made(daemon))
        where = "/automation" if held == "paused" else "/assets/report/automation"
        daemon.post(f"{where}/pause", {"reason": "gold is wrong"})
        daemon.wait(daemon.run("raw"))
        wait_until(lambda: is_quiet(daemon), "rest")
        daemon.kill9()
        daemon.start()
        assert daemon.get("/assets/report/automation")["next"] == "its condition was true: it is asked for once that is no longer paused"
        daemon.post(f"{where}/resume", {"reason": "mended"})
        wait_until(lambda: len(made(daemon)) == before + 1 and is_quiet(daemon), "what was kept")
    daemon.post("/automation/pause", {"reason": "gold is wrong"})
    daemon.wait(daemon.run("raw"))
    daemon.wait(daemon.run("report"))
    daemon.post("/automation/resume", {"reason": "mended"})
    daemon.wait(daemon.run("raw"))
    wait_until(lambda: len(made(daemon)) == 5 and is_quiet(daemon), "what was made by hand is not made once more")
    assert len(automated(daemon)) == 4


def test_one_asset_is_muted_and_a_pause_may_have_an_end(start):
    daemon = start(project(shell("raw", "true"), shell("muted", "echo muted >> made", ["raw"], EAGER), shell("other", "echo other >> made", ["raw"], EAGER)))
    assert daemon.request("POST", "/automation/pause", {"reason": "x", "until": "soon"}).status == 422
    assert daemon.request("POST", "/automation/pause", {"reason": "x", "until": "2001-01-01T00:00:00Z"}).status == 422
    daemon.post("/assets/muted/automation/pause", {"reason": "its owner asked for it", "until": "2999-01-01T00:00:00Z"})
    daemon.wait(daemon.run("raw"))
    ended(daemon, 1)
    assert made(daemon) == ["other"]
    daemon.stop()
    end_pauses(daemon)
    daemon.start()
    ended(daemon, 2)
    assert made(daemon) == ["other", "muted"] and daemon.get("/assets/muted/automation")["paused"] is None


def end_pauses(daemon):
    """As if the time had come."""
    with sqlite3.connect(daemon.data / "store.sqlite") as store:
        store.execute("UPDATE automation_pauses SET until = at + 1")


def test_an_instant_that_came_while_nothing_ran_counts_once(start):
    daemon = start(project(shell("hourly", "echo hourly >> made", (), "automation: 'on_cron(\"0 * * * *\")'")))
    wait_until(lambda: is_quiet(daemon), "rest")
    assert made(daemon) == []
    daemon.stop()
    with sqlite3.connect(daemon.data / "store.sqlite") as store:
        store.execute("UPDATE meta SET automation_at = automation_at - 5 * 3600000")
    daemon.start()
    ended(daemon, 1)
    daemon.stop()
    daemon.start()
    wait_until(lambda: is_quiet(daemon), "rest")
    assert made(daemon) == ["hourly"], "five instants passed: once"


def test_changed_code_is_a_reason_and_an_unchanged_reload_is_none(start):
    def text(version):
        return project(shell("model", "echo model >> made", (), f"code_version: \"{version}\"\nautomation: code_version_changed"))

    daemon = start(text(1))
    daemon.post("/definitions/reload")
    wait_until(lambda: is_quiet(daemon), "rest")
    assert made(daemon) == []
    (daemon.project / "assetd.yaml").write_text(text(2))
    daemon.post("/definitions/reload")
    ended(daemon, 1)
    assert made(daemon) == ["model"]


def test_a_renamed_asset_and_an_edited_condition_keep_and_lose_what_they_remember(start):
    def text(key, condition, more=""):
        return project(shell("raw", "true"), shell(key, f"echo {key} >> made", ["raw"], f"automation: {json.dumps(condition)}\n{more}"))

    waits = "since(any_deps_updated, newly_updated) and not failed and checks_passed and code_version_changed"
    daemon = start(text("old", waits))
    daemon.wait(daemon.run("raw"))
    (daemon.project / "assetd.yaml").write_text(text("new", waits, "renamed_from: old"))
    daemon.post("/definitions/reload")
    remembered = dict(names(daemon.get("/assets/new/automation")["answer"]))
    assert remembered["since"] is True and remembered["and"] is False
    (daemon.project / "assetd.yaml").write_text(text("new", waits + " and not missing", "renamed_from: old"))
    daemon.post("/definitions/reload")
    assert dict(names(daemon.get("/assets/new/automation")["answer"]))["since"] is False, "of another condition nothing is remembered"
    assert made(daemon) == []


def test_thousands_are_listed_in_pages(start):
    assets = [shell("raw", "true")] + [shell(f"asset_{number:04}", "true", ["raw"], "automation: none" if number % 2 else EAGER) for number in range(300)]
    daemon = start(project(*assets))
    keys, cursor = [], ""
    while cursor is not None:
        page = daemon.get(f"/automation?limit=40&cursor={urllib.parse.quote(cursor)}")
        keys += [item["key"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert keys == [f"asset_{number:04}" for number in range(0, 300, 2)]
    daemon.wait(daemon.run("raw"))
    run, = ended(daemon, 1)
    assert run["steps_total"] == 150, "one run of all that one piece of news makes due"


def test_what_is_made_by_hand_or_elsewhere_is_told_and_followed(start):
    daemon = start("name: test\nexternal: [{key: landing, freshness: {within: 1h}}]\nassets:\n" + shell("report", "echo report >> made", ["landing"], EAGER)
                   + shell("broken", "exit 3") + shell("below", "true", ["broken"]))
    ended(daemon, 1)  # it was missing, and landing is taken to be there
    assert daemon.request("POST", "/assets/landing/materializations", {}).status == 422, "a reason is owed"
    assert daemon.request("POST", "/assets/nobody/materializations", {"reason": "x"}).status == 404
    daemon.post("/assets/landing/materializations", {"reason": "new files", "metadata": {"rows": 5}, "data_version": "v2"})
    ended(daemon, 2)
    assert made(daemon) == ["report", "report"]
    landing = daemon.get("/assets/landing")
    assert landing["last_materialization"]["run_id"] is None and landing["last_materialization"]["metadata"] == {"rows": 5}
    assert landing["freshness"]["status"] == "fresh" and daemon.items("/assets/landing/materializations")[0]["data_version"] == "v2"

    daemon.wait(daemon.run("broken"))
    assert daemon.get("/assets/broken")["status"] == "failed"
    said = daemon.ctl("report", "broken", "--reason", "loaded by hand", "--metadata", "rows=7")
    assert said.returncode == 0, said.stderr
    broken = daemon.get("/assets/broken")
    assert broken["status"] == "materialized" and broken["last_attempt"]["detail"].endswith("loaded by hand") and broken["last_attempt"]["run_id"] is None
    assert daemon.items("/audit")[0]["action"] == "asset.report"
    daemon.stop()
    daemon.start()
    assert daemon.get("/assets/broken")["status"] == "materialized" and len(daemon.items("/assets/broken/materializations")) == 1


CHECK = "checks: [{{name: good, run: {{command: [sh, -c, '{command}']}}, severity: error, blocking: {blocking}}}]"
HELD = "while ! test -e let_go; do sleep 0.02; done; ! test -e bad"


def checked(blocking):
    return CHECK.format(command=HELD, blocking=str(blocking).lower())


def test_what_a_blocking_check_refuses_is_followed_by_nobody_until_it_passes(start):
    """Automation and a sensor, each below an asset whose check runs, then fails, then passes over the same data."""
    head = "sensors: [{name: after, asset: {select: s, on: [materialized]}, select: seen}]\n"
    daemon = start(project(shell("s", "echo s >> made", (), checked(True)), shell("e", "echo e >> made", ["s"], EAGER), shell("seen", "echo seen >> made"), head=head))
    (daemon.project / "bad").touch()
    run = daemon.run("s")
    wait_until(lambda: made(daemon) == ["s"], "the data")
    daemon.kill9()  # what is owed is known after it
    daemon.start()
    assert made(daemon) == ["s"] and not automated(daemon), "the check has not ended"
    (daemon.project / "let_go").touch()
    assert daemon.wait(run)["status"] == "failed"
    wait_until(lambda: is_quiet(daemon), "rest")
    assert made(daemon) == ["s"], "what failed its check is no update"
    daemon.stop()
    daemon.start()
    (daemon.project / "bad").unlink()
    daemon.wait(daemon.run("s", steps="checks"))
    wait_until(lambda: sorted(made(daemon)) == ["e", "s", "seen"], "both follow")


def test_a_waiver_lets_what_failed_its_check_be_followed(start):
    daemon = start(project(shell("s", "true", (), CHECK.format(command="false", blocking="true")), shell("e", "echo e >> made", ["s"], EAGER)))
    run = daemon.run("s")
    assert daemon.wait(run)["status"] == "failed"
    wait_until(lambda: is_quiet(daemon), "rest")
    assert made(daemon) == []
    daemon.post(f"/runs/{run}/checks/good/waive", {"reason": "the supplier knows"})
    ended(daemon, 1)
    assert made(daemon) == ["e"]


def test_checks_passed_waits_for_the_result_of_the_newest_data(start):
    """The data before passed; a check that blocks nothing still runs over the new data."""
    condition = "automation: 'since_last_handled(any_deps_updated) and all_deps(checks_passed) and not in_progress'"
    daemon = start(project(shell("n", "echo n >> made", (), checked(False)), shell("careful", "echo careful >> made", ["n"], condition)))
    (daemon.project / "let_go").touch()
    daemon.wait(daemon.run("n"))
    ended(daemon, 1)
    (daemon.project / "let_go").unlink()
    (daemon.project / "bad").touch()
    run = daemon.run("n")
    wait_until(lambda: made(daemon).count("n") == 2, "new data")
    wait_until(lambda: dict(names(daemon.get("/assets/careful/automation")["answer"]))["checks_passed"] is False, "no answer from the data before")
    (daemon.project / "let_go").touch()
    daemon.wait(run)
    wait_until(lambda: is_quiet(daemon), "rest")
    assert made(daemon).count("careful") == 1


def test_no_condition_repeats_a_failure_or_itself(start):
    """One fails and stays missing, one succeeds and stays true: each is asked for once for its cause, also after a restart, and says so."""
    missing = "automation: 'missing and not in_progress'"
    standing = "automation: 'since(any_deps_updated(\"src\"), any_deps_updated(\"src2\")) and not in_progress and not any_deps_in_progress'"
    daemon = start(project(shell("src", "true"), shell("src2", "true"), shell("other", "true"), shell("m", "echo m >> made; false", (), missing), shell("again", "echo again >> made", ["src", "src2"], standing)))
    first, = ended(daemon, 1)
    daemon.wait(daemon.run("src"))
    ended(daemon, 2)
    for _ in range(3):
        daemon.wait(daemon.run("other"))  # turns of the daemon, in each of which all that is due is looked at
        daemon.stop()
        daemon.start()
    assert made(daemon) == ["m", "again"] and len(automated(daemon)) == 2
    answer = daemon.get("/assets/m/automation")["answer"]
    why = f"it was asked for for the same causes in run {first['id']}, which failed"
    assert "held back: " + why in answer["reason"]
    told, = [each for each in daemon.items("/automation") if each["key"] == "m"]
    assert told["holds"] and told["held"] == why and daemon.get("/assets/m/triggers")["automation"]["held"] == why
    line, = [line for line in daemon.ctl("automation", "list").stdout.splitlines() if line.startswith("m ")]
    assert " held " in line and " due " not in line
    shown = daemon.ctl("assets", "show", "m").stdout
    assert "(held back)" in shown and "held back: " + why in shown and "only people do" not in shown
    assert daemon.get("/assets/again/automation")["next"].startswith("when src or src2 is updated")
    daemon.wait(daemon.run("src"))
    ended(daemon, 3)
    assert made(daemon) == ["m", "again", "again"], "newer data is another cause"
