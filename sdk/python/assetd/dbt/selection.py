"""Selects exactly the given nodes in dbt's syntax: nothing more than what was planned may run."""

BUILT = ("model", "seed", "snapshot", "test", "unit_test")


class SelectionError(Exception):
    """A node that was planned is not in the project any more."""


def select(manifest, unique_ids):
    """dbt arguments that select exactly `unique_ids` (of assets and tests) out of `manifest`."""
    nodes, asked = _nodes(manifest), set(unique_ids)
    missing = sorted(asked - set(nodes))
    if missing:
        raise SelectionError(f"not in the dbt project any more: {', '.join(missing[:5])}; reload the definitions")
    wanted = [nodes[unique_id] for unique_id in unique_ids]
    others = [node for unique_id, node in nodes.items() if unique_id not in asked]
    if not others:
        return []
    arguments = ["--indirect-selection", "empty"]
    if not any(node["resource_type"] == "unit_test" for node in wanted):
        arguments += ["--exclude-resource-type", "unit_test"]  # unit tests run with their model even under `empty`
        others = [node for node in others if node["resource_type"] != "unit_test"]
    arguments += ["--select", *map(_selector, wanted)]
    unwanted = _also_matched(wanted, others)
    return arguments + (["--exclude", *map(_selector, unwanted)] if unwanted else [])


def _nodes(manifest):
    """All that `dbt build` could build, by unique id; ephemeral models only take part in others."""
    found = {**manifest["nodes"], **(manifest.get("unit_tests") or {})}
    return {
        unique_id: node for unique_id, node in found.items()
        if node["resource_type"] in BUILT and (node.get("config") or {}).get("materialized") != "ephemeral"
    }


def _fqn(node):
    return ".".join(node["fqn"])


def _selector(node):
    return f"fqn:{_fqn(node)},resource_type:{node['resource_type']}"


def _also_matched(wanted, others):
    """dbt takes an FQN for a folder too: `pkg.marts` is the model marts.sql and all models below marts/; and models bring their unit tests.

    What is matched so and not wanted is excluded by its own, longer FQN.
    """
    names = {}
    for node in wanted:
        names.setdefault(node["resource_type"], set()).add(_fqn(node))

    def matched(node):
        kind = "model" if node["resource_type"] == "unit_test" else node["resource_type"]
        return any(".".join(node["fqn"][:end]) in names.get(kind, ()) for end in range(1, len(node["fqn"]) + 1))

    return [node for node in others if matched(node)]
