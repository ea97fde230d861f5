import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "end_to_end"))

from daemon import Daemon  # noqa: E402

PROJECT = """
name: contract
pools: {one: {slots: 1}}
external: [landing]
assets:
  - {key: lake/raw, group: lake, kinds: [exec], deps: [landing], run: {plugin: exec, command: [/bin/sh, -c, "echo raw; echo oops >&2"]}}
  - {key: broken, group: lake, deps: [lake/raw], run: {plugin: exec, command: [/bin/sh, -c, "echo breaks; exit 3"]}}
  - {key: below, deps: [broken], run: {plugin: exec, command: [/bin/true]}}
  - {key: beside, deps: [lake/raw], pools: {one: 1}, run: {plugin: exec, command: [/bin/true]}}
jobs:
  - {name: nightly, select: "+beside"}
schedules:
  - {name: nightly, job: nightly, cron: "0 2 * * *", timezone: Europe/London}
sensors:
  - {name: landing, file: {glob: "landing/*.json"}, every: 1h, paused: true, select: lake/raw}
  - {name: pushed, webhook: {secret: "${secret:HOOK}"}, select: lake/raw}
alerts:
  - {name: ops, on: [run_failed], program: [/bin/true]}
"""


@pytest.fixture(scope="session")
def daemon(tmp_path_factory):
    """A daemon on a throw-away project that has one failed run."""
    folder = tmp_path_factory.mktemp("contract")
    (folder / "assetd.yaml").write_text(PROJECT)
    daemon = Daemon(folder, env={"ASSETD_SECRET_HOOK": "a key"})
    try:
        daemon.start()
        daemon.wait(daemon.run("*"))
        yield daemon
    finally:
        daemon.clean_up()


@pytest.fixture(scope="session")
def run(daemon):
    """The id of the failed run."""
    return daemon.items("/runs")[-1]["id"]
