"""describe, with real dbt, on the zoo and on broken projects."""

import json

import pytest

from assetd.dbt.invocation import Project
from assetd.dbt.manifest import ManifestError
from assetd.dbt.parse import Parser


def check_named(owner, name):
    [found] = [check for check in owner.described["checks"] if check["name"] == name]
    return found


def test_keys_are_aliases_and_meta_wins(described):
    made = {key for key, asset in described.assets.items() if not asset["external"]}
    assert made == {"animals", "leg_count", "dim_v1", "dim_v2", "zoo/marts", "nested", "kept", "animals_history"}


def test_what_an_alias_was_before_its_characters_were_replaced_is_kept(described):
    assert described.assets["leg_count"]["metadata"]["original_name"] == "leg count"
    assert "original_name" not in described.assets["nested"]["metadata"]


def test_sources_are_external_and_their_names_are_made_fit(described):
    external = {key for key, asset in described.assets.items() if asset["external"]}
    assert external == {"GA4_Hits/events__", "people/keepers"}
    assert described.assets["GA4_Hits/events__"]["metadata"]["original_name"] == "GA4 Hits/events_*"


def test_a_source_is_of_the_kind_source(described):
    assert {key for key, asset in described.assets.items() if asset["kinds"] == ["source"]} == {"GA4_Hits/events__", "people/keepers"}


def test_ephemeral_models_are_passed_through(described):
    assert described.assets["leg_count"]["deps"] == ["animals"]
    assert described.assets["kept"]["deps"] == ["people/keepers", "animals"]


def test_group_owner_tags_and_place(described):
    legs = described.assets["leg_count"]
    assert (legs["group"], legs["owners"], legs["tags"]) == ("anatomy", ["zoo@example.org"], {"anatomy": "", "domain": "body"})
    assert legs["automation"] == "eager"
    assert legs["description"] == "How many animals have how many legs."
    assert legs["source"] == {"file": "models/marts/legs.sql", "line": 1, "column": 1}
    assert described.assets["nested"]["group"] == "marts"


def test_a_model_may_have_its_row_count_judged_by_the_daemon(zoo):
    file = zoo.folder / "models" / "marts" / "models.yml"
    checks = "checks: [{name: rows_as_usual, anomaly: {metric: row_count, sigma: 4}, severity: warn}, {name: no_rule}]"
    file.write_text(file.read_text().replace("automation: eager}}", "automation: eager, " + checks + "}}"))
    owner = zoo.imported()
    check = check_named(owner, "rows_as_usual")
    assert (check["home"], check["anomaly"], check["severity"], check["blocking"]) == ("leg_count", {"metric": "row_count", "sigma": 4}, "warn", False)
    assert not [each for each in owner.described["checks"] if each["name"] == "no_rule"]
    assert any("no_rule" in warning["message"] for warning in owner.described["warnings"])


def test_all_assets_may_share_a_process_and_carry_what_run_needs(described):
    assert {asset["batch"] for asset in described.assets.values() if not asset["external"]} == {"build"}
    assert described.assets["dim_v2"]["data"]["unique_id"] == "model.zoo.dim.v2"


def test_the_code_version_follows_the_code(zoo):
    before = zoo.imported().assets
    file = zoo.folder / "models" / "marts" / "kept.sql"
    file.write_text(file.read_text() + "\n-- changed\n")
    after = zoo.imported().assets
    assert {key for key in after if before[key].get("code_version") != after[key].get("code_version")} == {"kept"}


def test_a_checks_home_is_the_attached_node(described):
    relation = check_named(described, "relationships_kept_animal_id__animal_id__ref_animals_")
    assert relation["home"] == "kept" and sorted(relation["depends_on"]) == ["animals", "kept"]


def test_else_the_parent_furthest_downstream(described):
    assert check_named(described, "as_many_as_seeded")["home"] == "dim_v2"


def test_a_sources_test_is_at_home_with_the_source(described):
    assert check_named(described, "source_not_null_keepers_keepers_keeper_id")["home"] == "people/keepers"


def test_errors_block_and_warnings_do_not(described):
    assert (check_named(described, "even_legs")["severity"], check_named(described, "even_legs")["blocking"]) == ("warn", False)
    assert (check_named(described, "not_null_legs_legs")["severity"], check_named(described, "not_null_legs_legs")["blocking"]) == ("error", True)


def test_a_unit_test_depends_on_its_model_alone(described):
    unit = check_named(described, "marts_keeps_ids")
    assert (unit["home"], unit["depends_on"], unit["blocking"]) == ("zoo/marts", ["zoo/marts"], True)


def test_every_dep_and_home_is_defined(described):
    keys = set(described.assets)
    assert all(set(asset["deps"]) <= keys for asset in described.assets.values())
    assert all({check["home"], *check["depends_on"]} <= keys for check in described.described["checks"])


def test_select_leaves_the_rest_outside(zoo):
    found = zoo.imported(select="legs kept", exclude="kept")
    assert {key: asset["external"] for key, asset in found.assets.items()} == {"leg_count": False, "animals": True}


def test_exposures_name_whom_it_concerns(zoo):
    (zoo.folder / "models" / "exposures.yml").write_text("""version: 2
exposures:
  - {name: board, label: Leg board, type: dashboard, url: "https://bi.example/legs", owner: {name: Ada, email: ada@example.org}, depends_on: ["ref('legs')", "source('keepers', 'keepers')"]}
  - {name: book, type: notebook, owner: {email: bob@example.org}, depends_on: ["ref('kept')"]}
""")
    board, book = sorted(zoo.imported().described["exposures"], key=lambda each: each["name"])
    assert (board["name"], board["type"], board["owner"], board["url"]) == ("Leg board", "dashboard", "Ada <ada@example.org>", "https://bi.example/legs")
    assert sorted(board["depends_on"]) == ["leg_count", "people/keepers"] and board["source"]["file"] == "models/exposures.yml"
    assert (book["owner"], book["depends_on"]) == ("bob@example.org", ["kept"])
    selected = zoo.imported(select="legs").described["exposures"]
    assert [each["depends_on"] for each in selected] == [["leg_count"]], "what the import does not have is left out"


def test_the_versions_of_dbt_and_its_adapter_are_told(described):
    versions = described.described["versions"]
    assert set(versions) == {"python", "dbt-core", "dbt-duckdb"} and all(version[0].isdigit() for version in versions.values())
    assert any("dbt_core-*.dist-info" in pattern for pattern in described.described["watch"]), "an upgrade has it described anew"


def parse_time(owner):
    return (owner.state_dir / "target" / "manifest.json").stat().st_mtime_ns


def test_dbt_parses_again_only_when_something_it_reads_has_changed(zoo):
    owner = zoo.imported()
    first, fingerprint = parse_time(owner), owner.described["fingerprint"]
    file = zoo.folder / "models" / "marts" / "kept.sql"
    text = file.read_text()
    file.write_text(text)  # another time of modification, the same content
    owner.describe()
    assert (parse_time(owner), owner.described["fingerprint"]) == (first, fingerprint)
    owner.env["UNRELATED"] = "x"
    owner.describe()
    assert parse_time(owner) == first
    owner.env["ZOO_DB"] = str(zoo.folder / "other.duckdb")  # used by profiles.yml
    owner.describe()
    assert parse_time(owner) > first
    file.unlink()
    (zoo.folder / "models" / "marts" / "models.yml").write_text((zoo.folder / "models" / "marts" / "models.yml").read_text().split("  - name: kept")[0])
    owner.describe()
    assert "kept" not in owner.assets


def test_a_damaged_manifest_is_an_error_that_says_what_to_do(zoo):
    owner = zoo.imported()
    (owner.state_dir / "target" / "manifest.json").write_text('{"nodes": ')
    [error] = owner.errors()
    assert "manifest.json is not readable" in error["message"] and "delete" in error["hint"]


def test_local_packages_are_installed_when_their_list_changed(zoo):
    package = zoo.folder.parent / "shared"
    (package / "models").mkdir(parents=True)
    (package / "dbt_project.yml").write_text("name: shared\nversion: '1.0'\nconfig-version: 2\n")
    (package / "models" / "from_package.sql").write_text("select 1 as x")
    (zoo.folder / "packages.yml").write_text("packages:\n  - local: ../shared\n")
    found = zoo.imported().assets["from_package"]
    assert found["metadata"]["package"] == "shared"
    assert found["source"]["file"] == "dbt_packages/shared/models/from_package.sql"


def test_packages_of_a_project_that_does_not_parse_are_installed_once(tmp_path, monkeypatch):
    for name in ("dbt_project.yml", "packages.yml"):
        (tmp_path / name).write_text("")
    called = []

    def call(_, command, *rest):
        called.append(command[0])
        if command == ["parse"]:
            raise ManifestError([{"message": "a slip"}])
        (tmp_path / "dbt_packages").mkdir()

    monkeypatch.setattr(Parser, "_call", call)
    for _ in range(2):
        with pytest.raises(ManifestError):
            Parser(Project(tmp_path), tmp_path / "state").bring_up_to_date()
    assert called == ["deps", "parse", "parse"]


@pytest.mark.parametrize("break_it, expected, file", [
    (lambda zoo: (zoo.folder / "models/marts/kept.sql").write_text("select * from {{ ref('animal') }}"), "animal", "models/marts/kept.sql"),
    (lambda zoo: (zoo.folder / "models/marts/kept.sql").write_text("select {% if %} 1"), "kept", "models/marts/kept.sql"),
    (lambda zoo: (zoo.folder / "models/marts/models.yml").write_text("version: 2\nmodels:\n  - name: [\n"), "models.yml", "models/marts/models.yml"),
    (lambda zoo: (zoo.folder / "dbt_project.yml").unlink(), "dbt_project.yml", None),
])
def test_a_broken_project_names_the_place(zoo, break_it, expected, file):
    break_it(zoo)
    owner = zoo.undescribed()
    failure = owner.failure()
    [error] = failure["errors"]
    assert expected in error["message"]
    assert error.get("source", {}).get("file") == file
    assert {str(zoo.folder / name) for name in ("models/**", "dbt_project.yml", "profiles.yml")} <= set(failure["watch"]), "what it may be mended with"


def test_a_missing_environment_variable_is_named_with_what_to_do(zoo):
    owner = zoo.undescribed(env={})
    [error] = owner.errors()
    assert "ZOO_DB" in error["message"] and "inherit_env" in error["hint"]


def test_a_missing_profile_is_named_with_what_to_do(zoo):
    (zoo.folder / "profiles.yml").write_text("other: {target: dev, outputs: {dev: {type: duckdb}}}\n")
    owner = zoo.undescribed(env={})
    [error] = owner.errors()
    assert "zoo" in error["message"] and "profiles_dir" in error["hint"]


def test_an_unknown_target_is_named(zoo):
    owner = zoo.undescribed(target="prd")
    [error] = owner.errors()
    assert "prd" in error["message"] and "target" in error["hint"]


def test_two_nodes_of_one_key_are_refused_with_a_way_out(zoo):
    file = zoo.folder / "models" / "marts" / "models.yml"
    file.write_text(file.read_text().replace("asset_key: zoo/marts", "asset_key: kept"))
    owner = zoo.undescribed()
    [error] = owner.errors()
    assert "model.zoo.kept" in error["message"] and "model.zoo.marts" in error["message"] and "key_prefix" in error["hint"]


def test_a_key_in_meta_that_is_none_is_refused(zoo):
    file = zoo.folder / "models" / "marts" / "models.yml"
    file.write_text(file.read_text().replace("asset_key: zoo/marts", "asset_key: 'no key!'"))
    owner = zoo.undescribed()
    [error] = owner.errors()
    assert "no key!" in error["message"] and error["source"]["file"] == "models/marts/marts.sql"


@pytest.mark.parametrize("verb", ["dance", "validate"])
def test_a_wrong_verb_is_wrong_usage(described, verb):
    assert described.call(verb).returncode == 2


def test_the_shop_is_described_as_its_readme_says(shop):
    shop.dbt.describe()
    assets = shop.dbt.assets
    assert {key: asset["group"] for key, asset in assets.items() if not asset["external"]} == {
        "plans": "bronze", "bronze_stripe__events": "bronze", "stg_stripe__charges": "silver", "stg_stripe__customers": "silver",
        "stg_stripe__subscriptions": "silver", "gold_customers": "gold", "gold_revenue_daily": "gold"}
    assert assets["raw_stripe_events"]["external"] and assets["bronze_stripe__events"]["deps"] == ["raw_stripe_events"]
    assert json.dumps(assets["gold_customers"]["owners"]) == '["team:growth"]'
