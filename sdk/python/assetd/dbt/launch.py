"""Runs dbt in this process, as its command line does, with what assetd needs added. Started as a program: launch.py [--row-counts FILE] [--sample-rows FILE N] -- DBT ARGUMENTS;
or called in a fork of a process that has a parsed manifest.

- All signals have their default dispositions: an inherited "ignore SIGINT" would make dbt run to its end.
- The first SIGINT interrupts; further ones are ignored, since a second one would cut off dbt's own way of canceling queries.
- Row counts: after a table was made, its rows are counted over dbt's own connection (DuckDB allows no other process in) and a line
  {"unique_id", "row_count"} is written to FILE, before dbt logs that the node has finished.
- Sample rows: when a data test has failed, the first N rows that its query finds are written to FILE as {"unique_id", "columns", "rows"}, before dbt logs its result.
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


class RowSampler:
    """A callback of dbt's event manager. A test's own query is asked once more, with a limit; its text is that of the query that dbt counted failures with."""

    _BEGIN, _END = "from (", ") dbt_internal_test"
    _LONGEST_CELL = 200

    def __init__(self, path, limit):
        self._file = open(path, "a", encoding="utf-8")
        self._limit = limit
        self._lock = threading.Lock()
        self._queries = {}  # by unique id, of tests that run

    def __call__(self, event):
        if event.info.name == "SQLQuery":
            unique_id = event.data.node_info.unique_id
            if unique_id.startswith("test.") and self._END in event.data.sql:
                self._queries[unique_id] = event.data.sql
        elif event.info.name == "LogTestResult":
            self._ended(event.data.node_info)

    def _ended(self, node):
        query = self._queries.pop(node.unique_id, None)
        if query is None or node.node_status not in ("fail", "warn"):
            return
        try:
            columns, rows = self._take(query[query.index(self._BEGIN) + len(self._BEGIN):query.rindex(self._END)])
        except Exception as error:  # a sample that fails must not change the test's result
            print(f"assetd: no rows could be taken of {node.unique_id}: {error}", file=sys.stderr)
            return
        with self._lock:
            self._file.write(json.dumps({"unique_id": node.unique_id, "columns": columns, "rows": rows}) + "\n")
            self._file.flush()

    def _take(self, query):
        from dbt.adapters.factory import FACTORY

        [adapter] = FACTORY.adapters.values()
        with adapter.connection_named("assetd_sample_rows"):
            _, table = adapter.execute(f"select * from ({query}) assetd_sample limit {self._limit}", fetch=True)
        return list(table.column_names), [[self._cell(value) for value in row] for row in table.rows]

    def _cell(self, value):
        if value is None or isinstance(value, bool):
            return value
        text = str(value)
        return text if len(text) <= self._LONGEST_CELL else text[:self._LONGEST_CELL] + "…"


def run(dbt_arguments, row_counts=None, manifest=None, sample_rows=None):
    """Ends as dbt does: by SystemExit, or what it raises. With `manifest` dbt does not parse. `sample_rows`: (file, how many)."""
    reset_signals()
    callbacks = [RowCounter(row_counts)] if row_counts else []
    callbacks += [RowSampler(*sample_rows)] if sample_rows else []
    from dbt.cli.main import cli

    cli.main(args=dbt_arguments, prog_name="dbt", obj={"callbacks": callbacks, "manifest": manifest})


def main(arguments):
    split = arguments.index("--")
    ours, dbt_arguments = arguments[:split], arguments[split + 1:]
    counts = ours[ours.index("--row-counts") + 1] if "--row-counts" in ours else None
    at = ours.index("--sample-rows") if "--sample-rows" in ours else None
    run(dbt_arguments, counts, sample_rows=None if at is None else (ours[at + 1], int(ours[at + 2])))


if __name__ == "__main__":
    main(sys.argv[1:])
