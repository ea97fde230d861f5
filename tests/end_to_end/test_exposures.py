"""Exposures: whom outside a failure concerns, as assetd.yaml and dbt say."""

import os

import pytest
from daemon import ROOT
from projects import project, shell

HEAD = """exposures:
  - {name: board, type: dashboard, owner: "team:growth", url: "https://bi.example/board", description: The board's figures, depends_on: [top]}
  - {name: notebook, depends_on: [raw]}
  - {name: elsewhere, depends_on: [alone]}
"""
CHAIN = (shell("raw", "true"), shell("mid", "true", ["raw"]), shell("top", "true", ["mid"]), shell("alone", "true"))

DBT_PROJECT = {
    "dbt/dbt_project.yml": "name: tiny\nversion: '1.0'\nprofile: tiny\nmodel-paths: [models]\n",
    "dbt/profiles.yml": "tiny:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: ':memory:'}\n",
    "dbt/models/customers.sql": "select 1 as id\n",
    "dbt/models/spend.sql": "select id from {{ ref('slim') }}\n",
    "dbt/models/slim.sql": "{{ config(materialized='ephemeral') }} select id from {{ ref('customers') }}\n",
    "dbt/models/exposures.yml": """version: 2
exposures:
  - name: weekly_spend
    label: Weekly spend
    type: dashboard
    url: https://bi.example/spend
    description: What customers spend
    owner: {name: Ada, email: ada@example.com}
    depends_on: [ref('spend')]
  - name: raw_look
    type: notebook
    owner: {email: bob@example.com}
    depends_on: [ref('slim')]
""",
    "assetd.yaml": "name: tiny\nimports:\n  - {plugin: dbt, name: tiny, project_dir: dbt, profiles_dir: dbt, python: .venv/bin/python, key_prefix: lake}\n",
}


def exposures(daemon, key):
    return {one["name"]: one for one in daemon.get(f"/assets/{key}/impact")["exposures"]}


def test_impact_names_what_people_see_of_it(start):
    daemon = start(project(*CHAIN, head=HEAD))
    assert set(exposures(daemon, "raw")) == {"board", "notebook"} and set(exposures(daemon, "top")) == {"board"}
    board = exposures(daemon, "mid")["board"]
    assert (board["type"], board["owner"], board["url"], board["depends_on"]) == ("dashboard", "team:growth", "https://bi.example/board", ["top"])
    assert board["import"] is None and board["source"]["file"] == "assetd.yaml"
    assert exposures(daemon, "raw")["notebook"]["owner"] is None
    shown = daemon.ctl("impact", "mid").stdout
    assert "exposure        board (dashboard), team:growth, https://bi.example/board" in shown and "notebook" not in shown
    daemon.stop()
    daemon.start()
    assert set(exposures(daemon, "raw")) == {"board", "notebook"}, "read from the compiled version"


def test_what_it_is_made_from_must_be_there(make_daemon):
    daemon = make_daemon(project(*CHAIN, head=HEAD.replace("[top]", "[topp]").replace("{name: notebook,", "{name: notebook, colour: red,")))
    said = daemon.ctl("validate", "--project", str(daemon.project))
    assert said.returncode != 0
    told = said.stdout + said.stderr
    assert "topp" in told and "top" in told and "colour" in told and "assetd.yaml:4" in told and "assetd.yaml:5" in told


def test_a_change_of_an_exposure_is_planned(start):
    daemon = start(project(*CHAIN, head="definitions: {apply: manual}\n" + HEAD))
    (daemon.project / "assetd.yaml").write_text(project(*CHAIN, head="definitions: {apply: manual}\n" + HEAD.replace("team:growth", "team:sales")))
    change, = daemon.post("/definitions/plan")["changes"]
    assert (change["kind"], change["name"], change["action"]) == ("exposure", "board", "changed")
    assert change["fields"] == [{"field": "owner", "before": "team:growth", "after": "team:sales"}]


@pytest.mark.slow
def test_dbt_s_exposures_come_with_its_import(make_daemon, tmp_path):
    folder = tmp_path / "tiny"
    for name, text in DBT_PROJECT.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    os.symlink(ROOT / "examples" / "shop" / ".venv", folder / ".venv")
    daemon = make_daemon(folder).start(seconds=600)
    found = exposures(daemon, "lake:customers")
    assert set(found) == {"Weekly spend", "raw_look"}
    spend = found["Weekly spend"]
    assert (spend["type"], spend["owner"], spend["url"], spend["depends_on"], spend["import"]) == ("dashboard", "Ada <ada@example.com>", "https://bi.example/spend", ["lake/spend"], "tiny")
    assert spend["source"]["file"] == "dbt/models/exposures.yml"
    assert found["raw_look"]["depends_on"] == ["lake/customers"], "ephemeral models are passed through"
    assert set(exposures(daemon, "lake:spend")) == {"Weekly spend"}
    assert "exposure        Weekly spend (dashboard), Ada <ada@example.com>, https://bi.example/spend" in daemon.ctl("impact", "lake/spend").stdout
