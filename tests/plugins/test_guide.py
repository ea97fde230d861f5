"""The file of the guide runs as it stands."""

import pytest

from conftest import EXAMPLES, copy_of
from driver import Import


@pytest.fixture
def guide(tmp_path):
    owner = Import(copy_of(EXAMPLES / "guide", tmp_path / "guide"), {"plugin": "python", "name": "guide", "module": "definitions", "working_dir": "."}, tmp_path / "state")
    owner.describe()
    return owner


DBT = ["gold_customers", "raw_customers", "raw_orders", "stg_orders"]


def test_dbt_and_the_model_run(guide):
    assert sorted(guide.assets) == ["customer_churn_model", *DBT]
    assert {guide.assets[key]["batch"] for key in DBT} == {"my_dbt_assets"}
    assert guide.assets["gold_customers"]["source"]["file"] == "my_dbt_project/models/gold/gold_customers.sql"
    built = guide.run(DBT)
    assert built.exit_code == 0 and built.ended == dict.fromkeys(DBT, "succeeded"), built.output
    assert set(built.checks.values()) == {"passed"} and len(built.checks) == 6
    model = guide.run(["customer_churn_model"])
    assert model.exit_code == 0, model.output
    [artifact] = model.of("assetd.artifact")
    assert artifact["type"].endswith("LinearRegression") and artifact["library"].startswith("scikit-learn ")


def test_only_the_steps_of_the_attempt_are_built(guide):
    assert guide.run(DBT).exit_code == 0
    again = guide.run(["gold_customers"])
    assert again.ended == {"gold_customers": "succeeded"}
    assert sorted(again.checks) == ["not_null_gold_customers_customer_id", "unique_gold_customers_customer_id"]


def test_a_resource_that_nobody_supplies_is_an_error_that_says_which_and_where(guide):
    file = guide.project_dir / "definitions.py"
    file.write_text(file.read_text().replace(', "snowflake_resource"', ', "snowflake"'))
    [error] = guide.errors()
    assert "customer_churn_model" in error["message"] and "snowflake_resource" in error["message"]
    assert error["hint"] == "nearest: 'snowflake'"
    line = file.read_text().splitlines().index('@asset(deps=["gold_customers"])') + 1
    assert error["source"] == {"file": "definitions.py", "line": line, "column": 1}


def test_a_manifest_that_is_no_json_is_named(guide):
    (guide.project_dir / "target").mkdir()
    (guide.project_dir / "target" / "manifest.json").write_text('{"nodes": {},\n oops')
    [error] = guide.errors()
    assert "manifest" in error["message"] and error["source"]["file"] == "target/manifest.json" and error["source"]["line"] == 2


def test_a_failing_node_fails_the_attempt(guide):
    model = guide.project_dir / "my_dbt_project" / "models" / "gold" / "gold_customers.sql"
    model.write_text("select no_such_column from {{ ref('raw_customers') }}")
    attempt = guide.run(["raw_customers", "gold_customers"])
    assert attempt.exit_code == 1 and attempt.ended == {"raw_customers": "succeeded", "gold_customers": "failed"}
