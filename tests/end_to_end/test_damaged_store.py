"""A damaged store is found at the start, and doctor says what to do about it."""

import contextlib
import sqlite3
import subprocess

import pytest
from daemon import BIN
from projects import project, shell
from waiting import wait_until


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


@pytest.mark.parametrize("harm", [lambda path: damage(path, 0), cut], ids=["header", "cut"])
def test_a_start_leaves_a_damaged_file_and_the_log_beside_it_as_they_were(start, harm):
    daemon = start(project(shell("a", "echo said")))
    daemon.wait(daemon.run("a"))
    daemon.kill9()
    store, log = daemon.data / "store.sqlite", daemon.data / "store.sqlite-wal"
    kept = log.read_bytes()
    assert kept
    harm(store)
    harmed = store.read_bytes()
    for _ in range(2):
        ended = subprocess.run(daemon.command(), capture_output=True, text=True, timeout=120, check=False)
        assert ended.returncode == 4, ended.stderr
        assert store.read_bytes() == harmed and log.read_bytes() == kept


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


def enlarge_and_damage(path):
    """Six MiB of old answers, one page of them overwritten: more than a start is sure to look at."""
    with contextlib.closing(sqlite3.connect(path)) as store:
        store.executemany("INSERT INTO answers(actor, route, key, body_hash, status, body, at) VALUES('ann', 'POST /runs', ?, '', 201, ?, 0)",
                          [(f"old-{number}", "x" * 3_000) for number in range(2_000)])
        store.commit()
        leaves = [page for (page,) in store.execute("SELECT pageno FROM dbstat WHERE name = 'answers' AND pagetype = 'leaf' ORDER BY pageno")]
    damage(path, (leaves[len(leaves) // 2] - 1) * 4096)


def test_damage_of_a_large_store_is_found_at_the_start_or_soon_after_it_and_latches_for_good(stopped):
    store = stopped.data / "store.sqlite"
    enlarge_and_damage(store)
    stopped.launch()

    def found():
        if stopped.process.poll() is not None:
            return stopped.log()
        stopped._is_ready()
        said = stopped.request("GET", "/readyz").text if "listening on" in stopped.log() else ""
        return said if "the store is damaged" in said else None
    said = wait_until(found, "the damage is found", 60)
    assert str(store) in said and "table answers" in said and "restore a backup" in said, said
    if stopped.process.poll() is not None:
        assert stopped.process.returncode == 4
        return
    assert stopped.request("POST", "/runs", {"select": "a"}).status == 503
    refused = stopped.ctl("backup")
    assert refused.returncode != 0 and "damaged" in refused.stderr, refused.stdout + refused.stderr
    assert "the store is damaged" in stopped.ctl("doctor", "--project", str(stopped.project)).stdout
    assert stopped.log().count("the store is damaged") < 5, "once it is known nothing is tried again and again"


def test_a_log_that_is_gone_is_no_empty_history(start):
    daemon = start(project(shell("a", "echo said")))
    daemon.wait(daemon.run("a"))
    daemon.kill9()
    for suffix in ("-wal", "-shm"):
        (daemon.data / f"store.sqlite{suffix}").unlink()
    advice = doctor(daemon)
    assert advice.returncode == 1 and "-wal is gone" in advice.stdout, advice.stdout
    for _ in range(2):
        ended = subprocess.run(daemon.command(), capture_output=True, text=True, timeout=120, check=False)
        assert ended.returncode == 4 and "store.sqlite-wal is gone" in ended.stderr and "run 1 has left output" in ended.stderr, ended.stderr


def test_doctor_says_of_a_newer_store_what_the_daemon_says(stopped):
    with contextlib.closing(sqlite3.connect(stopped.data / "store.sqlite")) as store:
        store.execute("PRAGMA user_version = 9999")
    ended = subprocess.run(stopped.command(), capture_output=True, text=True, timeout=120, check=False)
    advice = doctor(stopped)
    assert ended.returncode == 1 and advice.returncode == 1
    for said in (ended.stderr, advice.stdout):
        assert "was written by a newer assetd (schema 9999" in said and "start that version, or restore a backup" in said, said


def test_nothing_is_acknowledged_once_the_data_folder_is_gone(start):
    daemon = start(project(shell("a", "echo said")))
    daemon.wait(daemon.run("a"))
    daemon.data.rename(daemon.project / "elsewhere")
    wait_until(lambda: "was removed or replaced while it was in use" in daemon.request("GET", "/readyz").text, "it is noticed", 30)
    assert daemon.request("POST", "/runs", {"select": "a"}).status == 503
    daemon.kill9()
    (daemon.project / "elsewhere").rename(daemon.data)
    daemon.start()
    assert [run["status"] for run in daemon.items("/runs")] == ["succeeded"]
