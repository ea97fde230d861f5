"""The python plugin: small modules, described and run as real processes."""

import hashlib
import json
import pathlib
import pickle
import signal
import textwrap

import pytest

from driver import Import


@pytest.fixture
def module(tmp_path):
    """module(text) writes my_assets.py and gives its import; described unless `describe=False`."""
    folder = tmp_path / "project"
    folder.mkdir()

    def write(text, describe=True, **settings):
        (folder / "my_assets.py").write_text(textwrap.dedent(text))
        owner = Import(folder, {"plugin": "python", "module": "my_assets", "working_dir": ".", **settings.pop("config", {})}, tmp_path / "state", **settings)
        if describe:
            owner.describe()
        return owner

    return write


def test_what_a_decorator_says_is_described(module):
    owner = module('''
        from assetd import asset

        @asset(deps=["a/b", {"asset": "c", "on_failure": "continue"}], key="marts/sum", group="marts", kinds=["x"], owners=["team:a"], tags=["pii"],
               retries=2, pools={"cpu": 1}, uses={"db": "read"}, timeout="10m", code_version=3, automation="eager")
        def total():
            """Adds up."""

        @asset(deps=[total])
        def after():
            pass
    ''')
    found = owner.assets["marts/sum"]
    assert {name: found[name] for name in ("description", "deps", "group", "kinds", "owners", "tags", "retries", "pools", "uses", "timeout", "code_version", "automation")} == {
        "description": "Adds up.", "deps": ["a/b", {"asset": "c", "on_failure": "continue"}], "group": "marts", "kinds": ["x"], "owners": ["team:a"],
        "tags": {"pii": ""}, "retries": {"max": 2}, "pools": {"cpu": 1}, "uses": {"db": "read"}, "timeout": "10m", "code_version": "3", "automation": "eager"}
    assert found["source"] == {"file": "my_assets.py", "line": 4, "column": 1}
    assert owner.assets["after"]["deps"] == ["marts/sum"]
    assert str(owner.project_dir / "my_assets.py") in owner.described["watch"]


def test_the_code_version_is_that_of_the_function_alone(module):
    text = "from assetd import asset\n@asset\ndef a():\n    return 1\n@asset\ndef b():\n    return {}\n"
    before = module(text.format(1)).assets
    after = module(text.format(2)).assets
    assert before["a"]["code_version"] == after["a"]["code_version"]
    assert before["b"]["code_version"] != after["b"]["code_version"]


def test_prefers_defs_to_what_else_stands_in_the_module(module):
    owner = module('''
        from assetd import asset, Definitions
        @asset
        def seen(): pass
        @asset
        def unseen(): pass
        defs = Definitions(assets=[seen])
    ''')
    assert list(owner.assets) == ["seen"]


def test_a_file_can_be_named_instead_of_a_module(module, tmp_path):
    module("from assetd import asset\n@asset\ndef only(): pass\n", describe=False)
    owner = Import(tmp_path / "project", {"plugin": "python", "file": "my_assets.py"}, tmp_path / "state")
    assert [asset["key"] for asset in owner.describe()["assets"]] == ["only"]
    assert owner.run(["only"]).exit_code == 0


def test_prints_of_the_module_do_not_spoil_the_answer(module):
    owner = module("from assetd import asset\nprint('hello')\n@asset\ndef a(): pass\n")
    assert list(owner.assets) == ["a"]


@pytest.mark.parametrize("text, expected, line", [
    ("import no_such_thing\n", "no_such_thing", 1),
    ("def f(:\n    pass\n", "SyntaxError", 1),
    ("x = 1\n\nraise ValueError('out of cheese')\n", "out of cheese", 3),
    ("from assetd import asset\n\n@asset(key='no key')\ndef a(): pass\n", "no key", 3),
    ("from assetd import asset\n\n\n@asset\ndef a(warehuose): pass\n", "warehuose", 4),
    ("from assetd import asset, asset_check\n@asset\ndef a(): pass\n@asset_check(asset='b')\ndef c(): return True\n", "'b'", 4),
])
def test_errors_name_the_place(module, text, expected, line):
    owner = module(text, describe=False, resources={"warehouse": {"kind": "duckdb"}})
    [error] = owner.errors()
    assert expected in error["message"]
    assert (error["source"]["file"], error["source"]["line"]) == ("my_assets.py", line)


def test_a_module_that_cannot_be_imported_says_where_what_mends_it_stands(module):
    owner = module("import shapes.circle\nimport helper\n", describe=False)
    (owner.project_dir / "shapes").mkdir()
    (owner.project_dir / "shapes" / "circle.py").write_text("")
    watched = owner.failure()["watch"]
    assert str(owner.project_dir / "shapes" / "circle.py") in watched, "what was imported, wherever it stands"
    assert str(owner.project_dir / "*.py") in watched, "helper.py may be written"
    package = module("", describe=False, config={"module": "pipelines.daily"})
    assert str(package.project_dir / "pipelines" / "**" / "*.py") in package.failure()["watch"]


def test_all_missing_resources_are_told_at_once_with_the_nearest_name(module):
    owner = module("from assetd import asset\n@asset\ndef a(warehuose): pass\n@asset\ndef b(nothing): pass\n", describe=False, resources={"warehouse": {"kind": "duckdb"}})
    errors = owner.errors()
    assert ["'a'" in errors[0]["message"], "'b'" in errors[1]["message"]] == [True, True]
    assert errors[0]["hint"] == "nearest: 'warehouse'"


def test_resources_context_and_results(module):
    owner = module('''
        from assetd import asset, Definitions, MaterializeResult

        class Client:
            name = "client"

        @asset
        def a(context, client, warehouse, absent=None):
            context.log.info("working")
            context.add_output_metadata({"from_context": 1})
            context.progress(0.5, "half")
            value = [context.asset_key, context.run_id, client.name, warehouse.path, warehouse["kind"], absent]
            return MaterializeResult(metadata={"n": 1.5, "nan": float("nan")}, value=value, data_version="v7")

        defs = Definitions(assets=[a], resources={"client": Client()})
    ''', resources={"warehouse": {"kind": "duckdb", "path": "/x"}})
    attempt = owner.run(["a"])
    assert attempt.exit_code == 0, attempt.output
    [materialization] = attempt.of("report_asset_materialization")
    assert materialization["data_version"] == "v7"
    assert {name: materialization["metadata"][name] for name in ("n", "nan", "from_context")} == {"n": 1.5, "nan": "nan", "from_context": 1}
    [artifact] = attempt.of("assetd.artifact")
    assert json.loads(pathlib.Path(artifact["path"]).read_text()) == ["a", "41", "client", "/x", "duckdb", None]
    assert attempt.of("assetd.progress") == [{"asset_key": "a", "fraction": 0.5, "detail": "half"}]
    assert "working" in attempt.stderr.read_text()
    assert [method for method, _ in attempt.messages][0] == "opened" and attempt.messages[-1] == ("closed", {})


ARTIFACTS = '''
    import pandas
    from assetd import asset

    class Own:
        n = 4

    @asset
    def table(): return pandas.DataFrame({"x": [1, 2]})
    @asset(key="deep/plain")
    def plain(): return {"a": [1, "b", None]}
    @asset
    def raw(): return b"bytes"
    @asset
    def own(): return Own()
    @asset
    def nothing(): return None
    @asset(deps=["table", "deep/plain", "raw", "own"])
    def reader(table, deep_plain, raw, own): return [int(table["x"].sum()), deep_plain["a"][1], raw.decode(), own.n]
'''


def test_a_function_adds_and_removes_dynamic_partitions(module):
    owner = module('''
        from assetd import asset

        @asset
        def crm(context):
            context.add_partitions("customers", ["ann", 7])
            context.remove_partitions("customers", ("zoe",))
    ''')
    attempt = owner.run(["crm"])
    assert attempt.exit_code == 0
    assert attempt.of("assetd.add_partitions") == [{"set": "customers", "keys": ["ann", "7"]}]
    assert attempt.of("assetd.remove_partitions") == [{"set": "customers", "keys": ["zoe"]}]


def test_a_function_says_what_it_saw_of_an_external_asset(module):
    owner = module('''
        from assetd import asset

        @asset
        def look(context):
            context.observe("lake/orders", data_version=7, metadata={"rows": 3})
            context.observe("lake/customers")
    ''')
    attempt = owner.run(["look"])
    assert attempt.exit_code == 0
    assert attempt.of("assetd.observe") == [{"asset": "lake/orders", "data_version": "7", "metadata": {"rows": 3}}, {"asset": "lake/customers", "data_version": None, "metadata": {}}]


def test_artifacts_of_every_type_are_stored_and_loaded_by_name(module):
    owner = module(ARTIFACTS)
    stored = {}
    for key in ("table", "deep/plain", "raw", "own", "nothing", "reader"):
        attempt = owner.run([key])
        assert attempt.exit_code == 0, attempt.output
        stored[key] = attempt.of("assetd.artifact")
    assert stored.pop("nothing") == []
    found = {key: artifact for key, [artifact] in stored.items()}
    assert {key: (artifact["type"], artifact["library"] and artifact["library"].split()[0]) for key, artifact in found.items()} == {
        "table": ("pandas.DataFrame", "pandas"), "deep/plain": ("dict", None),
        "raw": ("bytes", None), "own": ("my_assets.Own", None), "reader": ("list", None)}
    for artifact in found.values():
        content = pathlib.Path(artifact["path"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (artifact["size"], artifact["sha256"])
    assert found["table"]["path"].endswith(".parquet")
    assert json.loads(pathlib.Path(found["reader"]["path"]).read_text()) == [3, "b", "bytes", 4]


def test_a_retry_overwrites_only_its_own_run(module):
    owner = module("import os\nfrom assetd import asset\n@asset\ndef a(): return os.environ['VALUE']\n")
    paths = {}
    for run, value in (("1", "first"), ("2", "failed half way"), ("2", "second")):
        attempt = owner.run(["a"], run_id=run, env={"VALUE": value})
        paths[run] = attempt.of("assetd.artifact")[0]["path"]
    assert {run: json.loads(pathlib.Path(path).read_text()) for run, path in paths.items()} == {"1": "first", "2": "second"}
    leftovers = [path for path in pathlib.Path(paths["2"]).parent.iterdir() if path.name.startswith(".")]
    assert leftovers == []


def test_a_damaged_artifact_is_not_loaded(module):
    owner = module("from assetd import asset\n@asset\ndef a(): return {}\n@asset(deps=['a'])\ndef b(a): return a\n")
    path = pathlib.Path(owner.run(["a"]).of("assetd.artifact")[0]["path"])
    path.write_text("{ }")
    attempt = owner.run(["b"])
    assert attempt.exit_code == 1 and "damaged" in attempt.of("closed")[0]["exception"]["message"]


def test_an_artifact_that_was_never_made_says_what_to_do(module):
    owner = module("from assetd import asset\n@asset\ndef a(): return {}\n@asset(deps=['a'])\ndef b(a): return a\n")
    attempt = owner.run(["b"])
    assert attempt.exit_code == 1
    assert "'a' has no artifact yet: materialize it first" in attempt.of("closed")[0]["exception"]["message"]


def test_an_object_that_cannot_be_stored_leaves_no_half_of_it(module):
    owner = module("from assetd import asset\n@asset\ndef a(): return lambda: 1\n")
    attempt = owner.run(["a"])
    assert attempt.exit_code == 1 and attempt.materializations == {}
    assert [path for path in (owner.data_dir / "artifacts").rglob("*") if path.is_file()] == []


def test_a_raised_exception_is_in_closed_and_its_traceback_on_stderr(module):
    owner = module("from assetd import asset\n@asset\ndef a():\n    raise RuntimeError('no luck')\n")
    attempt = owner.run(["a"])
    assert attempt.exit_code == 1 and attempt.ended == {}
    [closed] = attempt.of("closed")
    assert closed["exception"]["message"] == "RuntimeError: no luck" and closed["exception"]["name"] == "RuntimeError"
    assert "my_assets.py" in attempt.stderr.read_text() and "no luck" in attempt.stderr.read_text()


def test_an_asset_that_is_gone_says_so(module):
    owner = module("from assetd import asset\n@asset\ndef a(): pass\n")
    (owner.project_dir / "my_assets.py").write_text("from assetd import asset\n@asset\ndef b(): pass\n")
    attempt = owner.run(["a"])
    assert attempt.exit_code == 1 and "has no asset 'a' any more" in attempt.of("closed")[0]["exception"]["message"]


def test_the_import_runs_where_working_dir_says(module):
    owner = module("import os\nfrom assetd import asset\n@asset\ndef a(): return os.getcwd()\n")
    path = owner.run(["a"]).of("assetd.artifact")[0]["path"]
    assert json.loads(pathlib.Path(path).read_text()) == str(owner.project_dir)


CHECKS = '''
    from assetd import asset, asset_check, AssetCheckResult

    @asset
    def a(): return {"rows": 3}

    @asset_check(asset=a)
    def has_rows(a): return a["rows"] > 0

    @asset_check(asset="a", severity="warn")
    def many_rows(a): return AssetCheckResult(a["rows"] > 100, metadata={"rows": a["rows"]}, description="few rows")

    @asset_check(asset="a", blocking=False)
    def broken(): raise KeyError("x")
'''


def test_checks_run_after_their_asset(module):
    owner = module(CHECKS)
    assert {check["name"]: (check["severity"], check["blocking"]) for check in owner.described["checks"]} == {
        "has_rows": ("error", True), "many_rows": ("warn", False), "broken": ("error", False)}
    attempt = owner.run(["a"])
    assert attempt.exit_code == 0 and attempt.checks == {"has_rows": "passed", "many_rows": "warned", "broken": "error"}
    [warned] = [found for found in attempt.of("report_asset_check") if found["check_name"] == "many_rows"]
    assert (warned["detail"], warned["metadata"], warned["severity"]) == ("few rows", {"rows": 3}, "WARN")


def test_only_checks_or_only_assets(module):
    owner = module(CHECKS)
    assert owner.run(["a"], steps_mode="assets").checks == {}
    attempt = owner.run(["a"], steps_mode="checks")
    assert attempt.materializations == {} and set(attempt.checks) == {"has_rows", "many_rows", "broken"}


def test_an_interrupt_ends_it_as_interrupted(module):
    owner = module("import threading\nfrom assetd import asset\n@asset\ndef a(context):\n    context.progress(0)\n    threading.Event().wait(60)\n")
    attempt = owner.attempt(["a"]).start().wait_for(lambda attempt: attempt.of("assetd.progress"))
    attempt.signal_tree(signal.SIGINT)
    assert attempt.wait().exit_code == -signal.SIGINT
    assert attempt.ended == {}


def test_a_model_is_stored_with_its_library(module):
    owner = module("from assetd import asset\n@asset\ndef model():\n    from sklearn.linear_model import LinearRegression\n    return LinearRegression().fit([[0], [1]], [0, 1])\n")
    attempt = owner.run(["model"])
    [artifact] = attempt.of("assetd.artifact")
    assert artifact["library"].startswith("scikit-learn ") and artifact["path"].endswith(".joblib")


def test_the_real_dagster_pipes_reads_our_context_and_writes_messages_like_ours(module, tmp_path):
    """What the driver (and so the daemon) hands out must work for programs written for Pipes, and our own messages must look like theirs."""
    owner = module('''
        from assetd import asset
        from dagster_pipes import open_dagster_pipes

        @asset
        def a():
            with open_dagster_pipes() as pipes:
                pipes.report_asset_materialization(metadata={"key": pipes.asset_key, "run": pipes.run_id, "protocol": pipes.extras["assetd"]["protocol"]})
                pipes.report_asset_check(check_name="c", passed=True)
    ''')
    attempt = owner.run(["a"])
    assert attempt.exit_code == 0, attempt.output
    theirs, ours = attempt.of("report_asset_materialization")
    assert theirs["metadata"] == {"key": {"raw_value": "a", "type": "__infer__"}, "run": {"raw_value": "41", "type": "__infer__"}, "protocol": {"raw_value": 1, "type": "__infer__"}}
    assert set(ours) == set(theirs)
    assert attempt.of("report_asset_check")[0]["check_name"] == "c"


def test_a_pickle_is_what_remains_without_joblib(tmp_path, monkeypatch):
    import sys

    from assetd import artifacts

    monkeypatch.setattr(artifacts, "_has", lambda module: False)
    monkeypatch.delitem(sys.modules, "joblib", raising=False)
    stored = artifacts.ArtifactStore(tmp_path).store("a", "1", {1, 2})
    assert stored["format"] == "pickle" and pickle.loads(pathlib.Path(stored["path"]).read_bytes()) == {1, 2}
