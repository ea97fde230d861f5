"""`serve`: a process that has parsed the project is forked for each attempt."""

import os
import pathlib

from assetd import serve as server
from assetd.dbt.warm import ParsedProject
from assetd.loaded_files import LoadedFiles, Recording
from describe import project_of

_parsed = None


def serve():
    """Returns in each step: the parsed project."""
    server.serve(_prepare)
    return _parsed


def _prepare(load):
    global _parsed
    os.chdir(load["project_dir"])
    recording = Recording()  # not switched on: what dbt reads is told apart by content, not by time
    _parsed = ParsedProject(project_of(load["import"]), pathlib.Path(load["state_dir"]) / "target")
    files = LoadedFiles(recording)
    return lambda: files() or _parsed.is_stale()
