"""Rounds of a run of 500 real steps in which daemon, supervisor and shims are killed with SIGKILL at random moments.

`python kill_rounds.py ROUNDS [FIRST_SEED]` runs rounds one after another and prints a line for each. A seed gives the same graph, the same victims
and the same places in the run; the very instant is the machine's.
"""

import collections
import concurrent.futures
import datetime
import pathlib
import random
import secrets
import shutil
import sys
import tempfile
import time

from daemon import Daemon
from process_table import Household, all_processes, kill9, of_attempts
from projects import project, shell
from waiting import pause, wait_until

STEPS = 500
ADOPTED_WITHIN_S = 10
WITNESS_LINE = 33  # 32 hexadecimal digits and the end of the line

# What a step does after it has left its line in the witness file: mostly nothing, else it waits, forks, or leaves the session.
BODIES = [("true", 60), ("sleep 0.02", 15), ("sleep 0.1", 5), ("sleep 0.05 & sleep 0.01", 6), ("setsid sleep 0.1 & true", 4),
          ("trap '' TERM; (sleep 0.04; echo done) & wait", 4), ("exit 3", 1)]
VICTIMS = [(("daemon",), 5), (("supervisor",), 4), (("shim",), 4), (("shims",), 2), (("daemon", "supervisor"), 3), (("daemon", "shim"), 2),
           (("supervisor", "shims"), 2), (("daemon", "supervisor", "shims"), 2)]


def pick(rng, weighted):
    return rng.choices([value for value, _ in weighted], [weight for _, weight in weighted])[0]


def random_project(rng):
    """A random graph of STEPS assets; most may be tried again when their shim was killed. Returns the text and the keys that fail by themselves."""
    assets, failing = [], set()
    for i in range(STEPS):
        body = pick(rng, BODIES)
        if body == "exit 3":
            failing.add(f"s{i}")
        parents = {f"s{rng.randrange(max(0, i - 80), i)}" for _ in range(rng.choice([0, 1, 1, 2, 3]))} if i else set()
        parents -= failing if rng.random() < 0.8 else set()
        retries = 0 if rng.random() < 0.05 or body == "exit 3" else 9
        assets.append(shell(f"s{i}", f"echo $ASSETD_ATTEMPT_ID >> witness; {body}", sorted(parents), more=f"retries: {{max: {retries}, delay: 10ms}}"))
    return project(*assets).replace("slots: 4", "slots: 6"), failing


class Broken(AssertionError):
    """A promise that did not hold."""


def demand(holds, what):
    if not holds:
        raise Broken(what)


class Round:
    """One run with its kills. `folder` is empty and stays for a look when something broke."""

    steps, victims = STEPS, VICTIMS

    def __init__(self, seed, folder, kills=None):
        self.rng = random.Random(seed)
        self.failing = self.write_project(folder)
        self.places = sorted(self.rng.sample(range(self.steps), self.rng.randint(3, 6) if kills is None else kills))
        self.daemon = Daemon(folder)
        self.witness = folder / "witness"
        self.ended = {}  # attempt or step → what it ended as: must never change
        self.killed = collections.Counter()
        self.longest_s = 0.0

    def write_project(self, folder):
        """Returns the keys that fail by themselves."""
        text, failing = random_project(self.rng)
        (folder / "assetd.yaml").write_text(text)
        return failing

    def play(self):
        try:
            self.run_and_kill()
            self.check_end()
        finally:
            self.daemon.clean_up()
        return self

    # --- what happens

    def run_and_kill(self):
        """To the end of the run."""
        self.daemon.start()
        self.run = self.daemon.run("*")
        for place in self.places:
            self.reach(place)
            self.strike(pick(self.rng, self.victims))
        wait_until(self.over, f"run {self.run} at its end", 120)

    def reach(self, place):
        """Until so many attempts have begun, and then a moment more."""
        moment = self.rng.random() * 0.03
        wait_until(lambda: self.begun() >= place or self.over(), f"{place} attempts begun", 120)
        pause(moment)

    def begun(self):
        return self.witness.stat().st_size // WITNESS_LINE if self.witness.exists() else 0

    def over(self):
        self.look()
        return self.daemon.get(f"/runs/{self.run}")["status"] in ("succeeded", "failed")

    def strike(self, victims):
        at = time.time()
        household = Household(self.daemon.data)
        if "daemon" in victims:
            self.daemon.kill9()
        if "supervisor" in victims:
            self.kill("supervisor", household.supervisors)
        if "shims" in victims:
            self.kill("shim", household.shims)
        if "shim" in victims and household.shims:
            self.kill("shim", [self.rng.choice(sorted(household.shims))])
        if "workers" in victims:
            self.kill("worker", household.workers)
        begun = time.monotonic()
        if "daemon" in victims:
            self.killed["daemon"] += 1
            self.daemon.start(30)
        wait_until(lambda: not self.unsettled(at), f"every attempt adopted or ended after {victims} were killed: {self.unsettled(at)}",
                   ADOPTED_WITHIN_S)
        self.longest_s = max(self.longest_s, time.monotonic() - begun)

    def kill(self, what, pids):
        self.killed[what] += len(pids)
        for pid in pids:
            kill9(pid)

    # --- what must hold at any time

    def attempts(self):
        return {attempt["id"]: attempt for step in self.daemon.items(f"/runs/{self.run}/steps") for attempt in step["attempts"]}

    def look(self):
        """No process of an attempt lives when its end is visible, and what has ended stays what it is."""
        steps = self.daemon.items(f"/runs/{self.run}/steps")
        rows = [(f"step {step['key']}", step["status"]) for step in steps]
        attempts = [attempt for step in steps for attempt in step["attempts"]]
        rows += [(attempt["id"], attempt["status"]) for attempt in attempts]
        for name, status in rows:
            before = self.ended.get(name)
            demand(before in (None, status), f"{name} was {before} and is {status}")
            if status in ("succeeded", "failed", "skipped", "canceled"):
                self.ended[name] = status
        alive = of_attempts({attempt["id"] for attempt in attempts if attempt["ended_at"]})
        demand(not alive, f"processes outlive the end of their attempt: {alive}")
        return steps

    def unsettled(self, since):
        """Attempts that were intended before, of which nothing runs and whose end is not known."""
        open_ones = {id for id, attempt in self.attempts().items() if not attempt["ended_at"] and seconds_of(attempt["intended_at"]) < since}
        return open_ones - {process.attempt for process in all_processes()} if open_ones else set()

    # --- what must hold at the end

    def check_end(self):
        steps = {step["key"]: step for step in self.look()}
        self.check_witness(self.attempts())
        for key, step in steps.items():
            self.check_step(key, step)
        demand(all(pool["used"] == 0 for pool in self.daemon.get("/pools")["items"]), "slots are held after the end")
        claims = self.daemon.data / "claims"
        wait_until(lambda: not [claim for claim in claims.iterdir() if not claim.name.startswith(".")], "claims of acknowledged ends removed", 10)
        household = Household(self.daemon.data)
        demand(len(household.supervisors) == 1, f"supervisors at the end: {household.supervisors}")

    def check_witness(self, attempts):
        lines = self.witness.read_text().splitlines()
        twice = [line for line, count in collections.Counter(lines).items() if count > 1]
        demand(not twice, f"attempts that were executed twice: {twice}")
        demand(set(lines) <= set(attempts), f"executed without a committed intent: {set(lines) - set(attempts)}")
        succeeded = {id for id, attempt in attempts.items() if attempt["status"] == "succeeded"}
        demand(succeeded <= set(lines), f"succeeded without having been executed: {succeeded - set(lines)}")
        lost = {id for id, attempt in attempts.items() if attempt["reason"] == "lost"}
        killed = self.killed["shim"] + self.killed["worker"]  # a fork of a worker may have become a shim between the look and the kill
        demand(len(lost & set(lines)) <= killed, f"{len(lost & set(lines))} attempts lost, {killed} shims and workers killed")
        demand(not lost or self.killed["shim"] + self.killed["supervisor"] > 0, f"lost although only the daemon was killed: {lost}")
        nameless = [id for id, attempt in attempts.items() if attempt["status"] in ("failed", "canceled") and not attempt["reason"]]
        demand(not nameless, f"ended without a cause: {nameless}")
        self.lost, self.executed = len(lost), len(lines)

    def check_step(self, key, step):
        last = step["attempts"][-1] if step["attempts"] else None
        expected = {"succeeded": lambda: last["status"] == "succeeded" and key not in self.failing,
                    "failed": lambda: step["reason"] == ("exit_code" if key in self.failing else "lost") or step["reason"] == "lost",
                    "skipped": lambda: not step["attempts"] and step["root_causes"]}
        demand(step["status"] in expected and expected[step["status"]](), f"step {key} at the end: {step}")


def seconds_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def play(seed, folder, kind=Round):
    """A round in a new folder, which is removed when all held. The error says how to do it again."""
    here = pathlib.Path(tempfile.mkdtemp(prefix=f"round{seed}-", dir=folder))
    try:
        played = kind(seed, here).play()
    except AssertionError as error:
        raise Broken(f"round of seed {seed} (again: python tests/end_to_end/kill_rounds.py 1 {seed}; its files: {here}): {error}") from error
    shutil.rmtree(here)
    return played


def play_all(seeds, folder):
    """Two at a time, as a round waits for the disk half of its time; gives each round, or the Broken that it ended with, in the order of the seeds."""
    def one(seed):
        try:
            return play(seed, folder)
        except Broken as error:
            return error

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        yield from pool.map(one, seeds)


def main(rounds, first_seed):
    total, longest, broken = collections.Counter(), 0.0, 0
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kill-rounds-"))
    seeds = range(first_seed, first_seed + rounds)
    for seed, played in zip(seeds, play_all(seeds, folder)):
        if isinstance(played, Broken):
            broken += 1
            print(f"BROKEN {played}", flush=True)
            continue
        total.update(played.killed, attempts=played.executed, lost=played.lost)
        longest = max(longest, played.longest_s)
        print(f"seed {seed}: killed {dict(played.killed)}, {played.lost} lost, adopted or ended within {played.longest_s:.2f} s", flush=True)
    print(f"{rounds} rounds of {STEPS} steps from seed {first_seed}: {broken} broken; killed {total['daemon']} daemons, {total['supervisor']} supervisors, "
          f"{total['shim']} shims; {total['attempts']} attempts executed, {total['lost']} lost; adopted or ended within {longest:.2f} s")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else secrets.randbelow(10**6)))
