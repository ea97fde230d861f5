"""A replica in one command: data of its own, paused at first, with its own variables, pools and resources; compared with the daemon beside it."""

import pathlib
import subprocess

from daemon import BIN, Daemon
from waiting import wait_until

PROJECT = """name: shop
vars: {place: production}
pools: {default: {slots: 4}, gpu: {slots: 8}}
resources:
  lake: {kind: folder, path: data/lake}
environments:
  staging:
    vars: {place: staging}
    pools: {gpu: 1, extra: {slots: 2}}
    resources: {lake: {path: data/staging}}
  open: {schedules: on}
assets:
  - key: a
    pools: {gpu: 1}
    run: {plugin: exec, env: {TOKEN: very secret}, command: [/bin/sh, -c, "echo ${vars.place}"]}
schedules:
  - {name: often, select: a, cron: '* * * * *', timezone: UTC}
"""


def replica(daemon, environment, listen="127.0.0.1:0"):
    made = Daemon(daemon.project, data=daemon.project / f".assetd-{environment}", extra=["--env", environment], listen=listen)
    made.log_path = daemon.project / f"daemon-{environment}.log"
    return made


def pools(daemon):
    return {pool["name"]: pool["slots"] for pool in daemon.get("/pools")["items"]}


def test_a_replica_has_its_own_data_variables_pools_and_starts_paused(start):
    daemon = start(PROJECT)
    staging = replica(daemon, "staging")
    try:
        staging.start()
        assert staging.get("/project")["environment"] == "staging"
        pause = staging.get("/project")["automation_paused"]
        assert "'staging' starts paused" in pause["reason"] and "assetctl automation resume" in pause["reason"]
        assert daemon.get("/project")["automation_paused"] is None
        run = staging.run("a")
        assert staging.wait(run)["status"] == "succeeded" and staging.step_log(run, "a").strip() == "staging"
        assert {run["trigger"]["kind"] for run in staging.items("/runs")} == {"api"}
        own = pools(staging)
        assert own["gpu"] == 1 and own["extra"] == 2 and pools(daemon)["gpu"] == 8
        staging.stop()
        staging.start()
        assert staging.get("/project")["automation_paused"]["reason"] == pause["reason"], "until somebody resumes it"
        assert staging.ctl("automation", "resume").returncode == 0
        staging.stop()
        staging.start()
        assert staging.get("/project")["automation_paused"] is None, "only the first start is paused"
    finally:
        staging.clean_up()


def test_an_environment_whose_schedules_are_on_starts_them(start):
    daemon = start(PROJECT)
    there = replica(daemon, "open")
    try:
        there.start()
        assert there.get("/project")["automation_paused"] is None
    finally:
        there.clean_up()


def test_one_command_is_enough(start, tmp_path):
    daemon = start(PROJECT)
    log = tmp_path / "replica.log"
    with log.open("wb") as out:
        process = subprocess.Popen([str(BIN / "assetd"), "--project", str(daemon.project), "--env", "staging"], stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        wait_until(lambda: b"listening on http://" in log.read_bytes(), "an address, whether or not the usual port is free")
        assert (pathlib.Path(daemon.project) / ".assetd-staging" / "store.sqlite").exists()
    finally:
        process.terminate()
        process.wait()
        Daemon(daemon.project, data=daemon.project / ".assetd-staging").clean_up()
    for wrong in ("stagin", "../else"):
        done = subprocess.run([str(BIN / "assetd"), "--project", str(daemon.project), "--env", wrong, "--listen", "127.0.0.1:0"], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2 and "environment" in done.stderr


def test_what_another_daemon_serves_is_compared_without_secrets(start):
    daemon = start(PROJECT)
    staging = replica(daemon, "staging")
    try:
        staging.start()
        compiled = daemon.request("GET", "/definitions/compiled").text
        assert '"a"' in compiled and "very secret" not in compiled
        same = daemon.ctl("plan", "--against", daemon.url, "--detailed-exitcode")
        assert (same.returncode, same.stdout) == (0, "both serve the same definitions\n"), same.stderr
        other = staging.ctl("plan", "--against", daemon.url, "--detailed-exitcode")
        assert other.returncode == 2 and "pool gpu" in other.stdout and "+ pool extra" in other.stdout and "resource lake" in other.stdout, other.stdout
        nobody = daemon.ctl("plan", "--against", "http://127.0.0.1:9")
        assert nobody.returncode == 3 and "127.0.0.1:9" in nobody.stderr
    finally:
        staging.clean_up()
