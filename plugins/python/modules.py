"""Imports the module that an import or a run: block names, and finds what it defines."""

import importlib
import importlib.util
import os
import sys

from assetd.definitions import Asset, AssetCheck, Definitions


_imported = {}  # (file or name, folder) → the module: a preloaded one is not imported a second time


def import_module(config, project_dir):
    """The module named by `module` or `file`. Its folder comes first on sys.path, and is the working directory."""
    file, folder = _places(config, project_dir)
    known = (file or config["module"], folder)
    if known in _imported:
        os.chdir(folder)
    else:
        _imported[known] = _import(config, file, folder)
    return _imported[known]


def _places(config, project_dir):
    file = os.path.join(project_dir, config["file"]) if config.get("file") else None
    return file, os.path.join(project_dir, config.get("working_dir") or (os.path.dirname(file) if file else ""))


def _import(config, file, folder):
    sys.dont_write_bytecode = True  # an edit within the same second and of the same length would go unnoticed
    sys.path.insert(0, folder)
    os.chdir(folder)
    if not file:
        return importlib.import_module(config["module"])
    name = os.path.splitext(os.path.basename(file))[0]
    spec = importlib.util.spec_from_file_location(name, file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def definitions_of(module):
    """`defs` when it is there, else all assets and checks that stand in the module."""
    found = getattr(module, "defs", None)
    if isinstance(found, Definitions):
        return found
    values = list(dict.fromkeys(value for value in vars(module).values() if isinstance(value, (Asset, AssetCheck)) or is_multi(value)))
    return Definitions([value for value in values if not isinstance(value, AssetCheck)], asset_checks=[value for value in values if isinstance(value, AssetCheck)])


def is_multi(value):
    """Makes several assets in one process, such as dbt_assets."""
    return callable(getattr(value, "describe_assets", None)) and callable(getattr(value, "run_steps", None))


def files_and_places(project_dir, config):
    """Of a module that cannot be imported: what was, and globs of where what is amiss or missing stands."""
    file, folder = _places(config, project_dir)
    package = [] if file else [os.path.join(folder, config["module"].split(".")[0], "**", "*.py")]
    return own_files(project_dir, config) + [os.path.join(folder, "*.py"), *package]


def own_files(project_dir, config):
    """Files of the imported modules that belong to the project: not the standard library, not installed packages."""
    roots = [os.path.realpath(project_dir), os.path.realpath(config.get("working_dir") or os.path.dirname(config.get("file") or "") or project_dir)]
    found = set()
    for module in list(sys.modules.values()):
        path = os.path.realpath(getattr(module, "__file__", None) or "/")
        inside = any(path.startswith(root + os.sep) for root in roots)
        if inside and "site-packages" not in path and f"{os.sep}plugins{os.sep}python{os.sep}" not in path:
            found.add(path)
    return sorted(found)
