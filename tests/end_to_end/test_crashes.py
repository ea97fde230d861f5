"""The daemon may die at any time: a run goes on, and nothing runs twice."""

import collections
import subprocess

from daemon import BIN
from projects import project, shell, waits_for
from waiting import wait_until

# Each attempt leaves a line with its id before it does anything else.
WITNESS = 'echo "$ASSETD_STEP $ASSETD_ATTEMPT_ID" >> witness; '


def witnessed(daemon):
    path = daemon.project / "witness"
    return path.read_text().splitlines() if path.exists() else []


def layers(count, width):
    """`count` layers of `width` steps; the first step of each layer waits for the test."""
    assets = []
    for layer in range(count):
        parents = [f"l{layer - 1}_{i}" for i in range(width)] if layer else []
        for i in range(width):
            script = WITNESS + (waits_for(f"go{layer}") if i == 0 else "true")
            assets.append(shell(f"l{layer}_{i}", script, parents))
    return project(*assets)


def test_killed_five_times_in_one_run_no_attempt_runs_twice(start):
    daemon = start(layers(5, 4))
    run = daemon.run("*")
    for layer in range(5):
        wait_until(lambda layer=layer: any(line.startswith(f"l{layer}_0 ") for line in witnessed(daemon)), f"layer {layer} running")
        daemon.kill9()
        (daemon.project / f"go{layer}").touch()  # the step ends while nobody looks
        daemon.start()
    assert daemon.wait(run)["status"] == "succeeded"
    lines = witnessed(daemon)
    twice = [line for line, count in collections.Counter(lines).items() if count > 1]
    assert not twice, "attempts that were executed twice"
    assert len(lines) == 20, "steps that ran more than one attempt"
    assert {step["status"] for step in daemon.steps(run).values()} == {"succeeded"}
    assert all(len(step["attempts"]) == 1 for step in daemon.steps(run).values())


def test_a_step_that_ends_while_the_daemon_is_down_keeps_its_outcome_and_output(start):
    daemon = start(project(shell("a", waits_for("go") + "; echo said before the end; exit 5"), shell("b", "true", ["a"])))
    run = daemon.run("*")
    daemon.wait_step(run, "a", "running")
    daemon.kill9()
    (daemon.project / "go").touch()
    daemon.start()
    assert daemon.wait(run)["status"] == "failed"
    step = daemon.steps(run)["a"]
    assert step["reason"] == "exit_code" and step["attempts"][0]["exit_code"] == 5
    assert "said before the end" in daemon.step_log(run, "a")
    assert daemon.statuses(run)["b"] == "skipped"


def test_a_second_daemon_on_the_same_data_is_refused_and_told_who_holds_it(start):
    daemon = start(project(shell("a", "true")))
    second = subprocess.run(daemon.command(), capture_output=True, text=True, timeout=120, check=False)
    assert second.returncode == 3, second.stderr
    assert str(daemon.process.pid) in second.stdout + second.stderr
    assert daemon.request("GET", "/readyz").status == 200, "the first goes on"


def test_a_second_daemon_is_refused_also_when_the_lock_file_was_removed(start):
    daemon = start(project(shell("a", "true")))
    (daemon.data / "lock").unlink()
    second = subprocess.run(daemon.command(), capture_output=True, text=True, timeout=120, check=False)
    assert second.returncode == 3 and "is in use by" in second.stderr, second.stderr
    wait_until(lambda: (daemon.data / "lock").exists(), "the lock file is made anew", 30)
    again = subprocess.run(daemon.command(), capture_output=True, text=True, timeout=120, check=False)
    assert again.returncode == 3 and str(daemon.process.pid) in again.stderr and daemon.url.split("//")[-1] in again.stderr, again.stderr


def test_a_supervisor_whose_socket_was_removed_is_found_by_the_next_daemon(start):
    daemon = start(project(shell("a", WITNESS + waits_for("go"))))
    run = daemon.run("a")
    wait_until(lambda: witnessed(daemon), "step a running")
    (daemon.data / "supervisor.sock").unlink()
    daemon.kill9()
    daemon.start(30)
    assert daemon.get(f"/runs/{run}")["status"] == "running"
    (daemon.project / "go").touch()
    assert daemon.wait(run)["status"] == "succeeded"
    assert len(witnessed(daemon)) == 1


def test_sigterm_leaves_steps_running_and_the_next_daemon_has_them(start):
    daemon = start(project(shell("a", WITNESS + waits_for("go"))))
    run = daemon.run("a")
    wait_until(lambda: witnessed(daemon), "step a running")
    assert daemon.stop() == 0
    daemon.start()
    assert daemon.get(f"/runs/{run}")["status"] == "running"
    (daemon.project / "go").touch()
    assert daemon.wait(run)["status"] == "succeeded"
    assert len(witnessed(daemon)) == 1


def test_history_survives_a_restart(start):
    daemon = start(project(shell("a", "true")))
    run = daemon.run("a")
    daemon.wait(run)
    before = daemon.get("/assets/a")["last_materialization"]
    daemon.kill9()
    daemon.start()
    assert daemon.get("/assets/a")["last_materialization"] == before
    assert [item["id"] for item in daemon.items("/runs")] == [run]


def test_the_same_request_twice_is_one_run_even_across_a_crash(start):
    daemon = start(project(shell("a", "true")))
    key = {"idempotency-key": "once"}
    first = daemon.post("/runs", {"select": "a"}, headers=key)
    daemon.kill9()
    daemon.start()
    assert daemon.post("/runs", {"select": "a"}, headers=key)["id"] == first["id"]
    assert len(daemon.items("/runs")) == 1
    assert daemon.request("POST", "/runs", {"select": "*"}, headers=key).status == 409


def test_wrong_usage_is_two():
    ended = subprocess.run([str(BIN / "assetd"), "--no-such-flag"], capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 2


def test_a_configuration_file_with_an_unknown_key_is_two(make_daemon, tmp_path):
    (tmp_path / "assetd.conf").write_text('listen = "127.0.0.1:0"\nlisen = "127.0.0.1:0"\n')
    daemon = make_daemon(project(shell("a", "true")), extra=["--config", str(tmp_path / "assetd.conf")])
    ended = subprocess.run(daemon.command(), capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 2 and "lisen" in ended.stderr


def test_a_data_folder_that_cannot_hold_a_lock_is_no_other_daemon(make_daemon):
    daemon = make_daemon(project(shell("a", "true")))
    (daemon.data / "lock").mkdir(parents=True)
    ended = subprocess.run(daemon.command(), capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 1 and "lock" in ended.stderr


def test_a_project_file_that_leads_to_itself_is_said(tmp_path):
    (tmp_path / "assetd.yaml").symlink_to("assetd.yaml")
    ended = subprocess.run([str(BIN / "assetd"), "--project", str(tmp_path)], capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 2 and "symbolic links" in ended.stdout + ended.stderr


def test_a_message_of_50_mb_is_no_burden_to_anybody(start, tmp_path):
    script = (
        "import base64, json, os, zlib\n"
        "path = json.loads(zlib.decompress(base64.b64decode(os.environ['DAGSTER_PIPES_MESSAGES'])))['path']\n"
        "metadata = {'rows': 3, 'dump': 'y' * 50_000_000}\n"
        "line = {'__dagster_pipes_version': '0.1', 'method': 'report_asset_materialization', 'params': {'asset_key': 'big', 'metadata': metadata}}\n"
        "open(path, 'a').write(json.dumps(line) + '\\n')\n"
    )
    (tmp_path / "big.py").write_text(script)
    daemon = start(f"name: big\nassets:\n  - key: big\n    run: {{command: [python3, {tmp_path}/big.py]}}\n")
    assert daemon.ctl("materialize", "big", "--wait").returncode == 0
    metadata = daemon.get("/assets/big")["last_materialization"]["metadata"]
    assert metadata["rows"] == 3 and metadata["dump"].startswith("(left out: 50000000 bytes")
