"""A file system that takes no more files: nothing fails for it, and everything that waits says why. Needs privileges. A full one: tests/daemon/service/faults_test.cc."""

import contextlib
import subprocess

import pytest
from projects import project, shell
from waiting import wait_until


@pytest.fixture
def small_disk(tmp_path):
    """small_disk(options) → a folder that is a file system of its own in memory."""
    mounted = []

    def make(options):
        folder = tmp_path / f"disk{len(mounted)}"
        folder.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True).returncode != 0:
            pytest.skip("mounting a small file system is not allowed here")
        mounted.append(folder)
        return folder

    yield make
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def unready(daemon):
    return {why["code"]: why["detail"] for why in daemon.request("GET", "/readyz").json["why"]}


def test_without_free_inodes_steps_wait_and_say_so(small_disk, start):
    disk = small_disk("size=300m,nr_inodes=400")
    daemon = start(project(shell("a", "echo a"), shell("b", "true", ["a"])), data=disk / "data")
    spare, made = disk / "spare", 0
    spare.mkdir()
    with contextlib.suppress(OSError):
        while True:
            (spare / str(made)).touch()
            made += 1
    run = daemon.run("*")
    wait_until(lambda: "disk" in unready(daemon), "/readyz to name the disk", 30)
    assert "more files can be made" in unready(daemon)["disk"]
    step = daemon.steps(run)["a"]
    assert (step["status"], step["blocked_by"][0]["kind"]) == ("ready", "disk"), step
    assert daemon.get(f"/runs/{run}")["counts"]["ready"] == 1
    assert [item["key"] for item in daemon.items("/queue")] == ["a"]
    assert "more files can be made" in " ".join(daemon.ctl("queue").stdout.split())
    assert "(ready)" in daemon.steps(run)["b"]["blocked_by"][0]["detail"]
    for file in spare.iterdir():
        file.unlink()
    assert daemon.wait(run)["status"] == "succeeded"
    assert len(daemon.steps(run)["a"]["attempts"]) <= 1, "it was not tried again and again"
