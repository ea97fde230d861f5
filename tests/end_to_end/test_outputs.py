"""outputs: files that a command makes are its artifacts, and its data version is of their content."""

import json
import sqlite3

import pytest
from projects import project, shell
from waiting import wait_until

PRICES = "outputs: [data/prices.csv]"


def makes(key, script, outputs, more=""):
    return f"  - key: {key}\n    run: {{command: [/bin/sh, -c, \"{script}\"], {outputs}{more}}}\n"


@pytest.fixture
def making(start, tmp_path):
    def make(*assets):
        folder = tmp_path / "making"
        (folder / "data").mkdir(parents=True)
        (folder / "source").write_text("one")
        (folder / "assetd.yaml").write_text(project(*assets))
        return start(folder)
    return make


def done(daemon, select):
    run = daemon.run(select)
    ended = daemon.wait(run)
    assert ended["status"] == "succeeded", (ended, daemon.get(f"/runs/{run}/steps"))
    return run


def newest(daemon, key):
    return daemon.items(f"/assets/{key}/materializations")[0]


def stale(daemon):
    return {asset["key"] for asset in daemon.items("/assets?select=stale:yes")}


def said(daemon, kind):
    with sqlite3.connect(daemon.data / "store.sqlite") as store:
        return [json.loads(data) for data, in store.execute("SELECT data FROM notes WHERE kind=? ORDER BY id", (kind,))]


def test_the_version_of_the_data_is_that_of_the_content(making):
    daemon = making(makes("prices", "cp source data/prices.csv; echo made", PRICES), shell("report", "true", ["prices"]))
    run = done(daemon, "*")
    first = newest(daemon, "prices")
    assert first["provenance"]["data_version_from"] == "content"
    assert "made" in daemon.step_log(run, "prices")
    done(daemon, "prices")
    assert newest(daemon, "prices")["data_version"] == first["data_version"] and stale(daemon) == set(), "the same file is the same data"
    (daemon.project / "source").write_text("two")
    done(daemon, "prices")
    assert newest(daemon, "prices")["data_version"] != first["data_version"] and stale(daemon) == {"report"}


def test_the_files_are_artifacts_of_the_step(making):
    daemon = making(makes("prices", "cp source data/prices.csv", PRICES))
    done(daemon, "prices")
    found, = said(daemon, "artifact")
    assert (found["name"], found["size"], len(found["sha256"]), found["type"]) == ("data/prices.csv", 3, 64, "file")
    assert daemon.get("/assets/prices")["run"]["outputs"] == ["data/prices.csv"]


def test_what_is_missing_is_said_by_name_and_the_step_stays_a_success(making):
    daemon = making(makes("prices", "true", PRICES))
    run = done(daemon, "prices")
    assert newest(daemon, "prices")["provenance"]["data_version_from"] == "attempt"
    assert "warning: the output data/prices.csv is missing" in daemon.step_log(run, "prices")
    assert [warned["level"] for warned in said(daemon, "log")] == ["WARNING"]


def test_it_ends_as_the_command_does(making):
    daemon = making(makes("code", "exit 7", "outputs: [a]"), makes("signal", "kill -KILL $$", "outputs: [a]"), makes("slow", "sleep 600", "outputs: [a]", ", timeout: 500ms"),
                    "  - key: none\n    run: {command: [no-such-program], outputs: [a]}\n")
    run = daemon.run("*")
    daemon.wait(run)
    ends = {key: (step["status"], step["reason"]) for key, step in daemon.steps(run).items()}
    assert ends == {"code": ("failed", "exit_code"), "signal": ("failed", "signal"), "slow": ("failed", "timeout"), "none": ("failed", "exit_code")}
    assert "cannot execute 'no-such-program'" in daemon.steps(run)["none"]["detail"]


def test_a_cancel_ends_command_and_program(making):
    daemon = making(makes("slow", "echo $$ > pid; exec sleep 600", "outputs: [a]"))
    run = daemon.run("slow")
    wait_until(lambda: (daemon.project / "pid").exists() and (daemon.project / "pid").read_text().strip(), "the command running")
    daemon.post(f"/runs/{run}/cancel")
    assert daemon.wait(run)["status"] == "canceled"
    pid = (daemon.project / "pid").read_text().strip()
    wait_until(lambda: not _runs(pid), "the command is gone")


def _runs(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_files_outside_the_project_are_refused_with_their_place(make_daemon):
    daemon = make_daemon(project(makes("a", "true", "outputs: [/etc/passwd, ../b]")))
    shown = daemon.ctl("validate", "--project", str(daemon.project))
    told = shown.stdout + shown.stderr
    assert shown.returncode != 0 and '"/etc/passwd" is no file of the project' in told and '"../b" is no file of the project' in told and "assetd.yaml:" in told
