"""assetctl against a real daemon: exit codes, stable JSON, live output."""

import json
import os
import signal
import subprocess

import pytest
from daemon import BIN
from projects import project, shell, waits_for
from waiting import wait_until


@pytest.fixture
def daemon(start):
    return start(project(shell("a", "echo hello from a"), shell("bad", "echo oops >&2; exit 3", ["a"]), shell("below", "true", ["bad"]),
                         shell("slow", waits_for("go"))))


def test_materialize_wait_tells_how_it_went_by_its_exit_code(daemon):
    good = daemon.ctl("materialize", "a", "--wait")
    assert good.returncode == 0, good.stderr
    assert "succeeded" in good.stdout
    bad = daemon.ctl("materialize", "+below", "--wait")
    assert bad.returncode == 1
    assert "bad: exit_code" in bad.stdout and "skipped" in bad.stdout


def test_a_canceled_run_is_four(daemon):
    waiting = subprocess.Popen([str(BIN / "assetctl"), "--url", daemon.url, "materialize", "slow", "--wait"], stdout=subprocess.PIPE, text=True)
    run = wait_until(lambda: daemon.items("/runs"), "the run")[0]["id"]
    daemon.wait_step(run, "slow", "running")
    assert daemon.ctl("runs", "cancel", run).returncode == 0
    assert waiting.wait(120) == 4
    waiting.stdout.close()


def test_ctrl_c_detaches_and_names_the_command_that_cancels(daemon):
    waiting = subprocess.Popen([str(BIN / "assetctl"), "--url", daemon.url, "materialize", "slow", "--wait"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    assert waiting.stdout.readline().startswith("run ")
    run = daemon.items("/runs")[0]["id"]
    daemon.wait_step(run, "slow", "running")
    line = waiting.stdout.readline()  # it follows the run by now
    assert "slow" in line
    waiting.send_signal(signal.SIGINT)
    _, err = waiting.communicate(timeout=120)
    assert waiting.returncode == 130
    assert f"assetctl runs cancel {run}" in err
    assert daemon.get(f"/runs/{run}")["status"] == "running"


def test_wait_survives_a_restart_of_the_daemon(daemon):
    # The address must stay: restart on the port it had.
    daemon.listen = daemon.url.removeprefix("http://")
    waiting = subprocess.Popen([str(BIN / "assetctl"), "--url", daemon.url, "materialize", "slow", "--wait"], stdout=subprocess.PIPE, text=True)
    run = wait_until(lambda: daemon.items("/runs"), "the run")[0]["id"]
    daemon.wait_step(run, "slow", "running")
    daemon.kill9()
    daemon.start()
    (daemon.project / "go").touch()
    assert waiting.wait(120) == 0
    waiting.stdout.close()


def test_errors_go_to_stderr_with_the_nearest_name(daemon):
    result = daemon.ctl("materialize", "belwo")
    assert (result.returncode, result.stdout) == (2, "")
    assert "below" in result.stderr


def test_an_unreachable_daemon_is_three():
    env = dict(os.environ, ASSETD_URL="http://127.0.0.1:9")
    result = subprocess.run([str(BIN / "assetctl"), "assets", "list"], env=env, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 3 and result.stdout == ""


def test_json_is_the_api_s(daemon):
    result = daemon.ctl("--output", "json", "materialize", "+below", "--wait")
    run = json.loads(result.stdout)
    assert run["status"] == "failed" and {step["key"]: step["status"] for step in run["steps"]} == {"a": "succeeded", "bad": "failed", "below": "skipped"}
    for command in (["assets", "list"], ["runs", "list"], ["pools"], ["queue"], ["schedules", "list"], ["audit"]):
        assert isinstance(json.loads(daemon.ctl("--output", "json", *command).stdout)["items"], list), command
    assert json.loads(daemon.ctl("-o", "json", "assets", "show", "a").stdout)["key"] == "a"
    assert json.loads(daemon.ctl("-o", "json", "definitions", "show").stdout)["assets"] == 4


def test_logs_and_retry(daemon):
    daemon.ctl("materialize", "+below", "--wait")
    run = daemon.items("/runs")[0]["id"]
    assert daemon.ctl("runs", "logs", run, "--step", "a").stdout == "hello from a\n"
    assert daemon.ctl("runs", "logs", run).stdout == "oops\n", "without a step, the cause's"
    again = daemon.ctl("runs", "retry", run, "--wait")
    assert again.returncode == 1 and "2 steps" in again.stdout


def test_what_a_check_printed_is_one_command_away(start):
    check = "checks: [{name: soft, severity: error, run: {plugin: exec, command: [/bin/sh, -c, 'echo 12 rows wrong; exit 1']}}]"
    daemon = start(project(shell("a", "echo made", more=check)))
    out = daemon.ctl("materialize", "a", "--wait").stdout
    run = daemon.items("/runs")[0]["id"]
    hint = next(line for line in out.splitlines() if "runs logs" in line).split()
    assert hint == ["assetctl", "runs", "logs", run, "--step", "a", "--check", "soft"]
    assert daemon.ctl(*hint[1:]).stdout == "12 rows wrong\n"
    assert daemon.ctl("runs", "logs", run).stdout == "12 rows wrong\n", "without a step, the cause's"
    assert daemon.ctl("runs", "logs", run, "--step", "a").stdout == "made\n"
    (need,) = daemon.get("/overview")["needs_you"]
    assert (need["kind"], need["key"], need["check"], need["run_id"]) == ("check_failed", "a", "soft", run)
    daemon.post(f"/runs/{run}/checks/soft/waive", {"reason": "known"})
    assert daemon.get("/overview")["needs_you"] == []


def test_logs_follow_to_the_end_of_the_step(start):
    daemon = start(project(shell("a", f"echo first; {waits_for('go')}; echo last")))
    run = daemon.run("a")
    following = subprocess.Popen([str(BIN / "assetctl"), "--url", daemon.url, "runs", "logs", run, "--step", "a", "-f"], stdout=subprocess.PIPE, text=True)
    assert following.stdout.readline() == "first\n"
    (daemon.project / "go").touch()
    rest, _ = following.communicate(timeout=120)
    assert rest == "last\n" and following.returncode == 0


def test_tables_are_aligned_and_plain_when_nobody_watches(daemon):
    out = daemon.ctl("assets", "list").stdout
    assert "\033" not in out
    lines = out.splitlines()
    assert lines[0].startswith("ASSET") and len(lines) == 5
    column = lines[0].index("STATUS")
    assert all(line[column - 1] == " " for line in lines)


def test_lineage_lists_parents_first(daemon):
    lines = daemon.ctl("lineage", "+below").stdout.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["a", "bad", "below"]


def test_doctor_is_content_with_a_healthy_daemon_and_not_with_none(daemon):
    healthy = daemon.ctl("doctor", "--project", str(daemon.project))
    assert healthy.returncode == 0, healthy.stdout
    daemon.stop()
    missing = daemon.ctl("doctor", "--project", str(daemon.project))
    assert missing.returncode == 1 and "is whole" in missing.stdout, "without a daemon the store itself is checked"


def test_doctor_says_what_it_did_not_find_where_it_was_told_to_look(daemon, tmp_path):
    elsewhere = daemon.ctl("doctor", "--project", str(tmp_path))
    assert elsewhere.returncode == 0 and "--data names the folder" in elsewhere.stdout and "no assetd.yaml" in elsewhere.stdout, elsewhere.stdout
    nowhere = daemon.ctl("doctor", "--project", str(tmp_path / "missing"))
    assert nowhere.returncode == 1 and "there is no folder" in nowhere.stdout, nowhere.stdout


def test_a_unix_socket_serves_as_well(make_daemon, tmp_path):
    daemon = make_daemon(project(shell("a", "true")), listen=f"unix:{tmp_path}/s")
    daemon.launch()

    def listed():
        result = subprocess.run([str(BIN / "assetctl"), "--url", f"unix:{tmp_path}/s", "assets", "list"], capture_output=True, text=True, timeout=120, check=False)
        return result.stdout if result.returncode == 0 else None

    assert "a" in wait_until(listed, "an answer over the Unix socket")
