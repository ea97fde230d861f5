"""`describe`: the dbt project as assets and checks."""

import os

from assetd import own_sources
from assetd.dbt.invocation import Project
from assetd.dbt.manifest import describe_manifest
from assetd.dbt.parse import Parser, Sources
from assetd.versions import versions_of_dbt, watched_packages


def project_of(config):
    names = ("project_dir", "profiles_dir", "profile", "target", "vars", "threads")
    return Project(**{name: config[name] for name in names if config.get(name) is not None})


def describe(request):
    config = request["import"]
    project = project_of(config)
    parser = Parser(project, request["state_dir"], config.get("deps") or "auto", config.get("select"), config.get("exclude"))
    fingerprint = parser.bring_up_to_date()
    manifest = parser.manifest()
    versions = versions_of_dbt(manifest["metadata"].get("adapter_type"), project.python)
    found = describe_manifest(manifest, relative(project.project_dir, request["project_dir"]), parser.selected())
    return {
        "protocol": 1, "name": config.get("name") or manifest["metadata"].get("project_name") or "dbt", "assets": found.assets, "checks": found.checks,
        "exposures": found.exposures, "jobs": [], "schedules": [], "watch": Sources(project).watch() + own_sources() + watched_packages(versions, project.python),
        "fingerprint": fingerprint, "warnings": found.warnings, "versions": versions,
    }


def files_and_places(request):
    """Of a project that cannot be described: its files, and where what is missing may come to stand."""
    return Sources(project_of(request["import"])).places() + own_sources()


def relative(path, folder):
    """`path` relative to `folder` where it lies within it."""
    found = os.path.relpath(path, folder)
    return path if found.startswith("..") else found


def relative_errors(errors, folder):
    for error in errors:
        if "source" in error:
            error["source"]["file"] = relative(os.path.join(folder, error["source"]["file"]), folder)
    return errors
