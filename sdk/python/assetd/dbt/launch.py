"""Runs dbt in this process, as its command line does, with what assetd needs added. Started as a program: launch.py [--row-counts FILE] -- DBT ARGUMENTS;
or called in a fork of a process that has a parsed manifest.

- All signals have their default dispositions: an inherited "ignore SIGINT" would make dbt run to its end.
- The first SIGINT interrupts; further ones are ignored, since a second one would cut off dbt's own way of canceling queries.
- Row counts: after a table was made, its rows are counted over dbt's own connection (DuckDB allows no other process in) and a line
  {"unique_id", "row_count"} is written to FILE, before dbt logs that the node has finished.
"""

import sys

if __name__ == "__main__":
    sys.path.pop(0)  # this folder, whose modules would hide the standard library's of the same name

import json  # noqa: E402
import signal  # noqa: E402
import threading  # noqa: E402

COUNTED = ("table", "incremental", "snapshot", "seed")
_RESULTS = {"LogModelResult", "LogSeedResult", "LogSnapshotResult"}


def reset_signals():
    for number in signal.valid_signals():
        if number not in (signal.SIGKILL, signal.SIGSTOP, signal.SIGINT):
            try:
                signal.signal(number, signal.SIG_DFL)
            except (OSError, ValueError):
                continue  # reserved by the C library
    signal.pthread_sigmask(signal.SIG_SETMASK, set())
    signal.signal(signal.SIGINT, _interrupt)


def _interrupt(_number, _frame):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


class RowCounter:
    """A callback of dbt's event manager."""

    def __init__(self, path):
        self._file = open(path, "a", encoding="utf-8")
        self._lock = threading.Lock()

    def __call__(self, event):
        if event.info.name not in _RESULTS:
            return
        node = event.data.node_info
        if node.node_status != "success" or node.materialized not in COUNTED:
            return
        try:
            rows = self._count(node.node_relation.relation_name)
        except Exception as error:  # a count that fails must not fail the model
            print(f"assetd: the rows of {node.node_relation.relation_name} could not be counted: {error}", file=sys.stderr)
            return
        with self._lock:
            self._file.write(json.dumps({"unique_id": node.unique_id, "row_count": rows}) + "\n")
            self._file.flush()

    @staticmethod
    def _count(relation):
        from dbt.adapters.factory import FACTORY

        [adapter] = FACTORY.adapters.values()
        with adapter.connection_named("assetd_row_count"):  # the node's own is closed by now
            _, table = adapter.execute(f"select count(*) from {relation}", fetch=True)
        return int(table.rows[0][0])


def run(dbt_arguments, row_counts=None, manifest=None):
    """Ends as dbt does: by SystemExit, or what it raises. With `manifest` dbt does not parse."""
    reset_signals()
    callbacks = [RowCounter(row_counts)] if row_counts else []
    from dbt.cli.main import cli

    cli.main(args=dbt_arguments, prog_name="dbt", obj={"callbacks": callbacks, "manifest": manifest})


def main(arguments):
    split = arguments.index("--")
    ours, dbt_arguments = arguments[:split], arguments[split + 1:]
    run(dbt_arguments, ours[1] if ours[:1] == ["--row-counts"] else None)


if __name__ == "__main__":
    main(sys.argv[1:])
