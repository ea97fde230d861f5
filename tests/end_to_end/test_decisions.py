"""Decisions of a whole project: the model follows its table, a rename loses nothing, and files that say the same are no news."""

import http.client
import json
import os
import sqlite3
import urllib.parse

import pytest
from projects import copy_example, project, shell, waits_for
from waiting import wait_until

RELOADS = int(os.environ.get("ASSETD_RELOADS", "2000"))
PATIENCE = 900  # seconds: only a run that hangs uses them up, however loaded the machine is


@pytest.mark.slow
def test_the_model_is_trained_again_when_its_table_has_changed(make_daemon, tmp_path):
    folder = copy_example("shop", tmp_path)
    source = folder / "shop_assets.py"
    text = source.read_text(encoding="utf-8")
    assert text.count('@asset(deps=["gold_customers"], ') == 1
    source.write_text(text.replace('@asset(deps=["gold_customers"], ', '@asset(deps=["gold_customers"], automation="eager", '), encoding="utf-8")
    shop = make_daemon(folder).start(seconds=PATIENCE)
    assert shop.wait(shop.run("*"), seconds=PATIENCE)["status"] == "succeeded"
    first = shop.get("/assets/customer_churn_model")["last_materialization"]

    def by_itself():
        return [run for run in shop.items("/runs") if run["trigger"]["kind"] == "automation"]

    assert by_itself() == [], "the run made it with its table: nothing is left to ask for"
    assert shop.wait(shop.run("gold_customers"), seconds=PATIENCE)["status"] == "succeeded"
    run, = wait_until(by_itself, "the run that trains it again")
    assert shop.wait(run["id"], seconds=PATIENCE)["status"] == "succeeded" and set(shop.steps(run["id"])) == {"customer_churn_model"}
    second = shop.get("/assets/customer_churn_model")["last_materialization"]
    assert second["run_id"] == run["id"] != first["run_id"] and "roc_auc" in second["metadata"]
    why = shop.items("/assets/customer_churn_model/evaluations")
    assert "gold_customers" in json.dumps([each for each in why if each["run_id"] == run["id"]]), "it says which table it followed"


def test_a_rename_keeps_history(start):
    before = project(shell("old", "true", (), "checks: [{name: ok, run: {plugin: exec, command: [\"true\"]}}]"), shell("below", "true", ["old"]))
    daemon = start(before)
    for _ in range(3):  # one after the other: side by side, old may be made again after below has read it
        assert daemon.wait(daemon.run("*"))["status"] == "succeeded"
    told = {part: daemon.items(f"/assets/old/{part}") for part in ("materializations", "checks", "attempts")}
    assert [len(items) for items in told.values()] == [3, 3, 3]
    (daemon.project / "assetd.yaml").write_text(before.replace("key: old", "key: new\n    renamed_from: old").replace("[old]", "[new]"))
    daemon.post("/definitions/reload")
    daemon.kill9()
    daemon.start()
    assert daemon.request("GET", "/assets/old").status == 404
    for part, items in told.items():
        assert daemon.items(f"/assets/new/{part}") == items, "steps keep the names that their runs call them by"
    for made in daemon.items("/assets/new/materializations"):
        assert made["step"] in daemon.steps(made["run_id"])
    assert daemon.get("/assets/new")["status"] == "materialized"
    assert daemon.get("/assets/below")["stale"] == {"is": False, "because": []}, "a name is no change of the data"
    assert daemon.wait(daemon.run("new"))["status"] == "succeeded"
    assert [made["step"] for made in daemon.items("/assets/new/materializations")] == ["new", "old", "old", "old"]
    # Its former name is another asset's now.
    text = (daemon.project / "assetd.yaml").read_text().replace("\n    renamed_from: old", "") + shell("old", "true")
    (daemon.project / "assetd.yaml").write_text(text)
    daemon.post("/definitions/reload")
    assert [made["step"] for made in daemon.items("/assets/new/materializations")] == ["new", "old", "old", "old"]
    assert daemon.items("/assets/old/materializations") == []


def test_what_a_run_was_making_while_it_was_renamed_is_the_renamed_asset_s(start):
    before = project(shell("old", f"[ ! -e slow ] || {waits_for('gate')}"))
    daemon = start(before)
    daemon.wait(daemon.run("old"))
    (daemon.project / "slow").touch()
    run = daemon.run("old")
    daemon.wait_step(run, "old", "running")
    (daemon.project / "assetd.yaml").write_text(before.replace("key: old", "key: new\n    renamed_from: old"))
    daemon.post("/definitions/reload")
    assert daemon.get("/assets/new")["in_progress"]["run_id"] == run
    daemon.kill9()
    daemon.start()
    (daemon.project / "gate").touch()
    assert daemon.wait(run)["status"] == "succeeded"
    new = daemon.get("/assets/new")
    assert new["in_progress"] is None and new["last_materialization"]["run_id"] == run
    assert [(made["run_id"], made["step"]) for made in daemon.items("/assets/new/materializations")] == [(run, "old"), ("1", "old")]


@pytest.mark.slow
def test_thousands_of_reloads_of_the_same_files_make_no_version(start):
    daemon = start(project(shell("raw", "true"), shell("report", "true", ["raw"], "automation: eager")))
    daemon.wait(daemon.run("raw"))
    wait_until(lambda: not daemon.items("/runs?status=queued,running,canceling") and len(daemon.items("/runs")) == 2, "what follows it")
    before = daemon.get("/definitions")
    link = http.client.HTTPConnection(*urllib.parse.urlsplit(daemon.url).netloc.split(":"), timeout=60)
    for _ in range(RELOADS):
        link.request("POST", "/api/v1/definitions/reload", body="{}", headers={"Content-Type": "application/json"})
        answer = link.getresponse()
        assert json.loads(answer.read())["version"] == before["version"] and answer.status == 200
    with sqlite3.connect(daemon.data / "store.sqlite") as store:
        assert store.execute("select count(*) from definitions").fetchone() == (1,)
    assert len(daemon.items("/runs")) == 2, "nor is it a reason to compute anything"
