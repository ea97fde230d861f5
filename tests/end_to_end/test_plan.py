"""What changed files would mean, told before it is done; and definitions that wait until somebody has seen it."""

import json
import urllib.parse

from projects import project, shell, waits_for
from waiting import wait_until

HEAD = "schedules: [{name: nightly, select: a, cron: '0 2 * * *', timezone: UTC}]\n"
BEFORE = project(shell("a", "true"), shell("b", "true", ["a"]), shell("c", "true", ["b"]), shell("gone", "true"), head=HEAD)
AFTER = project(shell("a", "true", more="description: raw"), shell("b", "echo b", ["a"]), shell("c", "true", ["b"]), shell("new", "true"))


def write(daemon, text):
    (daemon.project / "assetd.yaml").write_text(text)


def test_a_plan_names_every_change_and_what_follows(start):
    daemon = start(BEFORE)
    assert daemon.post("/definitions/plan")["changes"] == []
    write(daemon, AFTER)
    plan = daemon.post("/definitions/plan")
    found = {(change["kind"], change["name"]): change for change in plan["changes"]}
    assert {name: change["action"] for name, change in found.items()} == {
        ("asset", "a"): "changed", ("asset", "b"): "changed", ("asset", "gone"): "removed", ("asset", "new"): "added", ("schedule", "nightly"): "removed"}
    assert found["asset", "a"]["fields"] == [{"field": "description", "before": None, "after": "raw"}]
    assert [field["field"] for field in found["asset", "b"]["fields"]] == ["run.command"]
    assert plan["counts"] == {"added": 1, "changed": 2, "removed": 2, "renamed": 0}
    assert plan["stale"]["keys"] == ["b", "c", "new"], "a's description changes nothing that is computed"
    assert plan["schedules_stopped"] == ["nightly"] and plan["schedules_started"] == []
    assert daemon.get("/definitions")["version"] == plan["base_version"], "a plan changes nothing"


def test_apply_does_what_was_planned_and_refuses_what_was_not(start):
    daemon = start(BEFORE)
    write(daemon, AFTER)
    plan = daemon.post("/definitions/plan")
    write(daemon, AFTER + shell("later", "true"))
    refused = daemon.request("POST", "/definitions/apply", {"plan": plan["id"]})
    assert refused.status == 409 and refused.json["type"].endswith("stale-plan")
    write(daemon, AFTER)
    assert daemon.post("/definitions/apply", {"plan": plan["id"]})["assets"] == 4
    again = daemon.request("POST", "/definitions/apply", {"plan": plan["id"]})
    assert again.status == 409, "it has been applied"
    assert [entry["action"] for entry in daemon.items("/audit")][0] == "definitions.apply"


def test_with_apply_manual_changed_files_wait_also_across_a_restart(start):
    manual = "definitions: {apply: manual}\n"
    daemon = start(manual + BEFORE)
    write(daemon, manual + AFTER)
    pending = daemon.post("/definitions/reload")
    assert pending["state"] == "pending" and pending["pending"]["counts"]["added"] == 1
    daemon.stop()
    daemon.start()
    assert {asset["key"] for asset in daemon.items("/assets")} == {"a", "b", "c", "gone"}
    waiting = daemon.post("/definitions/reload")["pending"]
    applied = daemon.post("/definitions/apply", {"plan": waiting["plan"]})
    assert applied["state"] == "current" and applied["pending"] is None
    assert {asset["key"] for asset in daemon.items("/assets")} == {"a", "b", "c", "new"}


def test_files_that_do_not_load_have_no_plan_and_change_nothing(start):
    daemon = start(BEFORE)
    write(daemon, BEFORE + shell("b", "true"))
    refused = daemon.request("POST", "/definitions/plan", {})
    assert refused.status == 422 and refused.json["errors"]
    assert daemon.get("/definitions")["state"] == "current"


def test_a_rename_is_one_change(start):
    daemon = start(BEFORE)
    write(daemon, BEFORE.replace("key: gone", "key: moved\n    renamed_from: gone"))
    changes = daemon.post("/definitions/plan")["changes"]
    assert [(change["action"], change["name"], change["renamed_from"]) for change in changes] == [("renamed", "moved", "gone")]


def test_assetctl_plans_like_terraform_and_runs_what_is_stale(start):
    daemon = start(BEFORE)
    assert daemon.ctl("plan", "--detailed-exitcode").returncode == 0
    write(daemon, AFTER)
    planned = daemon.ctl("plan", "--detailed-exitcode")
    assert planned.returncode == 2
    assert "~ asset b" in planned.stdout and "- schedule nightly" in planned.stdout and "+ asset new" in planned.stdout
    assert "1 to add, 2 to change, 2 to remove, 0 renamed" in planned.stdout and "3 assets are to be computed anew" in planned.stdout
    plan = json.loads(daemon.ctl("plan", "--output", "json").stdout)["id"]
    assert plan in planned.stdout
    applied = daemon.ctl("apply", plan, "--run", "--wait")
    assert applied.returncode == 0, applied.stderr
    assert set(daemon.steps("1")) == {"b", "c", "new"}
    assert daemon.ctl("apply", plan).returncode == 3
    write(daemon, "assets: 7\n")
    broken = daemon.ctl("plan", "--detailed-exitcode")
    assert broken.returncode == 1 and "assetd.yaml:1" in broken.stderr, "2 would be a change"


def test_with_watch_a_saved_file_serves_and_a_broken_one_does_not(start):
    daemon = start(BEFORE, extra=["--watch"])
    write(daemon, AFTER)
    wait_until(lambda: daemon.get("/definitions")["assets"] == 4 and daemon.get("/definitions")["version"] == "2", "the new version")
    write(daemon, AFTER + shell("a", "true"))
    wait_until(lambda: daemon.get("/definitions")["state"] == "broken", "the error")
    assert daemon.get("/definitions")["version"] == "2"
    write(daemon, BEFORE)
    wait_until(lambda: daemon.get("/definitions")["version"] == "3", "the mended version")
    assert daemon.get("/definitions")["state"] == "current"


def state_is(daemon, state):
    wait_until(lambda: daemon.get("/definitions")["state"] == state, f"the state {state}")


def test_with_watch_a_project_that_was_away_serves_again_and_is_still_watched(start, tmp_path):
    daemon = start(BEFORE, extra=["--watch"])
    (daemon.project / "assetd.yaml").rename(tmp_path / "away")
    state_is(daemon, "broken")
    (tmp_path / "away").rename(daemon.project / "assetd.yaml")
    state_is(daemon, "current")
    write(daemon, AFTER)
    wait_until(lambda: daemon.get("/definitions")["version"] == "2", "the next save")


def test_with_watch_what_was_planned_is_still_taken_over(start):
    daemon = start(BEFORE, extra=["--watch"])
    write(daemon, AFTER)
    assert daemon.post("/definitions/plan")["changes"]
    wait_until(lambda: daemon.get("/definitions")["version"] == "2", "the new version")


def test_with_watch_the_mend_of_a_python_import_is_noticed(make_daemon):
    module = "from assetd import asset\nimport helper\n\n@asset\ndef made():\n    return helper.value\n"
    daemon = make_daemon("name: test\nimports: [{plugin: python, name: own, module: own}]\n", extra=["--watch"])
    (daemon.project / "own.py").write_text(module)
    (daemon.project / "helper.py").write_text("value = 1\n")
    daemon.start()
    (daemon.project / "own.py").write_text(module + "def (:\n")
    state_is(daemon, "broken")
    (daemon.project / "own.py").write_text(module)
    state_is(daemon, "current")
    (daemon.project / "helper.py").unlink()
    state_is(daemon, "broken")
    (daemon.project / "helper.py").write_text("value = 2\n")
    state_is(daemon, "current")
    (daemon.project / "own.py").write_text(module + "import later\n")
    state_is(daemon, "broken")
    (daemon.project / "later.py").write_text("")
    state_is(daemon, "current")


def test_versions_that_served_are_kept_and_compared(start):
    daemon = start(BEFORE)
    assert [(item["version"], item["current"], item["assets"]) for item in daemon.items("/definitions/versions")] == [("1", True, daemon.get("/definitions")["assets"])]
    assert daemon.request("GET", "/definitions/diff").status == 404, "there is none before the first"
    write(daemon, BEFORE.replace("key: gone", "key: moved\n    renamed_from: gone"))
    daemon.post("/definitions/reload")
    write(daemon, AFTER)
    daemon.post("/definitions/reload")
    versions = daemon.items("/definitions/versions")
    assert [(item["version"], item["current"]) for item in versions] == [("3", True), ("2", False), ("1", False)]
    paged = daemon.get("/definitions/versions?limit=2")
    assert [item["version"] for item in daemon.get(f"/definitions/versions?limit=2&cursor={urllib.parse.quote(paged['next_cursor'])}")["items"]] == ["1"]
    forth, back = daemon.get("/definitions/diff?from=1&to=3"), daemon.get("/definitions/diff?from=3&to=1")
    assert {(change["action"], change["name"]) for change in forth["changes"] if change["kind"] == "asset"} >= {("added", "new"), ("removed", "gone"), ("changed", "b")}
    assert back["counts"]["added"] == forth["counts"]["removed"] and forth["changes_total"] == len(forth["changes"])
    assert daemon.get("/definitions/diff?from=1&to=2")["counts"] == {"added": 0, "changed": 0, "removed": 0, "renamed": 1}
    last = daemon.get("/definitions/diff")
    assert (last["from"], last["to"]) == ("2", "3")
    assert daemon.request("GET", "/definitions/diff?from=1&to=99").status == 404
    daemon.kill9()
    daemon.start()
    assert daemon.items("/definitions/versions") == versions
    said = daemon.ctl("definitions", "diff", "1")
    assert said.returncode == 0 and "version 1 to 3" in said.stdout and "+ asset new" in said.stdout
    assert "serves" in daemon.ctl("definitions", "versions").stdout


def asset_file(a, b):
    return f"name: test\ntimezone: UTC\nassets:\n  - key: a\n    {a}\n  - key: b\n    deps: [a]\n    {b}\n  - key: c\n    deps: [b]\n    run: {{command: ['true']}}\n"


def test_a_plan_says_what_is_stale_once_it_is_applied_and_apply_run_makes_that(start):
    limited = "run: {command: [sh, -c, 'true'], timeout: %s, limits: {open_files: %d}}"
    versioned = 'code_version: "1"\n    run: {command: [sh, -c, "%s"]}'
    daemon = start(asset_file(limited % ("5m", 128), versioned % "true"))
    daemon.ctl("materialize", "*", "--wait")
    write(daemon, asset_file(limited % ("6m", 64), versioned % ":"))
    plan = daemon.post("/definitions/plan")
    assert plan["changes_total"] == 2 and plan["stale"] == {"keys": [], "total": 0, "causes": {}, "select": None}
    assert "nothing is to be computed anew" in daemon.ctl("apply", plan["id"], "--run", "--wait").stdout
    assert [key for key in ("a", "b", "c") if daemon.get(f"/assets/{key}")["stale"]["is"]] == []

    write(daemon, asset_file(limited % ("6m", 64), versioned.replace('"1"', '"2"') % ":"))
    said = daemon.ctl("plan").stdout
    assert "2 assets are to be computed anew: b (its code changes), c\n" in said
    plan = daemon.post("/definitions/plan")
    daemon.post("/definitions/apply", {"plan": plan["id"]})
    assert [key for key in ("a", "b", "c") if daemon.get(f"/assets/{key}")["stale"]["is"]] == plan["stale"]["keys"] == ["b", "c"]


def test_a_plan_says_which_partitions_will_be_missing(start):
    whole = "name: test\ntimezone: UTC\nassets:\n  - {key: c, run: {command: ['true']}%s}\n"
    daemon = start(whole % "")
    daemon.ctl("materialize", "*", "--wait")
    write(daemon, whole % ", partitions: {static: [x, y]}")
    plan = daemon.post("/definitions/plan")
    assert plan["stale"]["total"] == 0
    assert plan["partitions"] == [{"key": "c", "missing": 2, "more_missing": True, "in_run": 0}]
    assert "2 partitions of c are missing: assetctl backfill '\"c\"' --partition missing" in daemon.ctl("plan").stdout


def test_a_version_that_changed_no_asset_says_what_it_changed(start):
    text = "name: test\nassets:\n  - {key: a, run: {command: ['true']}}\nsensors:\n  - {name: landing, file: {glob: 'in/*'}, every: 1s, select: a}\n"
    daemon = start(text)
    write(daemon, text.replace("every: 1s", "every: 1m"))
    planned = daemon.ctl("plan").stdout
    assert "every: 1s -> 1m" in planned, planned
    daemon.post("/definitions/reload")
    last = daemon.items("/definitions/versions")[0]
    assert (last["added"], last["changed"], last["removed"], last["others"]) == (0, 0, 0, 1)
    assert daemon.ctl("definitions", "versions").stdout.splitlines()[1].split()[-2:] == ["1", "serves"]


def test_a_plan_says_what_begins_to_start_by_itself_and_what_goes_on_or_ends(start):
    days = "partitions: {daily: {start: 2026-01-01, end: 2026-01-06}}"
    waits = shell("old", waits_for("go"), [], days), shell("regions", waits_for("go"), [], "partitions: {static: [eu, us]}"), shell("other", "true", [], days)
    daemon = start(project(*waits, shell("a", "true"), shell("b", "true", ["a"], "automation: eager"), head="sensors: [{name: landing, file: {glob: 'in/*'}, select: a}]\n"))
    renamed, ended, untouched = (daemon.post("/backfills", {"select": key, "partitions": "all", "max_runs": 1})["id"] for key in ("old", "regions", "other"))
    daemon.request("POST", f"/backfills/{untouched}/pause", {"reason": "for now"})
    heirs = shell("new", waits_for("go"), [], days + "\nrenamed_from: old"), shell("regions", waits_for("go"), [], "partitions: {static: [eu]}"), shell("other", "true", [], days)
    write(daemon, project(*heirs, shell("a", "true"), shell("b2", "true", ["a"], "automation: on_missing\nrenamed_from: b"), shell("c", "true", ["a"], "automation: eager"),
                          head="sensors: [{name: quiet, file: {glob: 'in/*'}, select: a, paused: true}, {name: pushed, file: {glob: 'out/*'}, select: a}]\n"))
    plan = daemon.post("/definitions/plan")
    assert plan["sensors_started"] == ["pushed"] and plan["sensors_stopped"] == ["landing"]
    assert plan["automation_started"] == {"keys": ["c"], "total": 1} and plan["automation_stopped"] == {"keys": [], "total": 0}, "b2 goes on where b was"
    first, second = plan["backfills"]
    assert first == {"id": renamed, "status": "running", "renamed": {"old": "new"}, "ends": None}
    assert second["id"] == ended and second["renamed"] == {} and "regions" in second["ends"]
    said = daemon.ctl("plan").stdout
    for line in ("sensor pushed starts to look", "sensor landing no longer looks", "1 asset is made by a condition from now on: c", f"backfill {renamed} goes on with new (was old)", f"backfill {ended} ends: "):
        assert f"  {line}" in said, said
    daemon.post("/definitions/apply", {"plan": plan["id"]})
    (daemon.project / "go").touch()
    wait_until(lambda: daemon.get(f"/backfills/{renamed}")["status"] == "succeeded", "the renamed one's end", seconds=120)
    failed = wait_until(lambda: (found := daemon.get(f"/backfills/{ended}"))["status"] == "failed" and found, "the other's end")
    assert failed["reason"] == "definition_changed" and failed["detail"].startswith(second["ends"])


def test_a_hidden_value_that_changed_is_named_and_not_shown(start):
    def text(mode):
        return project(shell("a", "test $MODE = one").replace("plugin: exec,", f"plugin: exec, env: {{MODE: {mode}}},"))

    daemon = start(text("one"))
    assert daemon.wait(daemon.run("a"))["status"] == "succeeded"
    write(daemon, text("two"))
    daemon.post("/definitions/reload")
    diff = daemon.get("/definitions/diff")
    (change,) = diff["changes"]
    assert change["fields"] == [{"field": "run.env.MODE", "before": "(hidden)", "after": "(hidden, another value)"}]
    assert "two" not in json.dumps(diff)
    failed = daemon.run("a")
    assert daemon.wait(failed)["status"] == "failed"
    changes = daemon.get(f"/runs/{failed}/changes?step=a")["items"]
    assert [item["detail"] for item in changes if item["kind"] == "definitions" and item["name"]] == ["run.env.MODE changed from (hidden) to (hidden, another value)"]


def test_a_restart_knows_what_the_load_had_warned_of_and_the_files(start):
    daemon = start(project(shell("greedy", "true", more="pools: {gpu: 2}"), head="").replace("pools: {default: {slots: 4}}", "pools: {default: {slots: 4}, gpu: {slots: 1}}"))
    before = daemon.get("/definitions")
    assert [warning["message"] for warning in before["warnings"]] and before["sources"]
    daemon.stop()
    daemon.start()
    after = daemon.get("/definitions")
    assert (after["warnings"], after["sources"]) == (before["warnings"], before["sources"])
