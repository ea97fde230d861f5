"""What a failure does to the rest of a run, and what a retry runs."""

from projects import project, shell

DIAMOND = project(
    shell("src", "true"),
    shell("bad", "echo boom >&2; [ -e mended ]", ["src"]),
    shell("good", "echo good >> witness", ["src"]),
    shell("join", "echo join >> witness", ["bad", "good"]),
    shell("leaf", "true", ["join"]),
    shell("side", "true", ["good"]),
)


def test_what_is_below_a_failure_is_skipped_and_names_it(start):
    daemon = start(DIAMOND)
    run = daemon.run("*")
    assert daemon.wait(run)["status"] == "failed"
    steps = daemon.steps(run)
    assert {key: step["status"] for key, step in steps.items()} == {
        "src": "succeeded", "bad": "failed", "good": "succeeded", "join": "skipped", "leaf": "skipped", "side": "succeeded"}
    assert steps["bad"]["reason"] == "exit_code"
    for key in ("join", "leaf"):
        assert steps[key]["reason"] == "upstream_failed"
        assert [cause["key"] for cause in steps[key]["root_causes"]] == ["bad"]
    assert (daemon.project / "witness").read_text() == "good\n", "a skipped step ran"
    assert "boom" in daemon.step_log(run, "bad", "stderr")


def test_a_retry_runs_exactly_what_failed_and_what_was_skipped(start):
    daemon = start(DIAMOND)
    run = daemon.run("*")
    daemon.wait(run)
    (daemon.project / "mended").touch()
    again = daemon.retry(run)
    assert daemon.wait(again)["status"] == "succeeded"
    assert set(daemon.steps(again)) == {"bad", "join", "leaf"}
    assert daemon.get(f"/runs/{again}")["retry_of"] == run
    assert (daemon.project / "witness").read_text() == "good\njoin\n"


def test_a_retry_from_the_start_runs_everything(start):
    daemon = start(DIAMOND)
    run = daemon.run("*")
    daemon.wait(run)
    again = daemon.post(f"/runs/{run}/retry", {"from": "start"})["id"]
    daemon.wait(again)
    assert len(daemon.steps(again)) == 6


def test_a_run_that_succeeded_has_nothing_to_retry(start):
    daemon = start(project(shell("a", "true")))
    run = daemon.run("a")
    daemon.wait(run)
    answer = daemon.request("POST", f"/runs/{run}/retry", {"from": "failure"})
    assert answer.status in (409, 422), answer.text


def test_continue_lets_what_is_below_a_failure_run(start):
    daemon = start(project(
        shell("bad", "exit 3"),
        "  - key: below\n    deps: [{asset: bad, on_failure: continue}]\n    run: {plugin: exec, command: [/bin/true]}\n"))
    run = daemon.run("*")
    assert daemon.wait(run)["status"] == "failed"
    assert daemon.statuses(run) == {"bad": "failed", "below": "succeeded"}


def test_retries_of_an_asset_are_attempts_of_one_step(start):
    daemon = start(project(shell("flaky", "echo x >> tries; [ $(wc -l < tries) -ge 3 ]", more="retries: {max: 2, delay: 10ms}")))
    run = daemon.run("flaky")
    assert daemon.wait(run)["status"] == "succeeded"
    attempts = daemon.steps(run)["flaky"]["attempts"]
    assert [attempt["status"] for attempt in attempts] == ["failed", "failed", "succeeded"]
    assert len({attempt["id"] for attempt in attempts}) == 3


def test_a_timeout_is_no_exit_code(start):
    daemon = start(project("  - key: slow\n    run: {plugin: exec, command: [/bin/sleep, '600'], timeout: 200ms}\n"))
    run = daemon.run("slow")
    assert daemon.wait(run)["status"] == "failed"
    assert daemon.steps(run)["slow"]["reason"] == "timeout"


def test_a_failing_blocking_check_skips_what_depends_on_its_asset(start):
    def checked(name, script, more):
        return f"checks:\n  - {{name: {name}, run: {{plugin: exec, command: [/bin/sh, -c, '{script}']}}, {more}}}"

    daemon = start(project(
        shell("strict", "true", more=checked("never", "exit 1", "severity: error, blocking: true")),
        shell("below_strict", "true", ["strict"]),
        shell("lenient", "true", more=checked("grumbles", "exit 1", "severity: warn, blocking: true")),
        shell("below_lenient", "true", ["lenient"])))
    run = daemon.run("*")
    assert daemon.wait(run)["status"] == "failed"
    steps = daemon.steps(run)
    assert (steps["strict"]["status"], steps["strict"]["reason"]) == ("failed", "check_failed")
    assert steps["below_strict"]["status"] == "skipped"
    assert [(cause["key"], cause["check"]) for cause in steps["below_strict"]["root_causes"]] == [("strict", "never")]
    assert steps["lenient"]["status"] == steps["below_lenient"]["status"] == "succeeded"
    assert daemon.get("/assets/strict")["last_materialization"]["run_id"] == run, "the data is there all the same"


def test_a_retry_says_what_a_reload_left_nothing_of_and_follows_a_rename(start):
    before = project(shell("first", "exit 1"), shell("second", "true", ["first"]), shell("third", "true", ["first"]))
    daemon = start(before)
    failed = daemon.run("*")
    assert daemon.wait(failed)["status"] == "failed"
    after = project(shell("first", "true"), shell("other", "true", ["first"], "renamed_from: third"))
    (daemon.project / "assetd.yaml").write_text(after)
    daemon.post("/definitions/reload")
    gone = [{"key": "second", "partition": None, "detail": "no definition has it any more"}]
    assert daemon.post(f"/runs/{failed}/retry", {"from": "failure", "dry_run": True})["left_out"] == gone
    answer = daemon.post(f"/runs/{failed}/retry", {"from": "failure"})
    assert [step["key"] for step in answer["steps"]] == ["first", "other"] and answer["left_out"] == gone
    assert daemon.wait(answer["id"])["status"] == "succeeded"
    told = daemon.ctl("runs", "retry", failed)
    assert "left out: second: no definition has it any more" in told.stdout, told.stdout + told.stderr
