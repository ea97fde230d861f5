"""A worker whose steps execute the Python code in the variable CODE, once it is told to `serve`; told to `run`, it is the same step, cold.
What it is to load is {"folder", "refuse", "hang"}: where it leaves a line when it has loaded, and how it misbehaves."""

import os
import pathlib
import select
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "sdk" / "python"))

from assetd.serve import Unsuitable, serve  # noqa: E402

LOADED = []


def prepare(load):
    if load.get("refuse"):
        raise Unsuitable("the test says so")
    if load.get("hang"):
        signal.pause()
    version = pathlib.Path(load["folder"]) / "version"
    LOADED.append(version.read_text() if version.exists() else "")
    with open(f"{load['folder']}/loads", "a", encoding="utf-8") as file:
        file.write(f"{os.getpid()}\n")
    return lambda: (version.read_text() if version.exists() else "") != LOADED[0]


def wait_until(condition):
    """Looks at it every 10 ms, for the first time after as much."""
    while True:
        select.select([], [], [], 0.01)
        if condition():
            return


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve(prepare)
    exec(os.environ["CODE"])
