"""A damaged store is found at the start, and doctor says what to do about it."""

import subprocess

import pytest
from daemon import BIN
from projects import project, shell


def damage(path, offset):
    with open(path, "r+b") as store:
        store.seek(offset)
        store.write(b"\x55" * 200)


def cut(path):
    with open(path, "r+b") as store:
        store.truncate(path.stat().st_size // 2)


def empty(path):
    with open(path, "r+b") as store:
        store.truncate(0)


@pytest.fixture
def stopped(start):
    daemon = start(project(shell("a", "echo said")))
    daemon.wait(daemon.run("a"))
    daemon.post("/admin/backup")
    assert daemon.stop() == 0
    for suffix in ("-wal", "-shm"):
        (daemon.data / f"store.sqlite{suffix}").unlink(missing_ok=True)
    return daemon


@pytest.mark.parametrize("harm", [lambda path: damage(path, 0), lambda path: damage(path, 4096), lambda path: damage(path, 5 * 4096), cut, empty],
                         ids=["header", "second page", "sixth page", "cut", "emptied"])
def test_damage_is_found_at_the_start_and_doctor_says_what_to_do(stopped, harm):
    store = stopped.data / "store.sqlite"
    harm(store)
    harmed = store.read_bytes()
    ended = subprocess.run(stopped.command(), capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 4, ended.stderr
    assert str(store) in ended.stderr and f"assetctl doctor --data {stopped.data}" in ended.stderr
    assert store.read_bytes() == harmed, "it is left as it was found"
    advice = subprocess.run([str(BIN / "assetctl"), "--url", "http://127.0.0.1:9", "doctor", "--data", str(stopped.data)], capture_output=True, text=True,
                            timeout=120, check=False)
    assert advice.returncode == 1
    for words in (str(store), "What to do", "copy the whole folder", "With a backup", "Without one"):
        assert words in advice.stdout, advice.stdout
    for suffix in ("", "-wal", "-shm"):
        (stopped.data / f"store.sqlite{suffix}").unlink(missing_ok=True)
    backup = next((stopped.data / "backups").iterdir())
    backup.rename(store)
    stopped.start()
    assert [run["status"] for run in stopped.items("/runs")] == ["succeeded"]
