import json
import pathlib
import shutil
import sys

import duckdb
import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "sdk" / "python"), str(ROOT / "plugins" / "python")]

from driver import Import  # noqa: E402
from supervised import Supervisor  # noqa: E402

EXAMPLES = ROOT / "examples"


def copy_of(folder, target):
    """A project without what earlier runs left in it."""
    shutil.copytree(folder, target, ignore=shutil.ignore_patterns(".venv", ".assetd", "target", "logs", "*.duckdb*", "plant_bad_rows", "__pycache__"))
    return target


@pytest.fixture
def shop(tmp_path):
    """examples/shop, empty, with its two imports."""
    return Shop(copy_of(EXAMPLES / "shop", tmp_path / "shop"), tmp_path / "state")


class Shop:
    def __init__(self, folder, state):
        self.folder = folder
        self.warehouse = folder / "data" / "warehouse.duckdb"
        resources = {"warehouse": {"kind": "duckdb", "path": str(self.warehouse)}}
        self.dbt = Import(folder, {"plugin": "dbt", "name": "shop", "project_dir": "dbt", "profiles_dir": "dbt", "target": "prod", "threads": 2}, state, resources)
        self.python = Import(folder, {"plugin": "python", "name": "shop_assets", "module": "shop_assets", "working_dir": "."}, state, resources)

    def query(self, sql):
        with duckdb.connect(str(self.warehouse), read_only=True) as db:
            return db.execute(sql).fetchall()


@pytest.fixture
def zoo(tmp_path, parsed):
    """A small dbt project with what is awkward in dbt: ephemeral and versioned models, unit tests, a folder named as a model, …"""
    return Zoo(copy_of(HERE / "zoo", tmp_path / "zoo"), tmp_path / "state", parsed)


@pytest.fixture
def supervisor(tmp_path):
    """The real one: an Import that has it starts its attempts from workers."""
    folder = tmp_path / "supervisor"
    folder.mkdir()
    made = Supervisor(folder)
    yield made
    made.close()


@pytest.fixture(scope="session")
def parsed(tmp_path_factory):
    return Parsed(tmp_path_factory.mktemp("parsed"))


@pytest.fixture(scope="session")
def described(parsed):
    """The zoo, described once: for tests that only look."""
    return parsed.imported({})


class Parsed:
    """The zoo's state after `describe`, once for each configuration: dbt needs seconds to parse, and parses again where a test has changed something."""

    def __init__(self, folder):
        self._folder = folder
        self._known = {}

    def imported(self, config):
        name = json.dumps(config, sort_keys=True)
        if name not in self._known:
            folder = self._folder / str(len(self._known))
            self._known[name] = Zoo(copy_of(HERE / "zoo", folder / "zoo"), folder / "state", None).imported(**config)
        return self._known[name]


class Zoo:
    def __init__(self, folder, state, parsed):
        self.folder, self.state, self.database, self._parsed = folder, state, folder / "zoo.duckdb", parsed
        self.supervisor = None
        with duckdb.connect(str(self.database)) as db:
            db.execute("create table keepers as select 1 as keeper_id")

    def undescribed(self, env=None, **config):
        """An import of the zoo; `config` as in assetd.yaml."""
        env = {"ZOO_DB": "zoo.duckdb"} if env is None else env
        return Import(self.folder, {"plugin": "dbt", "name": "zoo", "project_dir": ".", "profiles_dir": ".", **config}, self.state, env=env)

    def imported(self, **config):
        found = self.undescribed(**config)
        found.supervisor = self.supervisor
        if self._parsed and not (found.state_dir / "state.json").exists():
            shutil.copytree(self._parsed.imported(config).state_dir, found.state_dir, dirs_exist_ok=True)
        found.describe()
        return found
