"""A damaged store is found at the start, and doctor says what to do about it."""

import contextlib
import sqlite3
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


def doctor(daemon):
    return subprocess.run([str(BIN / "assetctl"), "--url", "http://127.0.0.1:9", "doctor", "--data", str(daemon.data)], capture_output=True, text=True,
                          timeout=120, check=False)


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
    advice = doctor(stopped)
    assert advice.returncode == 1
    for words in (str(store), "What to do", "copy the whole folder", "With a backup", "Without one"):
        assert words in advice.stdout, advice.stdout
    for suffix in ("", "-wal", "-shm"):
        (stopped.data / f"store.sqlite{suffix}").unlink(missing_ok=True)
    backup = next((stopped.data / "backups").iterdir())
    backup.rename(store)
    stopped.start()
    assert [run["status"] for run in stopped.items("/runs")] == ["succeeded"]


@pytest.mark.parametrize("lose", [empty, lambda path: path.unlink()], ids=["emptied", "gone"])
def test_a_store_that_is_lost_beside_its_log_is_not_taken_for_a_new_one(start, lose):
    daemon = start(project(shell("a", "echo said")))
    daemon.wait(daemon.run("a"))
    daemon.kill9()
    log = daemon.data / "store.sqlite-wal"
    assert log.stat().st_size > 0
    lose(daemon.data / "store.sqlite")
    kept = log.read_bytes()
    for _ in range(2):
        advice = doctor(daemon)
        assert advice.returncode == 1 and "What to do" in advice.stdout
        ended = subprocess.run(daemon.command(), capture_output=True, text=True, timeout=120, check=False)
        assert ended.returncode == 4 and "move the whole folder away" in ended.stderr, ended.stderr
    assert log.read_bytes() == kept, "it is left as it was found"


@pytest.mark.parametrize("statement", ["UPDATE asset_states SET state = '{broken'", "UPDATE runs SET counts = '{'", "UPDATE events SET changes = '['", "DELETE FROM meta",
                                       "UPDATE compiled SET bytes = x'00'", "UPDATE run_plans SET bytes = x'00'", "DROP TABLE meta"])
def test_doctor_reads_rows_too(stopped, statement):
    with contextlib.closing(sqlite3.connect(stopped.data / "store.sqlite")) as store:
        store.execute(statement)
        store.commit()
    advice = doctor(stopped)
    assert advice.returncode == 1 and "What to do" in advice.stdout, advice.stdout


def test_doctor_finds_a_whole_store_whole_and_leaves_nothing_beside_it(stopped):
    advice = doctor(stopped)
    assert "is whole" in advice.stdout, advice.stdout
    assert not [path.name for path in stopped.data.iterdir() if path.name.startswith("store.sqlite-")]


def test_ids_of_runs_that_have_left_output_are_not_given_again(stopped):
    (stopped.data / "logs" / "41").mkdir()
    stopped.start()
    assert stopped.run("a") == "42"
