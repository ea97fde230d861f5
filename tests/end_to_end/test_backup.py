"""A backup is made while steps run, and a store restored from it is the same and never runs what its other self began."""

import collections
import os
import pathlib
import shutil
import stat

from daemon import processes_with
from projects import project, shell, waits_for
from waiting import wait_until

WITNESS = 'echo "$ASSETD_ATTEMPT_ID" >> witness; '


def restore(daemon, backup):
    """As docs/operations.md says it; the daemon is stopped."""
    for suffix in ("", "-wal", "-shm"):
        pathlib.Path(f"{daemon.data}/store.sqlite{suffix}").unlink(missing_ok=True)
    shutil.copy(backup, daemon.data / "store.sqlite")


def seen(daemon):
    """What people can see of the past."""
    runs = daemon.items("/runs")
    return {"runs": runs, "steps": {run["id"]: daemon.items(f"/runs/{run['id']}/steps") for run in runs}, "assets": daemon.items("/assets"),
            "schedules": daemon.get("/schedules")["items"], "audit": [row for row in daemon.items("/audit") if row["action"] != "backup"]}


def many(count):
    assets = [shell(f"s{i}", WITNESS + "sleep 0.02", [f"s{i - 3}"] if i >= 3 else []) for i in range(count)]
    return project(*assets, head="schedules:\n  - {name: nightly, select: '*', cron: '0 2 * * *', timezone: UTC}\n")


def test_a_restored_store_shows_the_same(start, tmp_path):
    daemon = start(many(20))
    for select in ("*", "+s7"):
        daemon.wait(daemon.run(select))
    daemon.post("/schedules/nightly/pause", {"reason": "holidays"})
    made = daemon.ctl("backup", str(tmp_path / "saved.sqlite"))
    assert made.returncode == 0 and "saved.sqlite" in made.stdout, made.stderr
    before = seen(daemon)
    daemon.wait(daemon.run("s0"))
    daemon.stop()
    restore(daemon, tmp_path / "saved.sqlite")
    daemon.start()
    assert seen(daemon) == before
    assert daemon.wait(daemon.run("s0"))["status"] == "succeeded", "and it goes on"


def test_a_backup_under_load_is_one_moment_of_the_run_and_the_restored_run_reaches_its_end(start, tmp_path):
    daemon = start(many(150))
    run = daemon.run("*")
    witness = daemon.project / "witness"
    wait_until(lambda: witness.exists() and len(witness.read_text().splitlines()) >= 40, "the run well under way")
    backups = [tmp_path / f"{i}.sqlite" for i in range(3)]
    for backup in backups:
        assert daemon.ctl("backup", str(backup)).returncode == 0
    assert daemon.wait(run)["status"] == "succeeded", "backups disturb nothing"
    in_the_end = {attempt["id"]: attempt for step in daemon.items(f"/runs/{run}/steps") for attempt in step["attempts"]}
    daemon.stop()
    restore(daemon, backups[1])
    daemon.start()
    daemon.wait(run)
    restored = {attempt["id"]: attempt for step in daemon.items(f"/runs/{run}/steps") for attempt in step["attempts"]}
    common = restored.keys() & in_the_end.keys()
    assert len(common) >= 40
    lost = {id for id in common if restored[id] != in_the_end[id]}
    assert {restored[id]["reason"] for id in lost} <= {"lost"}, "what had ended at the backup is the same, what had not is lost"
    assert 1 <= len(lost) <= 4
    twice = [line for line, count in collections.Counter(witness.read_text().splitlines()).items() if count > 1]
    assert not twice, "attempts that were executed again by the restored store"


def test_what_still_runs_for_the_other_store_is_ended_before_anything_starts(start, tmp_path):
    body = "trap 'sleep 0.3; exit 0' TERM; echo $$ >> begun; " + waits_for("go")
    daemon = start(project(shell("slow", WITNESS + body, more="retries: {max: 1, delay: 10ms}")))
    run = daemon.run("slow")
    attempt = daemon.wait_step(run, "slow", "running")["attempts"][0]["id"]
    wait_until((daemon.project / "begun").exists, "the step's trap set")
    assert daemon.ctl("backup", str(tmp_path / "saved.sqlite")).returncode == 0
    daemon.kill9()
    restore(daemon, tmp_path / "saved.sqlite")
    daemon.start()

    def second():
        attempts = daemon.steps(run)["slow"]["attempts"]
        if attempts[0]["ended_at"] or len(attempts) > 1:
            assert not processes_with(f"ASSETD_ATTEMPT_ID={attempt}"), "it outlives its end"
        return len(attempts) > 1
    wait_until(second, "the retry of the lost attempt")
    (daemon.project / "go").touch()
    assert daemon.wait(run)["status"] == "succeeded"
    attempts = daemon.steps(run)["slow"]["attempts"]
    assert [(each["status"], each["reason"]) for each in attempts] == [("failed", "lost"), ("succeeded", None)]
    assert (daemon.project / "witness").read_text().splitlines() == [each["id"] for each in attempts]


def test_what_is_no_file_is_no_place_for_a_backup(start, tmp_path):
    daemon = start(many(3))
    os.mkfifo(tmp_path / "pipe")
    for target, why in ((tmp_path, "it is a folder"), (tmp_path / "pipe", "no regular file"), (tmp_path / "none" / "b.sqlite", "there is no folder")):
        refused = daemon.ctl("backup", str(target))
        assert refused.returncode == 2 and why in refused.stderr, refused.stdout + refused.stderr
    assert not (daemon.data / "backups").exists(), "nothing was made for nothing"
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_backup_does_not_replace_the_store_that_it_copies(start, tmp_path):
    daemon = start(many(3))
    daemon.wait(daemon.run("*"))
    (tmp_path / "link.sqlite").symlink_to(daemon.data / "store.sqlite")
    (tmp_path / "folder").symlink_to(daemon.data)
    store = daemon.data / "store.sqlite"
    before = store.stat().st_ino
    for target in (store, daemon.data / "store.sqlite-wal", daemon.data / "lock", tmp_path / "link.sqlite", tmp_path / "folder" / "store.sqlite"):
        refused = daemon.ctl("backup", str(target))
        assert refused.returncode == 2 and "it is of a daemon's own store" in refused.stderr, (target, refused.stdout, refused.stderr)
    assert store.stat().st_ino == before and not (daemon.data / "backups").exists(), "nothing was made for nothing"
    assert daemon.wait(daemon.run("s0"))["status"] == "succeeded"
    for _ in range(2):
        assert daemon.ctl("backup", str(tmp_path / "store.sqlite")).returncode == 0, "a name is no reason, and an earlier backup is replaced"


def test_what_a_killed_backup_has_left_is_removed(start):
    daemon = start(many(3))
    daemon.post("/admin/backup")
    daemon.kill9()
    whole = list((daemon.data / "backups").iterdir())
    for suffix in ("tmp", "tmp-journal"):
        (daemon.data / "backups" / f"store-2026-01-01.sqlite.{suffix}").write_bytes(b"half")
    daemon.start()
    assert list((daemon.data / "backups").iterdir()) == whole
