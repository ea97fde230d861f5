import pathlib
import shutil
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "sdk" / "python"), str(ROOT / "plugins" / "python")]

from driver import Import  # noqa: E402

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
        import duckdb

        with duckdb.connect(str(self.warehouse), read_only=True) as db:
            return db.execute(sql).fetchall()


@pytest.fixture
def zoo(tmp_path):
    """A small dbt project with what is awkward in dbt: ephemeral and versioned models, unit tests, a folder named as a model, …"""
    return Zoo(copy_of(HERE / "zoo", tmp_path / "zoo"), tmp_path / "state")


@pytest.fixture(scope="session")
def described(tmp_path_factory):
    """The zoo, described once: for tests that only look."""
    folder = tmp_path_factory.mktemp("described")
    return Zoo(copy_of(HERE / "zoo", folder / "zoo"), folder / "state").imported()


class Zoo:
    def __init__(self, folder, state):
        import duckdb

        self.folder, self.state, self.database = folder, state, folder / "zoo.duckdb"
        with duckdb.connect(str(self.database)) as db:
            db.execute("create table keepers as select 1 as keeper_id")

    def imported(self, **config):
        """A described import of the zoo; `config` as in assetd.yaml."""
        found = Import(self.folder, {"plugin": "dbt", "name": "zoo", "project_dir": ".", "profiles_dir": ".", **config}, self.state, env={"ZOO_DB": str(self.database)})
        found.describe()
        return found
