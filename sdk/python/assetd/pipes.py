"""The Dagster Pipes format, as far as a program needs it: a context comes in, messages go out. Standard library only.

Parameters stand in the environment as base64(zlib(JSON)).
"""

import base64
import json
import math
import os
import threading
import zlib

VERSION_FIELD = "__dagster_pipes_version"
VERSION = "0.1"
CONTEXT = "DAGSTER_PIPES_CONTEXT"
MESSAGES = "DAGSTER_PIPES_MESSAGES"


class PipesError(Exception):
    """The environment holds no usable Pipes parameters."""


def encode(params):
    return base64.b64encode(zlib.compress(json.dumps(params).encode())).decode()


def decode(text):
    return json.loads(zlib.decompress(base64.b64decode(text)))


def load_context(environ=os.environ):
    """The Pipes context as a dict (asset_keys, run_id, extras, …)."""
    params = _params(environ, CONTEXT)
    if "data" in params:
        return params["data"]
    with open(params["path"], encoding="utf-8") as file:
        return json.load(file)


def _params(environ, name):
    if name not in environ:
        raise PipesError(f"{name} is not set: this program is started by assetd as a step, not by hand")
    try:
        return decode(environ[name])
    except Exception as error:
        raise PipesError(f"{name} is not base64 of zlib of JSON: {error}") from error


class Messages:
    """Appends messages to the file that the daemon reads. One write per line, so that lines of several threads or processes never mix."""

    def __init__(self, path):
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._lock = threading.Lock()

    @classmethod
    def from_environment(cls, environ=os.environ):
        return cls(_params(environ, MESSAGES)["path"])

    def send(self, method, *, partition=None, **params):
        if partition is not None:
            params["partition"] = partition
        line = json.dumps({VERSION_FIELD: VERSION, "method": method, "params": plain(params)}, allow_nan=False)
        data = line.encode() + b"\n"
        with self._lock:
            while data:
                data = data[os.write(self._file, data):]

    def opened(self):
        self.send("opened", extras={})

    def closed(self, error=None):
        params = {"exception": exception_of(error)} if error is not None else {}
        self.send("closed", **params)
        os.close(self._file)


def plain(value):
    """`value` as JSON can carry it: numbers of NumPy become Python's, infinite ones and unknown objects become text."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(item) for item in value]
    return plain(value.item()) if callable(getattr(value, "item", None)) and getattr(value, "ndim", None) == 0 else str(value)


def exception_of(error):
    """An exception in the shape of Pipes: message, stack, name, cause, context."""
    import traceback

    def shape(found):
        if found is None:
            return None
        return {
            "message": "".join(found.format_exception_only()).strip(), "stack": found.stack.format(),
            "name": found.exc_type.__name__ if found.exc_type else None, "cause": shape(found.__cause__), "context": shape(found.__context__),
        }

    return shape(traceback.TracebackException.from_exception(error))
