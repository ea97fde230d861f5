"""Bad definitions: every error at once with its place; a store that exists goes on serving."""

import subprocess

import pytest
from daemon import BIN
from projects import project, shell

GOOD = project(shell("a", "true"), shell("b", "true", ["a"]))
MANY_ERRORS = """name: test
assets:
  - key: one
    dpes: [two]
    run: {plugin: exec, command: [/bin/true]}
  - key: two
    deps: [oen]
    run: {plugin: exec, command: [/bin/true]}
schedules:
  - {name: s, select: two, cron: "61 * * * *", timezone: Europe/Lodnon}
"""


def first_start(make_daemon, text):
    """Exit code and output of a daemon whose first definitions do not load."""
    daemon = make_daemon(text)
    ended = subprocess.run(daemon.command(), capture_output=True, text=True, timeout=120, check=False)
    return ended.returncode, ended.stdout + ended.stderr


def test_a_first_start_with_errors_is_two_and_names_all_of_them(make_daemon):
    code, said = first_start(make_daemon, MANY_ERRORS)
    assert code == 2, said
    for place, words in (("assetd.yaml:4:", "deps"), ("assetd.yaml:7:", "one"), ("assetd.yaml:10:", "61"), ("assetd.yaml:10:", "Europe/London")):
        assert place in said and words in said, (place, words, said)


BAD = {
    "cycle": (project(shell("a", "true", ["b"]), shell("b", "true", ["a"])), ["cycle", "a", "b"]),
    "unknown dependency": (project(shell("gold", "true"), shell("b", "true", ["glod"])), ["glod", "gold"]),
    "unknown key": ("name: x\nassests: []\n", ["assests", "assets", "assetd.yaml:2:1"]),
    "bad yaml": ("name: x\nassets: [\n", ["assetd.yaml:"]),
    "duplicate key": (project(shell("a", "true"), shell("a", "true")), ["a"]),
    "missing plugin": ("name: x\nimports:\n  - {plugin: dtb, name: y}\n", ["dtb", "dbt"]),
    "missing variable": ("name: x\nvars: {a: '${env:ASSETD_TEST_NOT_SET}'}\nassets:\n  - key: a\n    run: {plugin: exec, command: ['${vars.a}']}\n", ["ASSETD_TEST_NOT_SET"]),
    "unknown pool": (project(shell("a", "true", more="pools: {gpuu: 1}")).replace("default", "gpu"), ["gpuu", "gpu"]),
    "bad key": (project(shell("'a b'", "true")), ["a b"]),
}


@pytest.mark.parametrize("name", BAD)
def test_each_kind_of_error_says_what_and_where(make_daemon, name):
    text, words = BAD[name]
    code, said = first_start(make_daemon, text)
    assert code == 2, said
    assert "assetd.yaml:" in said
    for word in words:
        assert word in said, (word, said)


def test_a_missing_project_file_is_said(tmp_path):
    ended = subprocess.run([str(BIN / "assetd"), "--project", str(tmp_path), "--listen", "127.0.0.1:0"], capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 2
    assert "assetd.yaml" in ended.stdout + ended.stderr


def test_with_an_existing_store_the_last_good_version_serves(start):
    daemon = start(GOOD)
    daemon.stop()
    (daemon.project / "assetd.yaml").write_text(MANY_ERRORS)
    daemon.start()
    definitions = daemon.get("/definitions")
    assert definitions["state"] == "broken" and len(definitions["errors"]) >= 4
    assert {asset["key"] for asset in daemon.items("/assets")} == {"a", "b"}
    assert daemon.wait(daemon.run("*"))["status"] == "succeeded"


def test_a_reload_takes_good_files_and_refuses_bad_ones(start):
    daemon = start(GOOD)
    version = daemon.get("/definitions")["version"]
    file = daemon.project / "assetd.yaml"

    file.write_text(MANY_ERRORS)
    refused = daemon.request("POST", "/definitions/reload", {})
    assert refused.status == 422 and len(refused.json["errors"]) >= 4
    assert daemon.get("/definitions")["version"] == version

    file.write_text(GOOD + shell("c", "true", ["b"]))
    assert daemon.post("/definitions/reload")["assets"] == 3
    assert daemon.wait(daemon.run("c"))["status"] == "succeeded"

    version = daemon.get("/definitions")["version"]
    daemon.post("/definitions/reload")
    assert daemon.get("/definitions")["version"] == version, "an unchanged reload makes no version"


# What is wrong, by name: what stands before `assets:`, further assets, the place, and words of what is said.
SETTINGS = {
    "apply of another type": ("definitions: {apply: [manual]}\n", "", (3, 22), ["apply", "auto or manual", "not a list"]),
    "apply unknown": ("definitions: {apply: manul}\n", "", (3, 22), ["manul", 'did you mean "manual"?']),
    "renamed_from of another type": ("", "  - {key: c, renamed_from: [old], run: {command: [x]}}\n", (9, 28), ["renamed_from", "not a list", "one"]),
    "renamed_from that is no key": ("", "  - {key: c, renamed_from: 'old one', run: {command: [x]}}\n", (9, 28), ["old one", "no asset key"]),
    "renamed_from twice": ("", "  - {key: c, renamed_from: old, run: {command: [x]}}\n  - {key: d, renamed_from: old, run: {command: [x]}}\n", (10, 28),
                           ['"old"', '"c"', "assetd.yaml:9", "leave renamed_from out"]),
    "renamed_from what is still there": ("", "  - {key: c, renamed_from: a, run: {command: [x]}}\n", (9, 28), ['"a"', "still defined", "assetd.yaml:4", "leave renamed_from out"]),
    "renamed_from itself": ("", "  - {key: c, renamed_from: c, run: {command: [x]}}\n", (9, 28), ['"c"', "itself", "leave renamed_from out"]),
    "environments of another type": ("environments: [staging]\n", "", (3, 15), ["environments", "a mapping of names to overlays"]),
    "an environment of another type": ("environments: {staging: paused}\n", "", (3, 25), ["staging", "a mapping of keys to values"]),
    "schedules of an environment": ("environments: {staging: {schedules: pausd}}\n", "", (3, 37), ["staging", "pausd", 'did you mean "paused"?']),
    "an unknown key of an environment": ("environments: {staging: {varz: {a: b}}}\n", "", (3, 26), ["varz", 'did you mean "vars"?']),
    "an unknown variable of an environment": ("vars: {place: here}\nenvironments: {staging: {vars: {palce: there}}}\n", "", (4, 33), ["staging", "palce", 'did you mean "place"?']),
    "an unknown resource of an environment": ("resources: {lake: {kind: folder}}\nenvironments: {staging: {resources: {lak: {path: x}}}}\n", "", (4, 38),
                                              ["staging", '"lak"', 'did you mean "lake"?', "kind:"]),
    "an unknown import of an environment": ("environments: {staging: {imports: {shop: {target: dev}}}}\n", "", (3, 36), ["shop", "leave it out"]),
    "variables of another type": ("environments: {staging: {vars: [place]}}\n", "", (3, 32), ["vars", "staging", "a mapping of names to values"]),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_bad_settings_say_what_where_and_what_to_do_and_the_last_good_version_serves(start, name):
    head, more, place, words = SETTINGS[name]
    daemon = start(GOOD)
    version = daemon.get("/definitions")["version"]
    (daemon.project / "assetd.yaml").write_text(project(shell("a", "true"), shell("b", "true", ["a"]), more, head=head))
    refused = daemon.request("POST", "/definitions/reload", {})
    assert refused.status == 422, refused.text
    error, = refused.json["errors"]
    said = f"{error['message']} ({error['hint']})"
    at = error["source"]
    assert (at["file"], at["line"], at["column"]) == ("assetd.yaml", *place), error
    for word in words:
        assert word in said, (word, said)
    status = daemon.get("/definitions")
    assert status["state"] == "broken" and status["version"] == version
    assert daemon.wait(daemon.run("*"))["status"] == "succeeded"


def test_a_run_keeps_the_definitions_it_was_planned_with(start):
    from projects import waits_for

    daemon = start(project(shell("a", waits_for("go")), shell("b", "echo old >> which", ["a"])))
    run = daemon.run("*")
    daemon.wait_step(run, "a", "running")
    (daemon.project / "assetd.yaml").write_text(project(shell("a", waits_for("go")), shell("b", "echo new >> which", ["a"])))
    daemon.post("/definitions/reload")
    (daemon.project / "go").touch()
    assert daemon.wait(run)["status"] == "succeeded"
    assert (daemon.project / "which").read_text() == "old\n"


def test_validate_prints_errors_like_a_compiler(make_daemon):
    daemon = make_daemon(MANY_ERRORS)
    result = daemon.ctl("validate", "--project", str(daemon.project))
    assert result.returncode == 2
    assert "assetd.yaml:4:5: error:" in result.stderr
    assert "    dpes: [two]" in result.stderr
    assert "deps" in result.stderr
    (daemon.project / "assetd.yaml").write_text(GOOD)
    result = daemon.ctl("validate", "--project", str(daemon.project), "--output", "json")
    assert result.returncode == 0 and '"valid": true' in result.stdout
