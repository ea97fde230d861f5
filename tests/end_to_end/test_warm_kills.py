"""Daemon, supervisor, shims and workers are killed at random while steps are forked from a worker; and hostile children of such steps are canceled."""

import json
import os
import pathlib
import secrets

import pytest
from kill_rounds import VICTIMS, Round, pick, play
from process_table import all_processes
from waiting import wait_until

ROUNDS = 3

MODULE = '''
import json, os, pathlib, signal, subprocess, threading
from assetd import Definitions, asset

HERE = pathlib.Path(__file__).parent
SPEC = json.loads((HERE / "spec.json").read_text())


def leaves_a_child():
    subprocess.Popen(["setsid", "sleep", "0.1"])


def resists():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Event().wait(0.04)


BODIES = {"nothing": lambda: None, "waits": lambda: threading.Event().wait(0.05), "leaves a child": leaves_a_child, "resists": resists, "fails": lambda: os._exit(3)}


def make(key, body, deps, retries):
    def step(context):
        with open(HERE / "witness", "a") as witness:
            witness.write(os.environ["ASSETD_ATTEMPT_ID"] + "\\n")
        BODIES[body]()

    step.__name__ = key
    return asset(step, key=key, deps=deps, retries={"max": retries, "delay": "10ms"})


defs = Definitions(assets=[make(*row) for row in SPEC])
'''
IMPORT = "name: test\npools: {default: {slots: 6}}\nimports:\n  - {plugin: python, name: steps, module: steps, working_dir: .}\n"
BODIES = [("nothing", 60), ("waits", 20), ("leaves a child", 8), ("resists", 6), ("fails", 1)]


def random_steps(rng, count):
    rows, failing = [], set()
    for i in range(count):
        body = pick(rng, BODIES)
        if body == "fails":
            failing.add(f"s{i}")
        parents = {f"s{rng.randrange(max(0, i - 40), i)}" for _ in range(rng.choice([0, 1, 1, 2]))} - failing if i else set()
        rows.append([f"s{i}", body, sorted(parents), 0 if body == "fails" else 9])
    return rows, failing


class WarmRound(Round):
    steps = 150
    victims = [*VICTIMS, (("workers",), 6), (("workers", "daemon"), 3), (("workers", "shims"), 3)]

    def write_project(self, folder):
        rows, failing = random_steps(self.rng, self.steps)
        (folder / "assetd.yaml").write_text(IMPORT)
        (folder / "steps.py").write_text(MODULE)
        (folder / "spec.json").write_text(json.dumps(rows))
        return failing

    def check_step(self, key, step):
        """These steps say themselves that they have ended: that stands also when their shim is killed right after."""
        said = step["status"] == "succeeded" and step["materialized"] and step["attempts"][-1]["reason"] == "lost"
        if not said:
            super().check_step(key, step)

    def check_end(self):
        super().check_end()
        self.warm = sum(attempt["warm"] for attempt in self.attempts().values())


@pytest.mark.slow
def test_nothing_forked_runs_twice_however_daemon_supervisor_shims_and_workers_are_killed(tmp_path):
    first = int(os.environ.get("ASSETD_KILL_SEED", secrets.randbelow(10**6)))
    print(f"seeds {first} to {first + ROUNDS - 1}; the same again: ASSETD_KILL_SEED={first}")
    warm = 0
    for seed in range(first, first + ROUNDS):
        played = play(seed, tmp_path, WarmRound)
        warm += played.warm
        print(f"seed {seed}: killed {dict(played.killed)}, {played.lost} lost, {played.warm} of {played.executed} warm")
    # A worker that is killed while it loads is not tried again for minutes: then the rest of a round is cold.
    assert warm > WarmRound.steps * ROUNDS / 5, "hardly anything was forked from a worker"


HOSTILE = '''
import os, pathlib, signal, subprocess, threading
from assetd import asset

HERE = pathlib.Path(__file__).parent


def begun():
    with open(HERE / "begun", "a") as file:
        file.write("\\n")


@asset
def ignores(context):
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    subprocess.Popen(["setsid", "env", "-i", "/bin/sh", "-c", "trap '' TERM; sleep SECONDS & sleep SECONDS"], close_fds=True)
    begun()
    threading.Event().wait(3600)


@asset
def forks(context):
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.execve("/bin/sleep", ["sleep", "SECONDS"], {})
            os._exit(0)
    begun()
    threading.Event().wait(3600)


@asset
def breeds(context):
    def more(*_):
        subprocess.Popen(["setsid", "sleep", "SECONDS"], env={}, close_fds=True)
    signal.signal(signal.SIGTERM, more)
    more()
    threading.Thread(target=lambda: threading.Event().wait(3600), daemon=False).start()
    begun()
    threading.Event().wait(3600)
'''


def test_of_canceled_forks_with_hostile_children_nothing_survives(make_daemon):
    seconds = str(2_000_000 + os.getpid())
    daemon = make_daemon(IMPORT.replace("name: steps, module: steps", "name: hostile, module: hostile, grace: 50ms"))
    (daemon.project / "hostile.py").write_text(HOSTILE.replace("SECONDS", seconds))
    daemon.start()
    begun = pathlib.Path(daemon.project / "begun")
    for number in range(1, 4):
        run = daemon.run("*")
        wait_until(lambda n=number: begun.exists() and begun.stat().st_size >= 3 * n, "the steps begun")
        wait_until(lambda: len([each for each in all_processes() if each.command == f"sleep {seconds} "]) >= 5, "their children running")
        assert daemon.request("POST", f"/runs/{run}/cancel", {}).status == 202
        assert daemon.wait(run)["status"] == "canceled"
        survivors = [each for each in all_processes() if seconds in each.command]
        assert not survivors
        steps = daemon.steps(run).values()
        assert all(step["status"] == "canceled" and step["attempts"][-1]["warm"] for step in steps), steps
