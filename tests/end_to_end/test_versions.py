"""Provenance, staleness with its cause, steps that are reused, what changed, and whom it concerns."""

import hashlib
import json
import re

import pytest
from daemon import Refused
from projects import copy_example, project, say, shell, waits_for
from waiting import wait_until

# Says which data it made: the content of the file `version`, where there is one. `fail` makes it fail.
EMIT = '''
import base64, json, os, pathlib, sys, zlib
key = os.environ["ASSETD_ASSET_KEY"]
with open("made", "a") as made:
    made.write(key + "\\n")
if pathlib.Path("fail").exists():
    sys.exit(3)
version = pathlib.Path("version").read_text().strip() if pathlib.Path("version").exists() else None
rows = int(pathlib.Path("rows").read_text()) if pathlib.Path("rows").exists() else 1
path = json.loads(zlib.decompress(base64.b64decode(os.environ["DAGSTER_PIPES_MESSAGES"])))["path"]
params = {"asset_key": key, "metadata": {"rows": rows}, "data_version": version}
with open(path, "a") as messages:
    messages.write(json.dumps({"__dagster_pipes_version": "0.1", "method": "report_asset_materialization", "params": params}) + "\\n")
'''


def emits(key, deps=(), more=""):
    more = "".join(f"    {line}\n" for line in more.splitlines())
    return f"  - key: {key}\n    deps: [{', '.join(deps)}]\n    run: {{command: [python3, emit.py]}}\n{more}"


def noted(key, deps=(), more=""):
    return shell(key, f"echo {key} >> made", deps, more)


SKIPS = "skip_if_unchanged: true"
CHAIN = (emits("raw"), noted("mid", ["raw"]), noted("top", ["mid"]))


@pytest.fixture
def emitting(start, tmp_path):
    def make(*assets, head=""):
        folder = tmp_path / "emitting"
        folder.mkdir()
        (folder / "assetd.yaml").write_text(project(*assets, head=head))
        (folder / "emit.py").write_text(EMIT)
        return start(folder)
    return make


def made(daemon):
    """What was executed since the last look."""
    file = daemon.project / "made"
    keys = file.read_text().split() if file.exists() else []
    file.unlink(missing_ok=True)
    return keys


def done(daemon, select, **more):
    run = daemon.run(select, **more)
    ended = daemon.wait(run)
    assert ended["status"] == "succeeded", ended
    return run


def stale(daemon):
    return {asset["key"] for asset in daemon.items("/assets?select=stale:yes")}


def because(daemon, key):
    return daemon.get(f"/assets/{key}")["stale"]["because"]


def chain(daemon, key, reason=0):
    return [(link["reason"], link["asset"]) for link in because(daemon, key)[reason]["chain"]]


def rewrite(daemon, *assets):
    (daemon.project / "assetd.yaml").write_text(project(*assets))
    daemon.post("/definitions/reload")


def test_a_materialization_keeps_what_it_was_made_from(emitting):
    daemon = emitting(*CHAIN)
    (daemon.project / "version").write_text("v1")
    run = done(daemon, "*")
    raw, mid = (daemon.get(f"/assets/{key}") for key in ("raw", "mid"))
    assert raw["data_version"] == "v1" and raw["provenance"]["data_version_from"] == "step"
    assert len(raw["code_version"]) == 12, "of the command and of emit.py, since nothing is declared"
    assert raw["last_materialization"]["code_version"] == raw["code_version"]
    used, = mid["provenance"]["upstream"]
    assert (used["key"], used["data_version"], used["run_id"]) == ("raw", "v1", run)
    assert mid["provenance"]["data_version_from"] == "attempt"
    history, = daemon.items("/assets/mid/materializations")
    assert history["provenance"] == mid["provenance"] and history["data_version"] == mid["data_version"]
    again = done(daemon, "mid")
    assert daemon.get("/assets/mid")["data_version"] != history["data_version"], "each attempt makes data of its own"
    assert [row["run_id"] for row in daemon.items("/assets/mid/materializations")] == [again, run]


def test_stale_says_why_down_to_the_cause_and_stale_yes_makes_exactly_that(emitting):
    daemon = emitting(*CHAIN, noted("beside"))
    assert chain(daemon, "top") == [("never_materialized", "top")]
    everything = done(daemon, "stale:yes")
    assert sorted(daemon.statuses(everything)) == ["beside", "mid", "raw", "top"]
    assert stale(daemon) == set()
    with pytest.raises(Refused) as refused:
        daemon.run("stale:yes")
    assert refused.value.answer.status == 422, "nothing is stale: nothing to run"
    cause = done(daemon, "raw")
    assert stale(daemon) == {"mid", "top"}
    assert chain(daemon, "top") == [("upstream_stale", "mid"), ("newer_data", "raw")]
    last = because(daemon, "top")[0]["chain"][-1]
    assert last["run_id"] == cause and last["at"] and f"of run {cause}" in last["detail"] and f"of run {everything}" in last["detail"]
    assert set(daemon.statuses(done(daemon, "stale:yes"))) == {"mid", "top"}
    assert stale(daemon) == set()


def test_on_a_diamond_each_way_names_the_cause(emitting):
    daemon = emitting(emits("raw"), noted("left", ["raw"]), noted("right", ["raw"]), noted("sink", ["left", "right"]))
    done(daemon, "*")
    done(daemon, "raw")
    assert stale(daemon) == {"left", "right", "sink"}
    assert [chain(daemon, "sink", i) for i in (0, 1)] == [[("upstream_stale", way), ("newer_data", "raw")] for way in ("left", "right")]
    done(daemon, "left")
    assert chain(daemon, "sink") == [("newer_data", "left")] and chain(daemon, "sink", 1) == [("upstream_stale", "right"), ("newer_data", "raw")]
    made(daemon)
    run = done(daemon, "stale:yes")
    assert made(daemon) == ["right", "sink"] and set(daemon.statuses(run)) == {"right", "sink"}
    assert stale(daemon) == set()


def test_the_same_data_version_makes_nothing_below_stale(emitting):
    daemon = emitting(*CHAIN)
    (daemon.project / "version").write_text("v1")
    done(daemon, "*")
    done(daemon, "raw")
    assert stale(daemon) == set(), "other run, same data"
    (daemon.project / "version").write_text("v2")
    done(daemon, "raw")
    assert stale(daemon) == {"mid", "top"}
    daemon.kill9()
    daemon.start()
    assert stale(daemon) == {"mid", "top"}, "a restart knows it as well"


def test_changed_code_is_a_reason_whether_declared_or_a_command_or_a_file_it_names(emitting):
    daemon = emitting(*CHAIN)
    done(daemon, "*")
    (daemon.project / "emit.py").write_text(EMIT + "\n# a comment\n")
    daemon.post("/definitions/reload")
    reason, = because(daemon, "raw")
    assert reason["reason"] == "code_changed" and "a file that its command names" in reason["detail"] and "assetd.yaml:" in reason["detail"]
    assert chain(daemon, "top") == [("upstream_stale", "mid"), ("upstream_stale", "raw"), ("code_changed", "raw")]
    done(daemon, "stale:yes")
    rewrite(daemon, emits("raw"), shell("mid", "echo mid >> made; true", ["raw"]), noted("top", ["mid"]))
    assert [why["reason"] for why in because(daemon, "mid")] == ["code_changed"] and stale(daemon) == {"mid", "top"}
    done(daemon, "stale:yes")
    rewrite(daemon, emits("raw", more='code_version: "2"'), shell("mid", "echo mid >> made; true", ["raw"]), noted("top", ["mid"]))
    assert "to 2" in because(daemon, "raw")[0]["detail"]


def artifact(name, content, **more):
    data = content.encode()
    return "assetd.artifact", {"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest(), **more}


def test_artifacts_of_the_same_content_make_nothing_below_stale(start):
    daemon = start(project(shell("model", f"python3 say.py; [ ! -e slow ] || {waits_for('gate')}"), noted("mid", ["model"], SKIPS), noted("top", ["mid"]),
                           shell("marked", "true", [], "partitions: {dynamic: marks}")))
    say(daemon, artifact("weights", "1 2 3"), artifact("labels", "x y"))
    done(daemon, "model+")
    model = daemon.get("/assets/model")
    assert model["provenance"]["data_version_from"] == "content" and len(model["data_version"]) == 32
    assert daemon.get("/assets/mid")["provenance"]["upstream"][0]["data_version"] == model["data_version"]
    assert daemon.get("/assets/mid")["provenance"]["data_version_from"] == "attempt", "it reported none"
    say(daemon, artifact("labels", "x y"), artifact("weights", "1 2 3", path="/elsewhere"))
    done(daemon, "model")
    assert daemon.get("/assets/model")["data_version"] == model["data_version"] and not stale(daemon) & {"mid", "top"}
    assert daemon.steps(done(daemon, "mid"))["mid"]["reason"] == "reused"

    (daemon.project / "slow").touch()
    say(daemon, artifact("weights", "1 2 3"), artifact("labels", "x y"), ("assetd.add_partitions", {"set": "marks", "keys": ["read"]}))
    run = daemon.run("model")
    wait_until(lambda: daemon.get("/partitions/marks")["keys"] == ["read"], "its messages are read and committed")
    daemon.kill9()
    daemon.start()
    (daemon.project / "gate").touch()
    assert daemon.wait(run)["status"] == "succeeded"
    assert daemon.get("/assets/model")["data_version"] == model["data_version"], "what was read before the crash counts"

    say(daemon, artifact("weights", "1 2 4"), artifact("labels", "x y"))
    done(daemon, "model")
    assert daemon.get("/assets/model")["data_version"] != model["data_version"]
    assert stale(daemon) >= {"mid", "top"} and chain(daemon, "mid") == [("newer_data", "model")]


def test_a_declared_version_comes_before_the_content_and_unknown_content_gives_none(start):
    daemon = start(project(shell("model", "python3 say.py"), shell("days", "python3 say.py", [], "partitions: {static: [a, b]}")))

    def version_from(asset, *messages):
        say(daemon, *messages)
        done(daemon, asset)
        return daemon.get(f"/assets/{asset}")["provenance"]["data_version_from"]

    assert version_from("model", artifact("weights", "1")) == "content"
    assert version_from("model", artifact("weights", "1"), ("report_asset_materialization", {"data_version": "v7"})) == "step"
    assert daemon.get("/assets/model")["data_version"] == "v7"
    assert version_from("model", artifact("weights", "1"), ("assetd.artifact", {"name": "log", "path": "log.txt"})) == "attempt"
    assert version_from("days", artifact("day", "nothing")) == "attempt", "two partitions of equal content are not the same data"


def test_what_is_observed_elsewhere_is_data_too(emitting):
    daemon = emitting(noted("mid", ["landing"]), head="external: [landing]\n")
    daemon.post("/assets/landing/materializations", {"reason": "seen", "data_version": "f1"})
    done(daemon, "mid")
    daemon.post("/assets/landing/materializations", {"reason": "seen again", "data_version": "f1"})
    assert stale(daemon) == set()
    daemon.post("/assets/landing/materializations", {"reason": "new files", "data_version": "f2"})
    assert chain(daemon, "mid") == [("newer_data", "landing")] and because(daemon, "mid")[0]["run_id"] is None


def test_a_step_observes_what_is_made_elsewhere(start):
    daemon = start(project(shell("look", "python3 say.py"), noted("mid", ["landing"]), noted("eager", ["landing"], "automation: eager"), head="external: [{key: landing, freshness: {within: 1h}}]\n"))

    def seen(version, rows=1):
        say(daemon, ("assetd.observe", {"asset": "landing", "data_version": version, "metadata": {"rows": {"raw_value": rows, "type": "int"}}}),
            ("report_asset_materialization", {"metadata": {"looked": rows}}))
        done(daemon, "look")
        return daemon.get("/assets/landing")

    def followed():
        return len([run for run in daemon.items("/runs?status=succeeded") if run["trigger"]["kind"] == "automation"])

    wait_until(lambda: followed() == 1, "eager, which was missing")
    landing = seen("f1", 5)
    assert landing["data_version"] == "f1" and landing["last_materialization"]["metadata"] == {"rows": 5} and landing["last_materialization"]["run_id"] is None
    assert landing["freshness"]["status"] == "fresh"
    assert daemon.get("/assets/look")["last_materialization"]["metadata"] == {"looked": 5}
    told, = [event["changes"] for event in daemon.items("/assets/landing/events") if event["type"] == "materialization"]
    assert re.fullmatch("step look of run [0-9]+", told["reported_by"]) and told["reason"] == "observed"
    wait_until(lambda: followed() == 2, "eager, once more")
    done(daemon, "mid")
    seen("f1")
    assert "mid" not in stale(daemon), "seen again, the same data"
    seen("f2")
    assert chain(daemon, "mid") == [("newer_data", "landing")]
    daemon.kill9()
    daemon.start()
    assert daemon.get("/assets/landing")["data_version"] == "f2" and len(daemon.items("/assets/landing/materializations")) == 3


def test_an_observation_of_what_is_not_external_counts_for_nothing(start):
    daemon = start(project(shell("look", "python3 say.py"), noted("mid"), head="external: [landing]\n"))
    say(daemon, *(("assetd.observe", params) for params in ({"asset": "mid", "data_version": "v"}, {"asset": "nobody"}, {}, {"asset": 3, "metadata": []}, ["landing"])))
    done(daemon, "look")
    assert daemon.get("/assets/mid")["status"] == "never" and daemon.get("/assets/landing")["last_materialization"] is None
    say(daemon, ("assetd.observe", {"asset": "landing"}))
    done(daemon, "look")
    assert daemon.get("/assets/landing")["data_version"], "of no version of its own: one of this moment"


REUSING = (emits("raw"), noted("mid", ["raw"], SKIPS), noted("top", ["mid"], SKIPS))


def test_a_step_whose_code_and_data_did_not_change_is_reused_and_says_so(emitting):
    daemon = emitting(*REUSING)
    (daemon.project / "version").write_text("v1")
    first = done(daemon, "*")
    assert made(daemon) == ["raw", "mid", "top"]
    second = done(daemon, "*")
    assert made(daemon) == ["raw"]
    mid = daemon.steps(second)["mid"]
    assert mid["status"] == "succeeded" and mid["reason"] == "reused" and mid["attempts"] == []
    assert f"of run {first}, made at" in mid["detail"]
    assert daemon.get("/assets/mid")["last_materialization"]["run_id"] == first, "nothing was made"
    changes = [event["changes"] for event in daemon.items("/assets/mid/events") if event["type"] == "step_changed"]
    assert any(change.get("reason") == "reused" for change in changes)
    shown = daemon.ctl("runs", "show", second).stdout
    assert "reused the data of run" in shown
    (daemon.project / "version").write_text("v2")
    done(daemon, "*")
    assert made(daemon) == ["raw", "mid", "top"], "mid makes data of its own, so that top follows"
    assert stale(daemon) == set()


def test_force_full_refresh_and_retry_from_the_start_execute_all_the_same(emitting):
    daemon = emitting(*REUSING)
    (daemon.project / "version").write_text("v1")
    run = done(daemon, "*")
    made(daemon)
    done(daemon, "mid or top", force=True)
    assert made(daemon) == ["mid", "top"]
    again = daemon.retry(run, **{"from": "start"})
    daemon.wait(again)
    assert made(daemon) == ["raw", "mid", "top"]
    assert daemon.ctl("materialize", "mid or top", "--wait").returncode == 0 and made(daemon) == []
    assert daemon.ctl("materialize", "mid or top", "--force", "--wait").returncode == 0 and made(daemon) == ["mid", "top"]
    refused = daemon.request("POST", "/runs", {"select": "mid", "force": "yes"})
    assert refused.status == 422


def test_only_a_success_is_reused(emitting):
    daemon = emitting(emits("raw", more=SKIPS))
    run = done(daemon, "raw")
    assert made(daemon) == ["raw"]
    (daemon.project / "fail").touch()
    assert daemon.wait(daemon.run("raw", force=True))["status"] == "failed"
    made(daemon)
    (daemon.project / "fail").unlink()
    done(daemon, "raw")
    assert made(daemon) == ["raw"], "the attempt that failed may have left something"
    reused = done(daemon, "raw")
    assert made(daemon) == [] and f"run {run}," not in daemon.steps(reused)["raw"]["detail"]


def test_a_source_that_was_edited_and_not_loaded_is_executed(emitting):
    daemon = emitting(emits("raw", more=SKIPS))
    done(daemon, "raw")
    made(daemon)
    (daemon.project / "emit.py").write_text(EMIT + "\n# edited\n")
    done(daemon, "raw")
    assert made(daemon) == ["raw"], "its process would run what is on disk"


def test_checks_that_passed_count_and_those_that_never_ran_do_not(emitting):
    check = 'checks: [{name: rows, blocking: true, run: {command: [/bin/sh, -c, "echo check >> made"]}}]'
    daemon = emitting(noted("raw", more=SKIPS), noted("top", ["raw"]))
    done(daemon, "raw")
    rewrite(daemon, noted("raw", more=f"{SKIPS}\n{check}"), noted("top", ["raw"]))
    made(daemon)
    done(daemon, "*")
    assert made(daemon) == ["raw", "check", "top"], "a check that never ran comes with its step"
    done(daemon, "*")
    assert made(daemon) == ["top"]


def test_a_reused_step_survives_kill_9(emitting):
    daemon = emitting(noted("raw", more=SKIPS), shell("top", "echo top >> made; " + waits_for("go"), ["raw"]))
    done(daemon, "raw")
    run = daemon.run("*")
    daemon.wait_step(run, "top", "running")
    daemon.kill9()
    daemon.start()
    (daemon.project / "go").touch()
    assert daemon.wait(run)["status"] == "succeeded"
    assert daemon.steps(run)["raw"]["reason"] == "reused" and made(daemon) == ["raw", "top"]


def test_what_was_there_when_the_step_began_counts_also_after_kill_9(emitting):
    daemon = emitting(emits("raw"), shell("top", waits_for("go"), ["raw"]))
    old = done(daemon, "raw")
    run = daemon.run("top")
    daemon.wait_step(run, "top", "running")
    done(daemon, "raw")
    daemon.kill9()
    daemon.start()
    (daemon.project / "go").touch()
    daemon.wait(run)
    used, = daemon.get("/assets/top")["provenance"]["upstream"]
    assert used["run_id"] == old and stale(daemon) == {"top"}, "newer data came while it ran"


def test_bad_input_is_told_with_its_place(make_daemon):
    daemon = make_daemon(project(noted("raw", more="skip_if_unchanged: perhaps")))
    shown = daemon.ctl("validate", "--project", str(daemon.project))
    assert shown.returncode != 0 and "skip_if_unchanged" in shown.stderr + shown.stdout and "true or false" in shown.stderr + shown.stdout


def test_a_failed_step_tells_what_changed_since_it_worked(emitting):
    daemon = emitting(emits("raw"), emits("top", ["raw"], 'code_version: "1"'))
    (daemon.project / "rows").write_text("5000")
    first = done(daemon, "*")
    (daemon.project / "rows").write_text("5")
    second = done(daemon, "raw")
    rewrite(daemon, emits("raw"), emits("top", ["raw"], 'code_version: "2"'))
    (daemon.project / "fail").touch()
    run = daemon.run("top", options={})
    assert daemon.wait(run)["status"] == "failed"
    changes = daemon.get(f"/runs/{run}/changes?step=top")
    assert changes["since"]["run_id"] == first
    items = {(item["kind"], item["name"]): item for item in changes["items"]}
    assert items["code", None]["from"] == "1" and items["code", None]["to"] == "2"
    assert ("definitions", None) in items
    raw = items["upstream", "raw"]
    assert raw["from"]["run_id"] == first and raw["to"]["run_id"] == second
    assert raw["numbers"] == [{"name": "rows", "from": 5000, "to": 5}]
    shown = daemon.ctl("runs", "show", run).stdout
    assert f"changed since its last success, run {first}" in shown and "rows 5000 → 5" in shown
    assert "its code changed from 1 to 2" in daemon.ctl("runs", "changes", run).stdout
    assert daemon.request("GET", f"/runs/{run}/changes?step=nobody").status == 404
    assert daemon.request("GET", f"/runs/{run}/changes").status == 422
    assert daemon.get(f"/runs/{first}/changes?step=top")["since"] is None


def test_impact_names_whom_it_concerns_and_the_next_deadline(emitting):
    daemon = emitting(emits("raw", more="owners: [team:raw]"), noted("mid", ["raw"], "owners: [team:mid]"), noted("top", ["mid"], "freshness: {within: 1h}"),
                      noted("late", ["mid"], "freshness: {within: 1ms}"))
    done(daemon, "*")
    impact = daemon.get("/assets/raw/impact")
    assert impact["downstream"] == {"total": 3, "keys": ["mid", "late", "top"]} or set(impact["downstream"]["keys"]) == {"mid", "late", "top"}
    assert set(impact["sinks"]["keys"]) == {"late", "top"} and impact["owners"] == ["team:mid", "team:raw"]
    assert impact["next_deadline"]["key"] == "top" and [one["key"] for one in impact["deadlines"] if one["missed"]] == ["late"]
    shown = daemon.ctl("impact", "raw").stdout
    assert "next deadline   top at" in shown and "missed          late" in shown and "team:mid" in shown
    assert daemon.request("GET", "/assets/nobody/impact").status == 404


def test_assetctl_tells_why_an_asset_is_stale(emitting):
    daemon = emitting(*CHAIN)
    done(daemon, "*")
    assert "is not stale" in daemon.ctl("assets", "why", "top").stdout
    done(daemon, "raw")
    shown = daemon.ctl("assets", "why", "top").stdout
    assert shown.startswith("top is stale:") and "mid is stale" in shown and "because raw has newer data, of run 2" in shown
    assert "because raw has newer data" in daemon.ctl("assets", "show", "top").stdout
    assert json.loads(daemon.ctl("--output", "json", "assets", "why", "top").stdout)["stale"]["because"][0]["chain"][-1]["asset"] == "raw"


def test_the_commit_is_kept_where_there_is_one(emitting):
    daemon = emitting(emits("raw"))
    git = daemon.project / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "refs" / "heads" / "main").write_text("0123456789abcdef0123456789abcdef01234567\n")
    first = done(daemon, "raw")
    assert daemon.get("/assets/raw")["provenance"]["commit"] == "0123456789ab"
    (git / "refs" / "heads" / "main").unlink()
    (git / "packed-refs").write_text("# pack-refs with: peeled\nfedcba9876543210fedcba9876543210fedcba98 refs/heads/main\n")
    run = done(daemon, "raw")
    changes = daemon.get(f"/runs/{run}/changes?step=raw")
    assert changes["since"]["run_id"] == first
    assert [item["kind"] for item in changes["items"]] == ["commit"]


def test_the_example_runs_as_its_readme_says(start, tmp_path):
    daemon = start(copy_example("versions", tmp_path))
    done(daemon, "*")
    second = done(daemon, "*")
    reasons = {key: step["reason"] for key, step in daemon.steps(second).items()}
    assert reasons == {"prices": None, "average": "reused", "report": "reused"}
    with (daemon.project / "source.csv").open("a") as source:
        source.write("50\n")
    done(daemon, "prices")
    assert chain(daemon, "report") == [("upstream_stale", "average"), ("newer_data", "prices")]
    done(daemon, "stale:yes")
    assert (daemon.project / "data" / "report.txt").read_text() == "average: 35.00\n"
    wait_until(lambda: not stale(daemon), "nothing is stale")
