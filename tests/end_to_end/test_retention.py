"""What is older than its age is forgotten when somebody asks for it, and nobody is told that it is still there."""

from projects import project, shell
from waiting import wait_until

SHORT = "retention: {events: 1ms, runs: 1ms, logs: 1ms}\n"


def test_what_is_forgotten_is_gone_for_everybody_and_said_to_be(start):
    daemon = start(project(shell("good", "echo made"), shell("bad", "echo broken; exit 3"), head=SHORT))
    failed, succeeded = daemon.run("bad"), daemon.run("good")
    daemon.wait(failed)
    daemon.wait(succeeded)
    # Only what is older than a millisecond goes: what was just written may stay at first.
    wait_until(lambda: daemon.ctl("prune").returncode == 0 and daemon.request("GET", f"/runs/{succeeded}").status == 404, "the good run forgotten")
    assert daemon.get(f"/runs/{failed}")["status"] == "failed", "the run in which an asset failed last stays"
    assert "broken" in daemon.step_log(failed, "bad")
    assert [run["id"] for run in daemon.items("/runs")] == [failed]
    gone = daemon.request("GET", "/events?after=1", headers={"accept": "text/event-stream"})
    assert gone.status == 410 and "no longer kept" in gone.json["detail"], gone.text
    assert len(daemon.items("/assets/good/materializations")) == 1
    assert daemon.get("/assets/good")["status"] == "materialized"
    assert daemon.get("/audit")["items"][0]["action"] == "prune"
    assert not (daemon.data / "logs" / str(succeeded)).exists()


def test_history_that_was_forgotten_stays_forgotten_across_a_crash(start):
    daemon = start(project(shell("a", "true"), head=SHORT))
    runs = [daemon.run("a") for _ in range(3)]
    for run in runs:
        daemon.wait(run)
    wait_until(lambda: daemon.post("/admin/prune") and not daemon.items("/runs"), "all runs forgotten")
    daemon.kill9()
    daemon.start()
    assert daemon.items("/runs") == []
    assert daemon.get("/assets/a")["status"] == "materialized"
    later = daemon.run("a")
    assert int(later) > int(runs[-1]), "no number of a run is given twice"
    assert daemon.wait(later)["status"] == "succeeded"


def test_forgotten_output_says_that_it_is_and_does_not_look_empty(start):
    daemon = start(project(shell("a", "echo said"), shell("quiet", "true"), head="retention: {logs: 1ms}\n"))
    run = daemon.run("*")
    daemon.wait(run)
    assert daemon.step_log(run, "quiet") == ""
    wait_until(lambda: daemon.ctl("prune").returncode == 0 and not (daemon.data / "logs" / run).exists(), "the output forgotten")
    gone = daemon.request("GET", f"/runs/{run}/logs?step=a")
    assert gone.status == 410 and "no longer kept" in gone.json["detail"], gone.text
    shown = daemon.ctl("runs", "logs", run, "--step", "a")
    assert shown.returncode != 0 and "no longer kept" in shown.stderr, (shown.stdout, shown.stderr)


def test_objects_go_once_another_took_their_place_and_the_newest_stays(start, tmp_path):
    folder = tmp_path / "objects"
    folder.mkdir()
    (folder / "objects.py").write_text("import pathlib\nfrom assetd import asset\n\n@asset\ndef model():\n    return pathlib.Path('number').read_text()\n\n"
                                       "@asset(deps=['model'])\ndef report(model):\n    return model + '!'\n")
    (folder / "assetd.yaml").write_text("name: objects\nretention: {artifacts: 1ms}\nimports: [{plugin: python, name: objects, file: objects.py}]\n")
    daemon = start(folder)
    runs = []
    for number in ("one", "two", "three"):
        (folder / "number").write_text(number)
        runs.append(daemon.run("model"))
        assert daemon.wait(runs[-1])["status"] == "succeeded"
    mine = daemon.data / "artifacts" / "model" / runs[0] / "mine.txt"
    mine.write_text("not of the SDK")

    def left():
        return [run for run in runs if (daemon.data / "artifacts" / "model" / run / "artifact.json").exists()]

    assert left() == runs
    wait_until(lambda: "artifacts" in daemon.ctl("prune").stdout and left() == runs[2:], "the former objects forgotten")
    assert mine.exists() and not (daemon.data / "artifacts" / "model" / runs[1]).exists()
    assert daemon.post("/admin/prune")["artifacts"] == 0
    below = daemon.run("report")
    assert daemon.wait(below)["status"] == "succeeded", "the newest is there to be read"
    assert (daemon.data / "artifacts" / "report" / below / "value.json").read_text() == '"three!"'
    assert len(daemon.items("/assets/model/materializations")) == 3, "that they were made is history, which has its own age"
