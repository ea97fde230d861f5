"""The machine was restarted: everything is gone, other processes have the old pids, and the boot id is another."""

import collections
import contextlib
import subprocess
import uuid

import pytest
from claim_file import give_shim_the_pid_of
from process_table import Household, all_processes, kill9
from projects import project, shell, waits_for
from waiting import wait_until

WITNESS = 'echo "$ASSETD_STEP $ASSETD_ATTEMPT_ID" >> witness; '
BOOT_ID = "/proc/sys/kernel/random/boot_id"


def other_boot(folder):
    """The beginning of a command that shows another boot id to what it starts; skips the test where that is not permitted."""
    (folder / "boot_id").write_text(f"{uuid.uuid4()}\n")
    prefix = ["unshare", "-m", "sh", "-c", f'mount --bind "{folder}/boot_id" {BOOT_ID} && exec "$@"', "sh"]
    tried = subprocess.run([*prefix, "cat", BOOT_ID], capture_output=True, text=True, check=False)
    if tried.stdout != (folder / "boot_id").read_text():
        pytest.skip(f"no other boot id can be shown here: {tried.stderr.strip()}")
    return prefix


@contextlib.contextmanager
def innocents(count):
    """Processes that have nothing to do with us."""
    started = [subprocess.Popen(["/bin/sleep", "600"], env={}) for _ in range(count)]
    yield started
    for process in started:
        process.kill()
        process.wait()


def kill_everything(daemon):
    daemon.kill9()
    household = Household(daemon.data)
    for pid in household.supervisors + household.shims + [process.pid for process in all_processes() if process.attempt and belongs(daemon, process.pid)]:
        kill9(pid)
    wait_until(lambda: not Household(daemon.data).shims and not Household(daemon.data).supervisors, "everything gone")


def belongs(daemon, pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/environ", "rb") as file:
        return str(daemon.data).encode() in file.read()
    return False


def running_steps(start):
    """A daemon with four steps under way: one ends while only its shim is left, two are tried again when they are lost, one is not."""
    again = "retries: {max: 1, delay: 10ms}"
    daemon = start(project(shell("ends", WITNESS + waits_for("go0") + "; exit 7"), shell("again1", WITNESS + waits_for("go"), more=again),
                           shell("again2", WITNESS + waits_for("go"), more=again), shell("once", WITNESS + waits_for("go")), shell("below", "true", ["again1"])))
    run = daemon.run("*")
    for key in ("ends", "again1", "again2", "once"):
        daemon.wait_step(run, key, "running")
    wait_until(lambda: len(witnessed(daemon)) == 4, "all four have begun")
    daemon.kill9()
    for pid in Household(daemon.data).supervisors:
        kill9(pid)
    ended = next(line.split()[1] for line in witnessed(daemon) if line.startswith("ends "))
    shims = len(Household(daemon.data).shims)
    (daemon.project / "go0").touch()
    wait_until(lambda: len(Household(daemon.data).shims) < shims, "the shim of the step that ended gone, its end recorded")
    kill_everything(daemon)
    return daemon, run, ended


def witnessed(daemon):
    path = daemon.project / "witness"
    return path.read_text().splitlines() if path.exists() else []


def check_outcome(daemon, run, strangers):
    (daemon.project / "go").touch()
    assert daemon.wait(run)["status"] == "failed"
    steps = daemon.steps(run)
    assert (steps["ends"]["status"], steps["ends"]["reason"], steps["ends"]["attempts"][0]["exit_code"]) == ("failed", "exit_code", 7)
    assert (steps["once"]["status"], steps["once"]["reason"]) == ("failed", "lost")
    assert steps["below"]["status"] == "succeeded"
    for key in ("again1", "again2"):
        assert [(each["status"], each["reason"]) for each in steps[key]["attempts"]] == [("failed", "lost"), ("succeeded", None)]
    assert [count for count in collections.Counter(witnessed(daemon)).values() if count > 1] == []
    assert len(witnessed(daemon)) == 6
    assert all(stranger.poll() is None for stranger in strangers), "a process that only has the pid of an old one was killed"
    return steps


def test_after_a_reboot_what_ran_is_lost_and_who_has_its_pids_is_left_alone(start, tmp_path):
    prefix = other_boot(tmp_path)
    daemon, run, ended = running_steps(start)
    with innocents(3) as strangers:
        claims = [claim for claim in (daemon.data / "claims").iterdir() if not claim.name.startswith(".") and claim.name != ended]
        assert len(claims) == 3
        for claim, stranger in zip(claims, strangers):
            give_shim_the_pid_of(claim, stranger.pid, with_start_time=True)
        daemon.prefix = prefix
        daemon.start()
        steps = check_outcome(daemon, run, strangers)
    assert "the machine was restarted" in steps["once"]["detail"]


def test_pids_that_are_used_again_without_a_reboot_deceive_nobody(start):
    daemon, run, ended = running_steps(start)
    with innocents(3) as strangers:
        claims = [claim for claim in (daemon.data / "claims").iterdir() if not claim.name.startswith(".") and claim.name != ended]
        for claim, stranger in zip(claims, strangers):
            give_shim_the_pid_of(claim, stranger.pid, with_start_time=False)
        daemon.start()
        check_outcome(daemon, run, strangers)
