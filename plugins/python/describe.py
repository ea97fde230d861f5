"""`describe`: the functions of a module as assets and checks."""

import hashlib
import os
import traceback

import modules
from assetd import injection, own_sources
from assetd.versions import versions_of_imports, watched_packages
from assetd.definitions import Asset, DefinitionError


def describe(request):
    """(answer, None) or (None, failure), in the shapes of docs/plugins.md."""
    config, project_dir = request["import"], request["project_dir"]
    try:
        module = modules.import_module(config, project_dir)
        definitions = modules.definitions_of(module)
        return _describe(definitions, request), None
    except Exception as error:  # the module is the user's: whatever it raises is an error of the definitions
        errors = [place(found, project_dir) for found in _errors(error, config)]
        return None, {"errors": errors, "watch": modules.files_and_places(project_dir, config) + own_sources()}


class SeveralErrors(Exception):
    def __init__(self, errors):
        super().__init__("; ".join(map(str, errors)))
        self.errors = errors


def _errors(error, config):
    if isinstance(error, SeveralErrors):
        return error.errors
    if isinstance(error, DefinitionError):
        return [error]
    if hasattr(error, "errors"):  # ManifestError, of dbt_assets
        return error.errors
    name = config.get("module") or config.get("file")
    return [DefinitionError(f"{name} cannot be imported: {type(error).__name__}: {error}", _last_own_frame(error), _hint(error))]


def _hint(error):
    if isinstance(error, ModuleNotFoundError):
        return f"install '{error.name}' into the environment that python: names, or correct module: and working_dir:"
    return ""


def _last_own_frame(error):
    """Where the user's code stood: the innermost frame that is neither an installed package nor this plugin."""
    if isinstance(error, SyntaxError) and error.filename:
        return error.filename, error.lineno or 1
    here = os.path.dirname(os.path.abspath(__file__))
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if os.path.exists(frame.filename)]
    own = [frame for frame in frames if "site-packages" not in frame.filename and not frame.filename.startswith(here) and "importlib" not in frame.filename]
    return (own[-1].filename, own[-1].lineno) if own else None


def place(error, project_dir):
    """An error in the shape of the protocol, its file relative to the project."""
    if isinstance(error, dict):
        found = dict(error)
        if "source" in found:
            found["source"] = {**found["source"], "file": _relative(found["source"]["file"], project_dir)}
        return found
    found = {"message": str(error)}
    if error.hint:
        found["hint"] = error.hint
    if error.where:
        found["source"] = {"file": _relative(error.where[0], project_dir), "line": error.where[1], "column": 1}
    return found


def _relative(path, project_dir):
    found = os.path.relpath(os.path.realpath(path), os.path.realpath(project_dir))
    return path if found.startswith("..") else found


def _describe(definitions, request):
    config, project_dir = request["import"], request["project_dir"]
    resources = injection.all_resources(definitions, request.get("resources"))
    assets, checks, exposures, watch, warnings, errors = [], [], [], [], [], []
    for found in definitions.assets:
        if isinstance(found, Asset):
            assets.append(_asset(found, project_dir))
            errors += injection.check(found.function, f"the asset '{found.key}'", resources, found.dep_keys)
        elif modules.is_multi(found):
            described = found.describe_assets(definitions, request)
            assets += described["assets"]
            checks += described["checks"]
            exposures += described.get("exposures", [])
            watch += described.get("watch", [])
            warnings += described.get("warnings", [])
            errors += injection.check(found.function, f"the assets of '{found.__name__}'", resources, [])
        else:
            errors.append(DefinitionError(f"assets= of Definitions holds {found!r}, which is no asset", hint="decorate the function with @asset"))
    for check in definitions.asset_checks:
        checks.append(_check(check, project_dir))
        errors += injection.check(check.function, f"the check '{check.name}'", resources, [check.asset_key])
    errors += _missing_homes(definitions, assets)
    if errors:
        raise SeveralErrors(errors)
    files = modules.own_files(project_dir, config)
    versions = versions_of_imports(files)
    return {
        "protocol": 1, "name": config.get("name") or config.get("module") or os.path.splitext(os.path.basename(config["file"]))[0],
        "assets": assets, "checks": checks, "exposures": exposures, "jobs": [], "schedules": [], "watch": files + watch + own_sources() + watched_packages(versions),
        "fingerprint": _hash_of(files, assets, checks), "warnings": warnings, "versions": versions,
    }


def _missing_homes(definitions, assets):
    known = {asset["key"] for asset in assets}
    return [DefinitionError(f"the check '{check.name}' checks '{check.asset_key}', which this module does not define", check.where)
            for check in definitions.asset_checks if check.asset_key not in known]


def _asset(found, project_dir):
    file, line = found.where
    source = {"file": _relative(file, project_dir), "line": line, "column": 1}
    optional = {name: found.settings[name] for name in ("group", "retries", "pools", "uses", "timeout", "automation", "partitions") if found.settings.get(name)}
    if found.settings.get("skip_if_unchanged") is not None:
        optional["skip_if_unchanged"] = bool(found.settings["skip_if_unchanged"])
    return {
        "key": found.key, "description": found.description, "deps": list(found.deps), "kinds": found.settings["kinds"] or ["python"],
        "owners": found.settings["owners"], "tags": found.settings["tags"], "code_version": found.code_version, "external": False,
        "metadata": found.settings["metadata"], "source": source, "data": {"asset": found.key}, **optional,
    }


def _check(found, project_dir):
    file, line = found.where
    return {
        "name": found.name, "home": found.asset_key, "depends_on": found.depends_on, "severity": found.severity, "blocking": found.blocking,
        "description": found.description, "source": {"file": _relative(file, project_dir), "line": line, "column": 1}, "data": {"check": found.name, "asset": found.asset_key},
    }


def _hash_of(files, assets, checks):
    digest = hashlib.sha256(repr((assets, checks)).encode())
    for path in files:
        with open(path, "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()
