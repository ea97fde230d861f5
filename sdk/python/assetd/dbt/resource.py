"""`DbtCliResource`: a dbt project, and dbt commands on it whose events are yielded as nodes end."""

import os
import pathlib
import signal
import sys
import threading

from assetd.dbt.build import Build, plan_of
from assetd.dbt.invocation import Project
from assetd.dbt.parse import Parser

_OWN_OPTIONS = ("--select", "-s", "--models", "-m", "--selector", "--exclude", "--target-path", "--log-path", "--project-dir")


class DbtError(Exception):
    """dbt ended in another way than its nodes' outcomes explain."""


class DbtEvent:
    """Something that became of a node: `method` and `params` as in docs/plugins.md, such as assetd.step_ended."""

    def __init__(self, method, params):
        self.method, self.params = method, params

    def __repr__(self):
        key = self.params.get("asset_key", "")
        return f"DbtEvent({self.method} {key} {self.params.get('status', '')})".replace(" )", ")")


class DbtCliResource:
    """A relative `project_dir` is taken from the folder of the file that makes the resource."""

    def __init__(self, project_dir, profiles_dir=None, target=None, profile=None, vars=None, threads=None, row_counts=True):
        folder = os.path.dirname(os.path.abspath(sys._getframe(1).f_code.co_filename))
        self.project_dir = os.path.join(folder, str(project_dir))
        profiles_dir = os.path.join(folder, str(profiles_dir)) if profiles_dir else None
        self._row_counts = row_counts
        self.project = Project(self.project_dir, profiles_dir, profile, target, vars, threads)

    def parser(self, state_dir):
        """`state_dir` is the import's own: one folder per project below it."""
        name = os.path.basename(os.path.normpath(self.project_dir))
        return Parser(self.project, pathlib.Path(state_dir) / f"dbt-{name}")

    def cli(self, arguments, context):
        """A dbt command, such as ["build"], on exactly the steps and checks of `context`."""
        clash = [argument for argument in arguments if argument.split("=")[0] in _OWN_OPTIONS]
        if clash:
            raise DbtError(f"{clash[0]} is set by assetd: the steps of the attempt decide what dbt runs")
        return DbtCliInvocation(self, list(arguments), context, self._row_counts)


class DbtCliInvocation:
    def __init__(self, resource, arguments, context, row_counts):
        self._context = context
        self._parser = resource.parser(context.state_dir)
        self._parser.bring_up_to_date()
        self._build = Build(
            resource.project, plan_of(context), self._parser.manifest(), self._parser.target_dir, context.attempt_dir,
            more_vars=_dbt_options(context).get("vars"), full_refresh=bool(_dbt_options(context).get("full_refresh")), row_counts=row_counts, command=arguments)

    def stream(self):
        """Runs dbt and yields a DbtEvent for all that becomes of its nodes, as it happens. An interrupt is passed on to dbt."""
        former = _on_interrupt(lambda *_: self._build.interrupt())
        try:
            for method, params in self._build.messages():
                yield DbtEvent(method, params)
        finally:
            _on_interrupt(former)
        if self._build.interrupted:
            raise KeyboardInterrupt
        if self._build.exit_code < 0:
            raise DbtError(f"dbt was ended by signal {-self._build.exit_code}: what had finished before stands")


def _on_interrupt(handler):
    if threading.current_thread() is not threading.main_thread():
        print("assetd: dbt runs outside the main thread: an interrupt is not passed on to it", file=sys.stderr)
        return None
    return signal.signal(signal.SIGINT, handler) if handler is not None else None


def _dbt_options(context):
    """Those of the run request: options.python.dbt."""
    return context.options.get("dbt") or {}
