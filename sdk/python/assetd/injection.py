"""What a function's parameters stand for: `context`, a resource, or the artifact of a dependency."""

import difflib
import inspect

from assetd.definitions import DefinitionError, where_of
from assetd.keys import parameter_name


class Resource(dict):
    """A resource of assetd.yaml: its keys are attributes too, so `warehouse.path` and `warehouse["path"]` are the same."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the resource has no '{name}'; it has {', '.join(self) or 'nothing'}") from None


def parameters_of(function):
    """Names of the parameters that have to be supplied; those with a default only if somebody supplies them."""
    accepted = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {name: found.default is inspect.Parameter.empty for name, found in inspect.signature(function).parameters.items() if found.kind in accepted}


def artifact_names(keys, prefix=None):
    """Parameter names that stand for the artifacts of `keys`: with and without the import's key_prefix."""
    found = {parameter_name(key): key for key in keys}
    if prefix:
        found.update({parameter_name(key[len(prefix):].lstrip("/")): key for key in keys if key.startswith(prefix)})
    return found


def check(function, owner, resources, dep_keys):
    """Errors for parameters that nobody supplies. `owner` says whose they are, e.g. "asset 'x'"."""
    artifacts = artifact_names(dep_keys)
    errors = []
    for name, required in parameters_of(function).items():
        if not required or name == "context" or name in resources or name in artifacts:
            continue
        known = [*resources, *artifacts, "context"]
        nearest = difflib.get_close_matches(name, known, 1)
        hint = f"nearest: '{nearest[0]}'" if nearest else f"add it to resources= of Definitions, to resources: of assetd.yaml, or to deps=; there is {', '.join(sorted(known))}"
        errors.append(DefinitionError(f"{owner} asks for the parameter '{name}', which is no resource and no dependency", where_of(function), hint))
    return errors


def arguments(function, context, resources, artifacts):
    """Keyword arguments for a call; `artifacts` as from artifact_names. Raises what loading an artifact raises."""
    found = {}
    for name in parameters_of(function):
        if name == "context":
            found[name] = context
        elif name in resources:
            found[name] = resources[name]
        elif name in artifacts:
            found[name] = context.load_artifact(artifacts[name])
    return found


def all_resources(definitions, project_resources):
    """The project's resources (assetd.yaml) below those that the module supplies."""
    return {**{name: Resource(config) for name, config in (project_resources or {}).items()}, **definitions.resources}
