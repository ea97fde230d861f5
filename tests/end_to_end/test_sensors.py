"""Sensors: what is found becomes runs, each thing exactly once, through kill -9, pauses and reloads; one that hangs delays nobody."""

import hashlib
import hmac
import json
import os
import pathlib
import sqlite3
import time

import pytest
from daemon import processes_with
from projects import project, shell, waits_for
from waiting import pause, wait_until

COPY = 'echo "$ASSETD_SENSOR_DATA" >> seen'
LANDING = """sensors:
  - {name: landing, file: {glob: "in/*.json", settle: 0s}, every: 1s, select: a}
"""
KEY = "very secret"


def sensor(daemon, name):
    return daemon.get(f"/sensors/{name}")


def reason(daemon, name):
    """Of what came of it last; "" when it fired or has not been looked at."""
    return (sensor(daemon, name)["last_tick"] or {}).get("reason") or ""


def ticks(daemon, name, outcome=None):
    return [tick for tick in daemon.items(f"/sensors/{name}/ticks") if outcome in (None, tick["outcome"])]


def runs_of(daemon, name):
    return [run for run in daemon.items("/runs") if (run["trigger"]["kind"], run["trigger"]["name"]) == ("sensor", name)]


def seen(daemon):
    """What the steps of the sensor's runs were given, one for each."""
    file = daemon.project / "seen"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def files_seen(daemon):
    return sorted(name for one in seen(daemon) for name in one["files"])


def drop(daemon, name, text="{}"):
    path = daemon.project / "in" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".tmp").write_text(text)
    path.with_suffix(".tmp").rename(path)
    return f"in/{name}"


def program(tmp_path, name, body):
    path = tmp_path / name
    path.write_text("#!/usr/bin/env python3\nimport json, os, sys\ncontext = json.load(sys.stdin)\n" + body)
    path.chmod(0o755)
    return path


def asks(path, more=""):
    return f"  - {{name: ask, run: {{command: [{path}]}}, every: 1s, select: a{more}}}\n"


# --- files


def test_a_file_that_arrives_is_found_and_given_to_the_steps_of_one_run(start):
    daemon = start(project(shell("a", COPY), head=LANDING))
    wait_until(lambda: sensor(daemon, "landing")["last_tick"], "a first look")
    first = drop(daemon, "one.json")
    fired = wait_until(lambda: ticks(daemon, "landing", "fired"), "a run for the file")
    run = daemon.wait(fired[0]["run_ids"][0])
    assert run["status"] == "succeeded" and run["actor"] == "sensor landing" and run["options"]["sensor"] == {"files": [first], "name": "landing"}
    assert files_seen(daemon) == [first] and fired[0]["cursor_after"] == "1 file seen"
    second, third = drop(daemon, "two.json"), drop(daemon, "three.json")
    wait_until(lambda: len(files_seen(daemon)) == 3, "runs for the others")
    drop(daemon, "two.json", "{changed: true}")
    wait_until(lambda: files_seen(daemon).count(second) == 2, "another for the one that was changed")
    (daemon.project / third).unlink()
    wait_until(lambda: sensor(daemon, "landing")["cursor"] == "2 files seen", "the file is forgotten")
    drop(daemon, "three.json")
    wait_until(lambda: files_seen(daemon).count(third) == 2, "it came back")
    assert files_seen(daemon) == sorted([first, second, second, third, third])
    assert sensor(daemon, "landing")["notified"], "told by inotify"


def test_half_written_files_wait_and_each_file_may_have_its_run(start):
    daemon = start(project(shell("a", COPY), head='sensors:\n  - {name: landing, file: {glob: "in/**/*.csv", settle: 2s, per: file}, every: 1s, select: a}\n'))
    (daemon.project / "in/deep").mkdir(parents=True)
    path = daemon.project / "in/deep/x.csv"
    path.write_text("half")
    wait_until(lambda: "may still be written" in reason(daemon, "landing"), "the file is seen, and waits")
    (daemon.project / "in/y.csv").write_text("whole")
    wait_until(lambda: files_seen(daemon) == ["in/deep/x.csv", "in/y.csv"], "both, when they have settled")
    assert len(runs_of(daemon, "landing")) == 2


def test_kill_9_loses_no_file_and_repeats_none(start):
    daemon = start(project(shell("a", COPY), head=LANDING))
    dropped = []
    for round_number in range(8):
        for i in range(3):
            dropped.append(drop(daemon, f"{round_number}-{i}.json"))
        if round_number % 2:
            wait_until(lambda: ticks(daemon, "landing", "fired"), "a look in between")
        pause(0.05 * round_number)
        daemon.kill9()
        dropped.append(drop(daemon, f"{round_number}-away.json"))
        daemon.start()
    wait_until(lambda: sorted(name for run in runs_of(daemon, "landing") for name in run["options"]["sensor"]["files"]) == sorted(dropped), "each file in exactly one run")
    wait_until(lambda: not daemon.items("/runs?status=queued,running,canceling"), "rest")
    assert files_seen(daemon) == sorted(dropped)
    stored = sqlite3.connect(daemon.data / "store.sqlite")
    assert stored.execute("SELECT count(*) FROM sensor_ticks WHERE outcome=0").fetchone()[0] == len(ticks(daemon, "landing", "fired"))


def test_what_lies_there_at_first_can_be_left_alone_and_a_reset_begins_anew(start):
    folder = project(shell("a", COPY), head=LANDING.replace("settle: 0s", "settle: 0s, existing: skip"))
    daemon = start(folder)
    wait_until(lambda: ticks(daemon, "landing"), "the first look")
    drop(daemon, "early.json")
    wait_until(lambda: files_seen(daemon) == ["in/early.json"], "a file that came after the first look")
    daemon.post("/sensors/landing/reset", {"reason": "again"})
    wait_until(lambda: "before count as seen" in reason(daemon, "landing"), "a first look once more")
    assert files_seen(daemon) == ["in/early.json"]


# --- programs

COUNTING = """
at = int(context["cursor"] or 0) + 1
print("looked for the", at, "th time", file=sys.stderr)
print(json.dumps({"requests": [{"key": f"k{at}", "tags": {"n": str(at)}, "data": {"files": [str(at)]}}], "cursor": str(at)} if at <= 20 else {"skip_reason": "that was all"}))
"""


def test_a_programs_requests_and_cursor_count_exactly_once_through_kill_9(start, tmp_path):
    daemon = start(project(shell("a", COPY), head="sensors:\n" + asks(program(tmp_path, "count", COUNTING))))
    for _ in range(6):
        pause(0.7)
        daemon.kill9()
        daemon.start()
    wait_until(lambda: reason(daemon, "ask") == "that was all", "the end of its list")
    runs = runs_of(daemon, "ask")
    assert sorted(int(run["tags"]["n"]) for run in runs) == list(range(1, 21)), "each request once, none left out"
    fired = ticks(daemon, "ask", "fired")
    assert [tick["cursor_after"] for tick in reversed(fired)] == [str(n) for n in range(1, 21)]
    assert "looked for the 20 th time" in fired[0]["log"]


def test_a_key_counts_once_and_so_do_failures_back_off_and_leave_the_cursor(start, tmp_path):
    broken = tmp_path / "broken"
    body = f"""
if os.path.exists({str(broken)!r}): print("no connection", file=sys.stderr); sys.exit(3)
print(json.dumps({{"requests": [{{"key": "the same"}}], "cursor": "c"}}))
"""
    daemon = start(project(shell("a", "true"), head="sensors:\n" + asks(program(tmp_path, "ask", body))))
    wait_until(lambda: reason(daemon, "ask") == "what it asks for was asked for before", "a key that is known")
    assert len(runs_of(daemon, "ask")) == 1
    broken.touch()
    failed = wait_until(lambda: sensor(daemon, "ask")["failures"] >= 2 and sensor(daemon, "ask"), "failures")
    assert "exit code 3" in failed["last_tick"]["reason"] and failed["last_tick"]["log"] == "no connection\n" and failed["cursor"] == "c"
    assert failed["last_tick"]["repeats"] >= 1 and len(ticks(daemon, "ask", "failed")) == 1
    broken.unlink()
    wait_until(lambda: sensor(daemon, "ask")["failures"] == 0, "it recovers by itself")


@pytest.mark.parametrize("printed, why", [("print('x')", "not JSON"), ("print('{\"requests\": [{\"slect\": \"a\"}]}')", "/requests/0/slect"),
                                          ("print('{\"requests\": [{\"select\": \"nowhere\"}], \"cursor\": \"1\"}')", "cannot be run"), ("print('y' * (5 << 20))", "more than 4 MiB"),
                                          ("os.kill(os.getpid(), 9)", "signal 9")])
def test_what_a_program_gets_wrong_is_said_and_nothing_of_it_counts(start, tmp_path, printed, why):
    daemon = start(project(shell("a", "true"), head="sensors:\n" + asks(program(tmp_path, "ask", printed + "\n"))))
    tick = wait_until(lambda: sensor(daemon, "ask")["last_tick"], "an evaluation")
    assert tick["outcome"] == "failed" and why in tick["reason"], tick
    assert sensor(daemon, "ask")["cursor"] is None and not daemon.items("/runs")


def hanging(tmp_path, mark):
    """A program that never answers and starts another that leaves its session."""
    return program(tmp_path, "hang", f"""
import signal, subprocess
subprocess.Popen(["setsid", "sleep", "600"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ, MARK="{mark}"))
signal.pause()
""")


def test_one_that_hangs_delays_nobody_and_no_stop_of_the_daemon(start, tmp_path):
    mark = f"mark-{os.getpid()}-{time.monotonic_ns()}"
    head = f'sensors:\n  - {{name: stuck, run: {{command: [{hanging(tmp_path, mark)}]}}, every: 1s, timeout: 1h, select: a}}\n' + LANDING.removeprefix("sensors:\n")
    daemon = start(project(shell("a", COPY), head=head))
    wait_until(lambda: processes_with(mark), "the hanging program and what left its session")
    dropped = [drop(daemon, f"{n}.json") for n in range(3)]
    wait_until(lambda: files_seen(daemon) == dropped, "runs of the other sensor")
    assert sensor(daemon, "stuck")["evaluating"] and sensor(daemon, "stuck")["last_tick"] is None
    assert daemon.stop() == 0 and not processes_with(mark)


def test_files_wait_for_no_program_however_many_hang(start, tmp_path):
    mark = f"mark-{os.getpid()}-{time.monotonic_ns()}"
    hang = program(tmp_path, "hang", "import signal; signal.pause()\n")
    stuck = "".join(f"  - {{name: stuck{n}, run: {{command: [{hang}], env: {{MARK: {mark}}}}}, every: 1s, timeout: 1h, select: a}}\n" for n in range(16))
    quick = program(tmp_path, "quick", "print('{}')\n")
    tardy = f"  - {{name: tardy, run: {{command: [{quick}]}}, every: 1s, select: a}}\n"
    daemon = start(project(shell("a", COPY), head="sensors:\n" + stuck + LANDING.removeprefix("sensors:\n") + tardy))
    wait_until(lambda: len(processes_with(mark)) >= 16, "programs that hang")
    dropped = [drop(daemon, f"{n}.json") for n in range(3)]
    wait_until(lambda: files_seen(daemon) == dropped, "runs of the other sensor")
    wait_until(lambda: sensor(daemon, "tardy")["last_tick"], "a program's turn: those that take long do not count")
    assert daemon.stop() == 0


def test_when_its_time_is_over_its_whole_tree_is_killed(start, tmp_path):
    mark = f"mark-{os.getpid()}-{time.monotonic_ns()}"
    daemon = start(project(shell("a", "true"), head=f"sensors:\n  - {{name: stuck, run: {{command: [{hanging(tmp_path, mark)}]}}, every: 1s, timeout: 3s, select: a}}\n"))
    tick = wait_until(lambda: sensor(daemon, "stuck")["last_tick"], "its timeout")
    assert tick["outcome"] == "failed" and "no answer within 3s" in tick["reason"]
    daemon.post("/sensors/stuck/pause")
    wait_until(lambda: not processes_with(mark), "nothing of it left")


def test_a_daemon_that_is_killed_leaves_no_program_behind(start, tmp_path):
    mark = f"mark-{os.getpid()}-{time.monotonic_ns()}"
    hang = program(tmp_path, "hang", f'import subprocess\nsubprocess.Popen(["sleep", "600"], env=dict(os.environ, MARK="{mark}"))\nimport signal; signal.pause()\n')
    daemon = start(project(shell("a", "true"), head="sensors:\n" + asks(hang)))
    wait_until(lambda: processes_with(mark), "the program")
    daemon.kill9()
    wait_until(lambda: not processes_with(mark), "its end")


# --- people


def test_pauses_hold_and_survive_and_dry_runs_change_nothing(start, tmp_path):
    daemon = start(project(shell("a", "true"), head="sensors:\n" + asks(program(tmp_path, "count", COUNTING), ", paused: true")))
    dry = daemon.post("/sensors/ask/dry-run")
    assert dry["outcome"] == "fired" and dry["requests"][0]["key"] == "k1" and dry["requests"][0]["steps_total"] == 1 and dry["cursor_after"] == "1"
    assert sensor(daemon, "ask")["cursor"] is None and not daemon.items("/runs") and not ticks(daemon, "ask")
    tick = daemon.post("/sensors/ask/trigger", headers={"Idempotency-Key": "now"})
    assert tick["outcome"] == "fired" and daemon.wait(tick["run_ids"][0])["status"] == "succeeded", "people may ask although it is paused"
    assert daemon.post("/sensors/ask/trigger", headers={"Idempotency-Key": "now"})["run_ids"] == tick["run_ids"]
    daemon.post("/sensors/ask/resume")
    wait_until(lambda: len(runs_of(daemon, "ask")) >= 2, "it looks again")
    daemon.post("/sensors/ask/pause", {"reason": "holiday"})
    daemon.kill9()
    daemon.start()
    shown = sensor(daemon, "ask")
    assert shown["paused"] and shown["pause_reason"] == "holiday" and shown["paused_by"] and shown["next_at"] is None
    assert daemon.request("POST", "/sensors/aks/pause", {}).status == 404
    actions = [entry["action"] for entry in daemon.items("/audit")]
    assert {"sensor.pause", "sensor.resume", "sensor.trigger"} <= set(actions)


def test_the_red_button_holds_sensors_and_what_came_meanwhile_is_found_afterwards(start):
    daemon = start(project(shell("a", COPY), head=LANDING))
    wait_until(lambda: sensor(daemon, "landing")["last_tick"], "a first look")
    daemon.post("/automation/pause", {"reason": "moving"})
    drop(daemon, "x.json")
    assert "moving" in sensor(daemon, "landing")["held"]
    daemon.kill9()
    daemon.start()
    assert not daemon.items("/runs")
    daemon.post("/automation/resume")
    wait_until(lambda: files_seen(daemon) == ["in/x.json"], "the file that came meanwhile")


def test_overlap_skip_waits_for_the_run_and_loses_nothing(start):
    daemon = start(project(shell("a", COPY + "; while [ ! -e go ]; do sleep 0.02; done"), head=LANDING.replace("select: a", "select: a, overlap: skip")))
    drop(daemon, "one.json")
    wait_until(lambda: files_seen(daemon) == ["in/one.json"], "the first run")
    drop(daemon, "two.json")
    wait_until(lambda: "has not ended" in reason(daemon, "landing"), "it waits")
    assert len(runs_of(daemon, "landing")) == 1
    (daemon.project / "go").touch()
    wait_until(lambda: files_seen(daemon) == ["in/one.json", "in/two.json"], "the second one")


def test_a_reload_changes_and_removes_sensors_and_assetctl_shows_them(start):
    daemon = start(project(shell("a", COPY), head=LANDING))
    drop(daemon, "one.json")
    wait_until(lambda: files_seen(daemon) == ["in/one.json"], "the first run")
    listed = daemon.ctl("sensors", "list").stdout
    assert "landing" in listed and "in/*.json" in listed
    assert "fired" in daemon.ctl("sensors", "ticks", "landing").stdout and "1 file seen" in daemon.ctl("sensors", "show", "landing").stdout
    assert "no file is new" in daemon.ctl("sensors", "test", "landing").stdout
    assert daemon.ctl("sensors", "pause", "landing", "--reason", "x").returncode == 0
    yaml = daemon.project / "assetd.yaml"
    yaml.write_text(yaml.read_text().replace("*.json", "*"))
    daemon.post("/definitions/reload")
    assert sensor(daemon, "landing")["watches"].endswith("in/*") and sensor(daemon, "landing")["paused"]
    yaml.write_text(project(shell("a", COPY)))
    daemon.post("/definitions/reload")
    assert daemon.items("/sensors") == [] and ticks(daemon, "landing", "fired"), "its history stays"


# --- webhooks


def sign(body, key=KEY, at=None):
    at = int(time.time()) if at is None else at
    return {"Assetd-Signature": f"t={at},v1={hmac.new(key.encode(), f'{at}.'.encode() + body, hashlib.sha256).hexdigest()}"}


HOOK = 'sensors:\n  - {name: pushed, webhook: {secret: "${secret:HOOK}"}, select: a}\n  - {name: hub, webhook: {secret: "${secret:HOOK}", form: github}, select: a}\n'


def test_a_signed_webhook_is_answered_when_its_run_is_committed_and_counts_once(start):
    daemon = start(project(shell("a", COPY), head=HOOK), env={"ASSETD_SECRET_HOOK": KEY})
    body = b'{"order": 7}'
    signed = sign(body)
    answer = daemon.request("POST", "/hooks/pushed", body, {**signed, "Idempotency-Key": "d1"})
    assert answer.status == 202 and answer.json["duplicate"] is False
    run = daemon.wait(answer.json["run_id"])
    assert run["status"] == "succeeded" and seen(daemon) == [{"payload": {"order": 7}, "delivery": "d1", "name": "pushed"}]
    daemon.kill9()
    daemon.start()
    for headers in ({**sign(body, at=int(time.time()) - 1), "Idempotency-Key": "d1"}, {**signed, "Idempotency-Key": "replayed-under-another-name"}, signed):
        again = daemon.request("POST", "/hooks/pushed", body, headers)
        assert again.status == 202 and again.json["run_id"] == answer.json["run_id"] and again.json["duplicate"] is True
    assert len(runs_of(daemon, "pushed")) == 1 and ticks(daemon, "pushed")[0]["run_ids"] == [answer.json["run_id"]]


def test_a_webhook_refuses_what_is_not_signed_old_too_large_or_broken(start):
    daemon = start(project(shell("a", COPY), head=HOOK), env={"ASSETD_SECRET_HOOK": KEY})
    body = b'{"order": 7}'

    def status(headers, sent=body, name="pushed"):
        return daemon.request("POST", f"/hooks/{name}", sent, headers).status

    assert status({}) == 401 and status({"Assetd-Signature": "nonsense"}) == 401 and status(sign(body, "wrong")) == 401
    assert status(sign(b"other")) == 401 and status(sign(body, at=int(time.time()) - 3600)) == 401 and status(sign(body, at=int(time.time()) + 3600)) == 401
    assert status(sign(body), name="nowhere") == 404
    assert status(sign(b"{"), b"{") == 400 and status({**sign(b"\xff"), "Content-Type": "text/plain"}, b"\xff") == 400
    large = b'"' + b"x" * (300 << 10) + b'"'
    assert status(sign(large), large) == 413
    refused = sensor(daemon, "pushed")["refused"]
    assert refused["count"] >= 6 and not daemon.items("/runs") and not ticks(daemon, "pushed")
    assert status({**sign(b"plain words"), "Content-Type": "text/plain"}, b"plain words") == 202
    assert daemon.request("POST", "/sensors/pushed/trigger", {}).status == 409
    daemon.post("/sensors/pushed/pause", {"reason": "moving"})
    paused = daemon.request("POST", "/hooks/pushed", body, sign(body))
    assert paused.status == 503 and "moving" in paused.text and paused.headers["Retry-After"]
    daemon.post("/sensors/pushed/resume")
    assert status(sign(body)) == 202


def test_github_signs_in_its_own_form(start):
    daemon = start(project(shell("a", COPY), head=HOOK), env={"ASSETD_SECRET_HOOK": KEY})
    body = b'{"ref": "main"}'
    headers = {"X-Hub-Signature-256": "sha256=" + hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest(), "X-GitHub-Delivery": "g1", "X-GitHub-Event": "push"}
    answer = daemon.request("POST", "/hooks/hub", body, headers)
    assert answer.status == 202
    daemon.wait(answer.json["run_id"])
    assert seen(daemon)[0]["event"] == "push" and seen(daemon)[0]["payload"] == {"ref": "main"}
    assert daemon.request("POST", "/hooks/hub", body, headers).json["duplicate"] is True
    assert daemon.request("POST", "/hooks/hub", body, {**headers, "X-Hub-Signature-256": "sha256=00"}).status == 401


# --- other assets


def test_what_happens_to_other_assets_starts_a_run_once(start):
    head = 'sensors:\n  - {name: after, asset: {select: "up or flaky", on: [materialized, failed]}, select: a}\n'
    daemon = start(project(shell("up", "true"), shell("flaky", "exit 3"), shell("a", COPY), shell("other", "true"), head=head))
    wait_until(lambda: sensor(daemon, "after")["last_tick"], "a first look")
    daemon.wait(daemon.run("other"))
    daemon.wait(daemon.run("up"))
    wait_until(lambda: len(seen(daemon)) == 1, "a run after it")
    event = seen(daemon)[0]["events"][0]
    assert (event["asset"], event["what"]) == ("up", "materialized")
    for _ in range(3):
        daemon.kill9()
        daemon.start()
    daemon.wait(daemon.run("flaky"))
    wait_until(lambda: len(seen(daemon)) == 2, "a run after the failure")
    assert [(one["asset"], one["what"]) for one in seen(daemon)[1]["events"]] == [("flaky", "failed")]
    daemon.post("/sensors/after/pause")
    daemon.wait(daemon.run("up"))
    daemon.post("/sensors/after/resume")
    wait_until(lambda: len(seen(daemon)) == 3, "what happened while it was paused")
    assert len(runs_of(daemon, "after")) == 3


def test_what_happens_from_its_first_definition_on_counts_also_where_it_begins_paused(start):
    head = 'sensors:\n  - {name: after, asset: {select: up, on: [materialized]}, select: a, paused: true}\n'
    daemon = start(project(shell("up", "true"), shell("a", COPY), head=head))
    daemon.wait(daemon.run("up"))
    daemon.kill9()
    daemon.start()
    daemon.post("/sensors/after/resume")
    wait_until(lambda: len(seen(daemon)) == 1, "what happened before its first look")
    daemon.post("/automation/pause", {"reason": "gold is wrong"})
    (daemon.project / "assetd.yaml").write_text(project(shell("up", "true"), shell("a", COPY), head=head + head.partition("\n")[2].replace("after", "late").replace(", paused: true", "")))
    daemon.post("/definitions/reload")
    daemon.wait(daemon.run("up"))
    daemon.post("/automation/resume", {"reason": "mended"})
    wait_until(lambda: [len(runs_of(daemon, name)) for name in ("after", "late")] == [2, 1], "what happened under the red button")


def test_each_failure_is_told_with_its_run_also_while_another_partition_is_made(start):
    head = "sensors:\n  - {name: after, asset: {select: up, on: [failed]}, select: a}\n"
    script = 'touch "at-$ASSETD_PARTITION"; case $ASSETD_PARTITION in x) exit 3;; y) ' + waits_for("go") + ";; esac"
    daemon = start(project(shell("up", script, [], "partitions: {static: [x, y]}"), shell("a", COPY), head=head))
    slow = daemon.run("up", partitions=["y"])
    wait_until((daemon.project / "at-y").exists, "one that is under way")
    failed = []
    for _ in range(2):
        failed.append(daemon.run("up", partitions=["x"]))
        daemon.wait(failed[-1])
    wait_until(lambda: [event["run_id"] for one in seen(daemon) for event in one["events"]] == failed, "both failures, each of its own run")
    (daemon.project / "go").touch()
    assert daemon.wait(slow)["status"] == "succeeded"


def test_sensors_that_go_round_in_a_circle_end_and_say_so(start):
    head = """sensors:
  - {name: s1, asset: {select: x, on: [materialized]}, select: y}
  - {name: s2, asset: {select: y, on: [materialized]}, select: x}
"""
    daemon = start(project(shell("x", "true"), shell("y", COPY, ["x"]), head=head))
    wait_until(lambda: sensor(daemon, "s1")["last_tick"] and sensor(daemon, "s2")["last_tick"], "first looks")
    daemon.wait(daemon.run("x"))
    wait_until(lambda: any("in a circle" in (tick["reason"] or "") for tick in ticks(daemon, "s1")), "its end")
    assert len(runs_of(daemon, "s1")) == len(runs_of(daemon, "s2")) == 3 and len(seen(daemon)) == 3
    daemon.wait(daemon.run("x"))
    wait_until(lambda: len(runs_of(daemon, "s1")) == 6, "what a person sets going begins anew")


# --- databases


def test_a_query_fires_when_its_value_changes(start, tmp_path):
    database = tmp_path / "orders.db"
    with sqlite3.connect(database) as orders:
        orders.execute("CREATE TABLE orders(id INTEGER)")
        orders.execute("INSERT INTO orders VALUES(1)")
    head = f'resources: {{db: {{kind: sqlite, path: {database}}}}}\nsensors:\n' + '  - {name: newest, sql: {resource: db, query: "SELECT max(id) FROM orders"}, every: 1s, select: a}\n'
    daemon = start(project(shell("a", COPY), head=head))
    wait_until(lambda: sensor(daemon, "newest")["last_tick"], "a first look")
    assert "only remembered" in ticks(daemon, "newest")[-1]["reason"]
    with sqlite3.connect(database) as orders:
        orders.execute("INSERT INTO orders VALUES(2)")
    wait_until(lambda: len(seen(daemon)) == 1, "a run for the new value")
    assert seen(daemon)[0]["value"] == "2"
    dry = daemon.post("/sensors/newest/dry-run")
    assert dry["outcome"] == "skipped" and dry["reason"] == "the value is the same"
    pathlib.Path(database).write_text("no database any more")
    failed = wait_until(lambda: sensor(daemon, "newest")["failures"] and sensor(daemon, "newest"), "a failure")
    assert "database" in failed["last_tick"]["reason"]
