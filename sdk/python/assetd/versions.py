"""Which interpreter and which packages an import runs with: an upgrade of one of them is a change that no file of the project shows."""

import ast
import glob
import importlib.metadata
import os
import pathlib
import platform
import re
import sys


def versions_of_dbt(adapter, python=None):
    """dbt-core and the adapter, and the interpreter where it is this one."""
    python = python or sys.executable
    found = {name: version for name in ("dbt-core", f"dbt-{adapter}" if adapter else "") if name and (version := _installed(name, python))}
    return {**({"python": platform.python_version()} if python == sys.executable else {}), **found}


def versions_of_imports(files):
    """The interpreter, and the packages that `files` import, also within functions: heavy ones are imported where they are used."""
    of_module = importlib.metadata.packages_distributions() if hasattr(importlib.metadata, "packages_distributions") else {}
    names = sorted({_normal(package) for module in _imported(files) for package in of_module.get(module, ())} - {"assetd"})
    return {"python": platform.python_version(), **{name: version for name in names if (version := _installed(name, sys.executable))}}


def watched_packages(versions, python=None):
    """Globs of what changes when one of these packages is installed anew."""
    found = [(name, _metadata(name, python or sys.executable)) for name in versions if name != "python"]
    return [os.path.join(os.path.dirname(folder), f"{os.path.basename(folder)[:len(name)]}-*.dist-info", "METADATA") for name, folder in found if folder]


def _imported(files):
    found = set()
    for path in files:
        try:
            tree = ast.parse(pathlib.Path(path).read_bytes())
        except (OSError, SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found.update(name.name.split(".")[0] for name in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found


def _installed(name, python):
    folder = _metadata(name, python)
    return os.path.basename(folder)[len(name) + 1:-len(".dist-info")] if folder else None


def _metadata(name, python):
    """The folder that an installer left: cheaper to find than asking another interpreter. Its case and separators are the package's own."""
    pattern = "".join(f"[{letter.lower()}{letter.upper()}]" if letter.isalpha() else "[-_.]" if letter in "-_." else letter for letter in name)
    return next((path for root in _roots(python) for path in sorted(glob.glob(os.path.join(root, pattern + "-[0-9]*.dist-info")))), None)


def _roots(python):
    if python == sys.executable:
        return [entry for entry in sys.path if entry.rstrip("/").endswith("-packages")]
    return sorted(glob.glob(str(pathlib.Path(python).parent.parent / "lib*" / "python*" / "site-packages")))


def _normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()
