"""The graph all figures are taken on: assets of /bin/true in layers of 100, each with 3 parents, for assetd, ninja and make."""

import json

WIDTH = 100
PARENTS = 3


def graph(count):
    """[(name, parents)], parents before children."""
    nodes = []
    for i in range(count):
        layer, place = divmod(i, WIDTH)
        parents = [f"a{(layer - 1) * WIDTH + (place + 7 * k) % WIDTH}" for k in range(PARENTS)] if layer else []
        nodes.append((f"a{i}", parents))
    return nodes


def assetd_yaml(count, slots, probe=None):
    """`probe`: a shell script for one more asset without parents, named "probe"."""
    lines = ["name: bench", f"pools: {{default: {{slots: {slots}}}}}", "assets:"]
    for name, parents in graph(count):
        deps = f", deps: [{', '.join(parents)}]" if parents else ""
        lines.append(f"  - {{key: {name}{deps}, run: {{plugin: exec, command: [/bin/true]}}}}")
    if probe:
        lines.append(f"  - {{key: probe, run: {{plugin: exec, command: [/bin/sh, -c, {json.dumps(probe)}]}}}}")
    return "\n".join(lines) + "\n"


def build_ninja(count):
    lines = ["rule t", "  command = /bin/true"]
    lines += [f"build {name}: t {' '.join(parents)}".rstrip() for name, parents in graph(count)]
    return "\n".join(lines) + "\n"


def makefile(count):
    lines = ["all: " + " ".join(name for name, _ in graph(count)), ".PHONY: all " + " ".join(name for name, _ in graph(count))]
    lines += [f"{name}: {' '.join(parents)}\n\t@/bin/true" for name, parents in graph(count)]
    return "\n".join(lines) + "\n"
