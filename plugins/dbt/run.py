"""`run`: one dbt build for the steps and checks of an attempt."""

import json
import pathlib
import signal
import sys
import traceback

from assetd.context import AttemptContext
from assetd.dbt.build import Build, exit_as, plan_of
from assetd.dbt.selection import SelectionError
from assetd.pipes import Messages, load_context
from describe import project_of


def main(warm=None):
    """`warm`: the project as the worker has it that this process was forked from."""
    messages = Messages.from_environment()
    messages.opened()
    try:
        build = prepare(AttemptContext(load_context(), messages), warm)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, lambda _number, _frame: build.interrupt())
        for method, params in build.messages():
            messages.send(method, **params)
    except SelectionError as error:
        return refuse(messages, "definition_changed", str(error))
    except Exception as error:  # whatever it is, the attempt says so
        traceback.print_exc()
        return refuse(messages, "plugin_error", f"{type(error).__name__}: {error}")
    messages.closed()
    return exit_as(build.exit_code)


def prepare(context, warm):
    config = context.import_config
    former = pathlib.Path(context.state_dir) / "target"
    path = former / "manifest.json"
    manifest = warm.described(path) if warm else json.loads(path.read_text(encoding="utf-8"))
    more_vars, full_refresh = context.options.get("vars"), bool(context.options.get("full_refresh"))
    start = warm.start if warm and not more_vars and not full_refresh else None  # else the manifest would have to be another
    return Build(
        project_of(config), plan_of(context), manifest, former, context.attempt_dir, more_vars=more_vars, full_refresh=full_refresh,
        row_counts=config.get("row_counts", True), start=start, sample_rows=config.get("sample_rows", 0))


def refuse(messages, reason, detail):
    print(f"assetd: {detail}", file=sys.stderr)
    messages.send("assetd.attempt_failed", reason=reason, detail=detail)
    messages.closed()
    return 1
