"""A thousand cancels of steps whose children fork, leave the session, ignore signals and clear their environment: nobody survives."""

import os
import pathlib

import pytest
from process_table import all_processes
from projects import shell
from waiting import wait_until

BATCH, BATCHES = 50, 20

# Each child runs `sleep` of the step's own number of seconds, by which it is known even without environment, parent and session.
HOSTILE = [
    "trap '' TERM INT; sleep $S & (sleep $S & sleep $S)",
    "setsid env -i /bin/sh -c \"trap '' TERM; sleep $S\" & sleep $S",
    "(setsid env -i setsid sleep $S &) ; (env -i nohup sleep $S &) ; exec sleep $S",
    "trap 'setsid env -i sleep $S & sleep $S' TERM; setsid sleep $S & wait",
    "f() { sleep 0.01; (setsid env -i sleep $S &); [ $1 -gt 0 ] && f $(($1 - 1)); }; f 20 & trap '' TERM; wait; sleep $S",
]


def hostile_project(first_second):
    assets = []
    for i in range(BATCH):
        script = f"S={first_second + i}; echo >> begun; " + HOSTILE[i % len(HOSTILE)]
        assets.append(shell(f"h{i}", script).replace("plugin: exec,", "plugin: exec, grace: 20ms,"))
    return f"name: test\npools: {{default: {{slots: {BATCH}}}}}\nassets:\n" + "".join(assets)


def sleepers(first_second):
    """Processes of the test's own project: nobody else sleeps for so long."""
    words = {f"sleep {first_second + i} " for i in range(BATCH)}
    return [process for process in all_processes() if process.command in words]


@pytest.mark.slow
def test_of_a_thousand_canceled_steps_with_hostile_children_nothing_survives(start):
    first_second = 1_000_000 + (os.getpid() % 1000) * BATCH
    daemon = start(hostile_project(first_second))
    begun = pathlib.Path(daemon.project / "begun")
    for batch in range(1, BATCHES + 1):
        run = daemon.run("*")
        wait_until(lambda n=batch: begun.exists() and begun.stat().st_size >= n * BATCH, f"the steps of batch {batch} begun")
        wait_until(lambda: len(sleepers(first_second)) >= BATCH, "their children running")
        assert daemon.request("POST", f"/runs/{run}/cancel", {}).status == 202
        assert daemon.wait(run)["status"] == "canceled"
        survivors = sleepers(first_second)
        assert not survivors, f"batch {batch}: {survivors}"
        steps = daemon.steps(run).values()
        assert {step["status"] for step in steps} == {"canceled"} and all(len(step["attempts"]) == 1 for step in steps)
        assert daemon.get("/pools")["items"][0]["used"] == 0
