"""One day failed: it alone is made again with what is around it, its own output is shown, and it is compared with its own last success."""

from projects import project, shell

DAYS = "partitions: {daily: {start: 2026-01-01, end: 2026-01-11}}\n"
SOUND = 'checks:\n  - {name: sound, run: {command: [/bin/sh, -c, "test ! -e bad-$ASSETD_PARTITION"]}, severity: error, blocking: true}\n'


def make(key):
    return f'echo "{key} of $ASSETD_PARTITION" | tee -a made; test ! -e fail-{key}-$ASSETD_PARTITION'


CHAIN = project(shell("d", make("d"), more=DAYS + SOUND), shell("dd", make("dd"), ["d"], DAYS))


def day(number):
    return f"2026-01-{number:02}"


def names(steps):
    return [f"{step['key']}@{int(step['partition'][-2:])}" for step in steps]


def broken_week(start):
    """d failed its check on the 5th and by itself on the 6th."""
    daemon = start(CHAIN)
    (daemon.project / f"bad-{day(5)}").touch()
    (daemon.project / f"fail-d-{day(6)}").touch()
    run = daemon.run("*", partitions={"from": day(4), "to": day(7)})
    assert daemon.wait(run)["status"] == "failed"
    return daemon, run


def test_a_retry_of_a_partition_leaves_those_alone_that_are_well(start):
    daemon, run = broken_week(start)

    def planned(**body):
        answer = daemon.request("POST", f"/runs/{run}/retry", {"dry_run": True, **body})
        assert answer.status == 200, answer.text
        return names(answer.json["steps"])

    everything = ["d@5", "d@6", "dd@5", "dd@6"]
    assert planned() == everything
    assert planned(steps=["dd"], scope="stale_upstream") == everything, "the days above, and not the latest one, which is not there"
    assert planned(steps=["d"], scope="downstream") == everything
    assert planned(steps=["d"], scope="stale_upstream") == ["d@5", "d@6"]
    assert planned(steps=["d"], scope="checks") == ["d@5", "d@6"]
    of_the_fifth = {"steps": ["d"], "partitions": [day(5)]}
    assert planned(**of_the_fifth) == ["d@5"]
    assert planned(**of_the_fifth, scope="downstream") == ["d@5", "dd@5"]
    assert planned(**of_the_fifth, scope="stale_upstream") == planned(**of_the_fifth, scope="checks") == ["d@5"]
    assert planned(partitions=[day(6)]) == ["d@6", "dd@6"]
    assert planned(steps=["d"], partitions=[day(4)], scope="downstream") == ["d@4", "dd@4"], "whoever names one that is well means it"
    table = daemon.ctl("runs", "retry", run, "--step", "d", "--partition", day(5), "--scope", "downstream", "--dry-run").stdout
    assert table.splitlines() == ["would run 2 steps:", f"  d [{day(5)}]", f"  dd [{day(5)}]"]

    (daemon.project / f"bad-{day(5)}").unlink()
    (daemon.project / "made").unlink()
    again = daemon.ctl("runs", "retry", run, "--step", "d", "--partition", day(5), "--scope", "downstream", "--wait")
    assert again.returncode == 0, again.stdout + again.stderr
    assert (daemon.project / "made").read_text().splitlines() == [f"d of {day(5)}", f"dd of {day(5)}"]
    assert daemon.items("/audit")[0]["detail"]["partitions"] == [day(5)]
    assert planned(steps=["dd"], scope="stale_upstream") == ["d@6", "dd@5", "dd@6"], "what is well by now is not made again above them"


def test_a_retry_of_what_the_run_does_not_have_names_the_nearest(start):
    daemon, run = broken_week(start)
    for body, pointer, words in (({"steps": ["d", "ddd"]}, "/steps/1", f"run {run} has no step 'ddd'; nearest: 'dd'"),
                                 ({"steps": ["d"], "partitions": [day(8)]}, "/partitions/0", f"run {run} has no step of 'd' of the partition '{day(8)}'; nearest: '2026-01-0")):
        answer = daemon.request("POST", f"/runs/{run}/retry", body)
        assert answer.status == 422 and answer.json["errors"][0]["pointer"] == pointer and words in answer.json["detail"], answer.text
    refused = daemon.request("POST", f"/runs/{run}/retry", {"steps": ["d"], "partitions": [day(4)]})
    assert refused.status == 409 and f"none of these steps of run {run} failed" in refused.json["detail"]


def test_each_partition_has_its_own_output_and_the_hint_names_it(start):
    daemon, run = broken_week(start)
    for number, of_check in ((5, " --check sound"), (6, "")):
        assert daemon.ctl("runs", "logs", run, "--step", "d", "--partition", day(number)).stdout == f"d of {day(number)}\n"
        assert f"assetctl runs logs {run} --step d --partition {day(number)}{of_check}\n" in daemon.ctl("runs", "show", run).stdout
    unknown = daemon.ctl("runs", "logs", run, "--step", "d", "--partition", day(8))
    assert unknown.returncode != 0 and f"run {run} has no step 'd' of the partition '{day(8)}'; nearest: '2026-01-0" in unknown.stderr


def test_a_partition_is_compared_with_its_own_last_success(start):
    daemon = start(project(shell("up", make("up"), more=DAYS), shell("low", make("low"), ["up"], DAYS)))

    def ran(select, number, status, **more):
        run = daemon.run(select, partitions=[day(number)], **more)
        assert daemon.wait(run)["status"] == status
        return run

    first = ran("*", 1, "succeeded")
    ran("*", 2, "succeeded")
    (daemon.project / f"fail-low-{day(1)}").touch()
    (daemon.project / f"fail-low-{day(3)}").touch()
    failed = ran("low", 1, "failed", force=True)
    changes = daemon.get(f"/runs/{failed}/changes?step=low")
    assert (changes["partition"], changes["since"]["run_id"], changes["items"]) == (day(1), first, []), "the second day is none of its business"
    assert f"low [{day(1)}]: nothing that is known of changed since its last success, run {first}:" in daemon.ctl("runs", "changes", failed).stdout

    newer = ran("up", 1, "succeeded")
    failed = ran("low", 1, "failed", force=True)
    changes = daemon.get(f"/runs/{failed}/changes?step=low&partition={day(1)}")
    assert changes["since"]["run_id"] == first
    assert [(item["kind"], item["name"], item["from"]["run_id"], item["to"]["run_id"]) for item in changes["items"]] == [("upstream", "up", first, newer)]

    never = ran("*", 3, "failed")
    assert daemon.get(f"/runs/{never}/changes?step=low")["since"] is None
    assert f"low [{day(3)}]: no earlier success is kept to compare with" in daemon.ctl("runs", "changes", never, "low", "--partition", day(3)).stdout
    assert "has no step 'low' of the partition" in daemon.request("GET", f"/runs/{never}/changes?step=low&partition={day(1)}").text

    (daemon.project / f"fail-up-{day(2)}").touch()
    skipped = ran("*", 2, "failed", force=True)
    assert daemon.get(f"/runs/{skipped}/changes?step=low&partition={day(2)}")["items"] == [], "it was not executed: its own upstream day is as it was then"
