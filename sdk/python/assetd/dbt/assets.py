"""`dbt_assets`: a function that makes the nodes of a dbt project."""

import functools
import json
import os
import pathlib

from assetd.dbt.manifest import ManifestError, describe_manifest
from assetd.dbt.parse import Sources
from assetd.dbt.resource import DbtCliResource, DbtEvent
from assetd.definitions import where_of


def dbt_assets(*, manifest):
    """Declares that the decorated generator makes the models, seeds and snapshots of `manifest`: a path (relative to the file), or its parsed JSON.

    When there is no such file, the project of the module's DbtCliResource is parsed instead, again whenever its sources change.
    """

    def declare(function):
        return DbtAssets(function, manifest)

    return declare


class DbtAssets:
    def __init__(self, function, manifest):
        functools.update_wrapper(self, function)
        self.function = function
        self._manifest = manifest

    def __call__(self, *args, **kwargs):
        return self.function(*args, **kwargs)

    def describe_assets(self, definitions, request):
        """assets, checks, exposures, watch and warnings, in the shapes of `describe`."""
        resource = next((found for found in definitions.resources.values() if isinstance(found, DbtCliResource)), None)
        manifest, watch = self._read(resource, request["state_dir"])
        folder = resource.project_dir if resource else self._folder
        inside = os.path.relpath(folder, request["project_dir"])
        found = describe_manifest(manifest, folder if inside.startswith("..") else "" if inside == "." else inside, batch=self.__name__)
        for item in [*found.assets, *found.checks]:
            item["data"]["multi"] = self.__name__
        return {"assets": found.assets, "checks": found.checks, "exposures": found.exposures, "watch": watch, "warnings": found.warnings}

    def run_steps(self, context, arguments):
        """Runs the function and sends its events on; the exit code. Ends the process as dbt ended when a signal did it."""
        code, last = 0, None
        for event in self.function(**arguments) or ():
            if not isinstance(event, DbtEvent):
                raise TypeError(f"{self.__name__} yielded {event!r}: yield what .stream() gives")
            context.messages.send(event.method, **event.params)
            last = event
            failed = event.method == "assetd.attempt_failed" or event.params.get("status") in ("failed", "canceled")
            code = 1 if failed else code
        if last is None:
            raise RuntimeError(f"{self.__name__} yielded no event: it should `yield from dbt.cli([\"build\"], context=context).stream()`")
        return code

    @property
    def _folder(self):
        return os.path.dirname(os.path.abspath(where_of(self.function)[0]))

    def _read(self, resource, state_dir):
        """(manifest, files and globs to watch)."""
        if isinstance(self._manifest, dict):
            return self._manifest, []
        path = pathlib.Path(self._folder) / self._manifest
        if path.exists():
            return _load(path), [str(path)]
        if resource is None:
            message = f"the manifest {path} does not exist, and no DbtCliResource among the resources names a project to parse"
            file, line = where_of(self.function)
            raise ManifestError([{"message": message, "source": {"file": file, "line": line, "column": 1}, "hint": "run dbt parse, or add a DbtCliResource"}])
        parser = resource.parser(state_dir)
        parser.bring_up_to_date()
        return parser.manifest(), Sources(resource.project).watch()


def _load(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        source = {"file": str(path), "line": getattr(error, "lineno", 1), "column": getattr(error, "colno", 1)}
        raise ManifestError([{"message": f"the manifest is not JSON: {error}", "source": source, "hint": "write it again with dbt parse"}]) from error
