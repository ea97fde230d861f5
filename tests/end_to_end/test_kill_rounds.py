"""Daemon, supervisor and shims are killed at random in runs of 500 steps (kill_rounds.py); scripts/soak rounds N does the same for longer."""

import os
import secrets
import subprocess

import pytest
from kill_rounds import Broken, Round, play_all

ROUNDS = 20


@pytest.mark.slow
def test_nothing_runs_twice_and_nothing_is_forgotten_however_daemon_supervisor_and_shims_are_killed(tmp_path):
    first = int(os.environ.get("ASSETD_KILL_SEED", secrets.randbelow(10**6)))
    print(f"seeds {first} to {first + ROUNDS - 1}; the same again: ASSETD_KILL_SEED={first}")
    rounds = list(play_all(range(first, first + ROUNDS), tmp_path))
    assert not [str(each) for each in rounds if isinstance(each, Broken)]
    killed = sum((each.killed for each in rounds), start=type(rounds[0].killed)())
    assert min(killed[what] for what in ("daemon", "supervisor", "shim")) >= ROUNDS / 4, "hardly anything was killed"


@pytest.fixture
def ended_round(tmp_path):
    """A round at its end, whose daemon runs."""
    played = Round(1, tmp_path, kills=0)
    played.run_and_kill()
    yield played
    played.daemon.clean_up()


def test_a_round_finds_what_it_looks_for(ended_round):
    ended_round.check_end()
    attempt = next(iter(ended_round.attempts()))
    with open(ended_round.witness, "a") as witness:
        witness.write(attempt + "\n")
    with pytest.raises(Broken, match="executed twice"):
        ended_round.check_end()
    ended_round.witness.write_text(attempt[::-1] + "\n")
    with pytest.raises(Broken, match="without a committed intent"):
        ended_round.check_end()
    ended_round.witness.write_text("")
    with pytest.raises(Broken, match="without having been executed"):
        ended_round.check_end()
    left = subprocess.Popen(["/bin/sleep", "600"], env={"ASSETD_ATTEMPT_ID": attempt})
    try:
        with pytest.raises(Broken, match="outlive"):
            ended_round.look()
    finally:
        left.kill()
        left.wait()
    ended_round.ended[attempt] = "canceled"
    with pytest.raises(Broken, match="was canceled and is"):
        ended_round.look()
