"""Trials of slots: steps that hold weighted slots are canceled, or their daemon, supervisor or shims are killed, at a random moment. Afterwards nobody may
hold a slot, a resource, or live on. One trial is one attempt that held its slots at that moment, or took them after it.

`python cancel_trials.py TRIALS [SEED]` prints a summary.
"""

import collections
import contextlib
import datetime
import pathlib
import random
import secrets
import shutil
import sys
import tempfile

from daemon import Daemon
from process_table import Household, kill9, of_attempts
from projects import shell
from waiting import pause, wait_until

STEPS = 40  # of one run
POOLS = {"narrow": 20, "wide": 90}  # most steps of a run hold slots at once
# How a step ends when it is left alone, and how it takes a signal.
BODIES = ["true", "sleep 0.02", "sleep 30", "trap '' TERM; sleep 30", "sleep 30 & wait", "setsid sleep 30 & sleep 0.01", "exit 1"]
# What happens in the middle of a run, and how often.
EVENTS = {"cancel": 60, "cancel twice": 10, "supervisor": 8, "shims": 8, "daemon": 5, "cancel and supervisor": 4, "cancel and daemon": 3}


class Leak(AssertionError):
    """A slot that is held, or a process that lives, after the end."""


def project_text(rng):
    assets = []
    for i in range(STEPS):
        pool, size = rng.choice(sorted(POOLS.items()))
        uses = rng.choice(["", "", "", "\nuses: {table: read}", "\nuses: {table: write}" if i % 9 == 0 else ""])
        more = f"pools: {{{pool}: {rng.randint(1, size // 8)}}}\nretries: {{max: {rng.choice([0, 0, 2])}, delay: 10ms}}{uses}"
        text = shell(f"s{i}", rng.choice(BODIES), [f"s{rng.randrange(i)}"] if i and rng.random() < 0.3 else [], more)
        assets.append(text.replace("plugin: exec,", "plugin: exec, grace: 20ms, timeout: 2s,"))
    pools = ", ".join(f"{name}: {{slots: {size}}}" for name, size in POOLS.items())
    return f"name: test\npools: {{default: {{slots: {STEPS}}}, {pools}}}\nresources: {{table: {{kind: duckdb, path: t.duckdb}}}}\nassets:\n" + "".join(assets)


class Trials:
    def __init__(self, folder, seed):
        self.rng = random.Random(seed)
        (folder / "assetd.yaml").write_text(project_text(self.rng))
        self.daemon = Daemon(folder)
        self.done = collections.Counter()

    def play(self, trials):
        self.daemon.start()
        try:
            while self.done["trials"] < trials:
                self.one_run()
        finally:
            self.daemon.clean_up()
        return self.done

    def one_run(self):
        event = self.rng.choices(list(EVENTS), EVENTS.values())[0]
        run = self.daemon.run("*")
        self.wait_until_some_hold_slots(run, self.rng.randint(0, 16))
        struck_at = datetime.datetime.now(datetime.timezone.utc)
        self.strike(event, run)
        wait_until(lambda: self.daemon.get(f"/runs/{run}")["status"] in ("succeeded", "failed", "canceled"), f"the end of run {run} after {event}", 60)
        attempts = self.demand_nothing_is_held(run, event)
        self.done["attempts"] += len(attempts)
        self.done["trials"] += sum(datetime.datetime.fromisoformat(attempt["ended_at"]) >= struck_at for attempt in attempts)
        self.done["runs"] += 1
        self.done[event] += 1

    def wait_until_some_hold_slots(self, run, several):
        def are_there():
            now = self.daemon.get(f"/runs/{run}")
            return sum(now["counts"].get(status, 0) for status in ("starting", "running")) >= several or now["ended_at"]

        with contextlib.suppress(AssertionError):  # so many at once there may never be: some end at once, some wait for the table
            wait_until(are_there, "steps that hold slots", 0.5)
        pause(self.rng.random() * 0.02)

    def strike(self, event, run):
        if event.startswith("cancel"):
            for _ in range(2 if "twice" in event else 1):
                self.daemon.post(f"/runs/{run}/cancel")
        household = Household(self.daemon.data)
        for pid in {"supervisor": household.supervisors, "shims": household.shims}.get(event.removeprefix("cancel and "), []):
            kill9(pid)
        if event.endswith("daemon"):
            self.daemon.kill9()
            self.daemon.start(30)
        if not event.startswith("cancel"):  # what is left of it is canceled all the same: some of its steps would go on for long
            pause(self.rng.random() * 0.05)
            self.daemon.post(f"/runs/{run}/cancel")

    def demand_nothing_is_held(self, run, event):
        held = {pool["name"]: pool["holders"] for pool in self.daemon.get("/pools")["items"] if pool["used"] or pool["holders"] or pool["waiting"]}
        if held:
            raise Leak(f"run {run} is over after {event} and holds {held}")
        attempts = {attempt["id"]: attempt for step in self.daemon.items(f"/runs/{run}/steps") for attempt in step["attempts"]}
        if still := [id for id, attempt in attempts.items() if not attempt["ended_at"]]:
            raise Leak(f"run {run} is over after {event} and these attempts are not: {still}")
        if alive := of_attempts(set(attempts)):
            raise Leak(f"run {run} is over after {event} and these live: {alive}")
        return list(attempts.values())


def main(trials, seed):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cancel-trials-"))
    print(f"seed {seed}", flush=True)
    done = Trials(folder, seed).play(trials)
    shutil.rmtree(folder)
    events = {event: done[event] for event in EVENTS}
    print(f"{done['trials']} trials ({done['runs']} runs, {done['attempts']} attempts): 0 slots leaked, 0 processes left; runs by what happened to them: {events}")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else secrets.randbelow(10**6))
