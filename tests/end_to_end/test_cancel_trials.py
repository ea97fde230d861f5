"""Slots of pools and holds on resources after cancels and crashes (cancel_trials.py); scripts/soak cancels N does the same for longer."""

import os
import secrets

import pytest
from cancel_trials import Leak, Trials
from projects import project, shell, waits_for

TRIALS = 1_000


@pytest.mark.slow
def test_no_slot_is_leaked_however_steps_are_canceled_and_their_keepers_killed(tmp_path):
    seed = int(os.environ.get("ASSETD_KILL_SEED", secrets.randbelow(10**6)))
    print(f"the same again: ASSETD_KILL_SEED={seed}")
    done = Trials(tmp_path, seed).play(TRIALS)
    assert done["trials"] >= TRIALS


def test_a_trial_finds_what_it_looks_for(start, tmp_path):
    trials = Trials.__new__(Trials)
    trials.daemon = start(project(shell("a", waits_for("go"))))
    run = trials.daemon.run("a")
    trials.daemon.wait_step(run, "a", "running")
    with pytest.raises(Leak, match="holds"):
        trials.demand_nothing_is_held(run, "nothing")
    (trials.daemon.project / "go").touch()
    trials.daemon.wait(run)
