"""What a module declares: assets, checks and the resources that are injected into them."""

import functools
import hashlib
import inspect

from assetd.keys import is_key


class DefinitionError(Exception):
    """A declaration is wrong. `where` is (file, line) or None."""

    def __init__(self, message, where=None, hint=""):
        super().__init__(message)
        self.where = where
        self.hint = hint


class Asset:
    """One asset made by a function. Made by the decorator `asset`."""

    def __init__(self, function, key, deps, settings):
        functools.update_wrapper(self, function)
        self.function = function
        self.key = key or function.__name__
        self.deps = deps
        self.settings = settings  # what describe passes on as it is: group, kinds, owners, tags, retries, pools, uses, timeout
        self.checks = []
        if not is_key(self.key):
            raise DefinitionError(f"'{self.key}' is no asset key: parts of letters, digits, '_', '.' and '-', joined by '/'", self.where)

    def __call__(self, *args, **kwargs):
        return self.function(*args, **kwargs)

    @property
    def where(self):
        return where_of(self.function)

    @property
    def description(self):
        return self.settings.get("description") or inspect.getdoc(self.function) or ""

    @property
    def code_version(self):
        return self.settings.get("code_version") or source_hash(self.function)

    @property
    def dep_keys(self):
        return [dep["asset"] if isinstance(dep, dict) else dep for dep in self.deps]


class AssetCheck:
    """A function that judges an asset after it was made. Made by the decorator `asset_check`."""

    def __init__(self, function, name, asset_key, depends_on, severity, blocking, description):
        functools.update_wrapper(self, function)
        self.function = function
        self.name = name or function.__name__
        self.asset_key = asset_key
        self.depends_on = depends_on or [asset_key]
        self.severity = severity
        self.blocking = blocking
        self.description = description or inspect.getdoc(function) or ""

    def __call__(self, *args, **kwargs):
        return self.function(*args, **kwargs)

    @property
    def where(self):
        return where_of(self.function)


class AssetCheckResult:
    """`passed`, and what to show about it. `severity` overrides the declared one: "error" or "warn"."""

    def __init__(self, passed, severity=None, metadata=None, description=""):
        self.passed = bool(passed)
        self.severity = severity
        self.metadata = metadata or {}
        self.description = description


class MaterializeResult:
    """What an asset's function may return: `value` goes to the artifact store, `metadata` to the history, `data_version` tells equal data apart from new."""

    def __init__(self, metadata=None, value=None, data_version=None):
        self.metadata = metadata or {}
        self.value = value
        self.data_version = data_version


class Definitions:
    """All that a module defines. Give it the name `defs`."""

    def __init__(self, assets=(), resources=None, asset_checks=()):
        self.assets = list(assets)
        self.resources = dict(resources or {})
        self.asset_checks = list(asset_checks)


def asset(
    function=None, *, key=None, deps=(), description=None, group=None, kinds=(), owners=(), tags=None, code_version=None,
    retries=None, pools=None, uses=None, timeout=None, metadata=None, automation=None, partitions=None, skip_if_unchanged=None,
):
    """Declares that the decorated function makes an asset.

    `deps` are keys, assets, or {"asset": key, "on_failure": "skip" | "continue", "partitions": …}. `tags` is a list or a mapping. `retries` is a number or
    {"max": 2, "delay": "10s"}; `pools` {"cpu": 1}; `uses` {"warehouse": "read" | "write"}; `timeout` a duration such as "10m";
    `automation` the condition under which it is made by itself, such as "eager" or 'on_cron("0 6 * * *", "UTC")';
    `skip_if_unchanged=True` that it is not executed again while its code, options and input data are those of its last success.
    `partitions` says how it is divided, as in {"daily": {"start": "2026-01-01"}}: the function is called for each partition, `context.partition_key`.
    The function's parameters are `context`, names of resources, and names of dependencies whose artifact is to be loaded.
    """
    settings = {
        "description": description, "group": group, "kinds": list(kinds), "owners": list(owners), "tags": _tags(tags), "metadata": dict(metadata or {}),
        "code_version": None if code_version is None else str(code_version), "retries": {"max": retries} if isinstance(retries, int) else retries,
        "pools": pools, "uses": uses, "timeout": timeout, "automation": automation, "partitions": partitions, "skip_if_unchanged": skip_if_unchanged,
    }

    def declare(found):
        return Asset(found, key, [_dependency(dep, found) for dep in deps], settings)

    return declare(function) if function is not None else declare


def asset_check(function=None, *, asset, name=None, depends_on=(), severity="error", blocking=True, description=""):
    """Declares that the decorated function checks `asset`: it returns a bool or an AssetCheckResult."""
    if severity not in ("error", "warn"):
        raise DefinitionError(f"severity is 'error' or 'warn', not {severity!r}")
    keys = [_key_of(item) for item in depends_on]

    def declare(found):
        return AssetCheck(found, name, _key_of(asset), keys, severity, blocking and severity == "error", description)

    return declare(function) if function is not None else declare


def _dependency(dep, function):
    if isinstance(dep, dict):
        return {**dep, "asset": _key_of(dep["asset"])}
    key = _key_of(dep)
    if not isinstance(key, str):
        raise DefinitionError(f"a dependency of '{function.__name__}' is neither a key nor an asset: {dep!r}", where_of(function))
    return key


def _key_of(item):
    return getattr(item, "key", None) or item


def _tags(tags):
    if isinstance(tags, dict):
        return {str(name): "" if value is None else str(value) for name, value in tags.items()}
    return {str(name): "" for name in tags or ()}


def where_of(function):
    """(file, line) of a function's first line, its decorators included."""
    try:
        code = inspect.unwrap(function).__code__
        return code.co_filename, code.co_firstlineno
    except AttributeError:
        return None


def source_hash(function):
    try:
        text = inspect.getsource(function)
    except (OSError, TypeError):
        return ""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
