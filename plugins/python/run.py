"""`run`: the functions of an attempt's steps."""

import os
import signal
import time
import traceback

import modules
import warm_steps
from assetd import injection
from assetd.artifacts import ArtifactError
from assetd.context import AttemptContext
from assetd.definitions import Asset, AssetCheckResult, Definitions, MaterializeResult
from assetd.pipes import Messages, load_context


def main():
    try:
        return _main()
    finally:
        warm_steps.note_imports()


def _main():
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell or daemon may have left it ignored
    messages = Messages.from_environment()
    messages.opened()
    try:
        context = AttemptContext(load_context(), messages)
        code = Runner(context).run()
    except KeyboardInterrupt:
        messages.closed()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
        return 130
    except BaseException as error:
        traceback.print_exc()
        messages.closed(error)
        return error.code if isinstance(error, SystemExit) and isinstance(error.code, int) else 1
    messages.closed()
    return code


class Runner:
    def __init__(self, context):
        self._context = context
        block = context.assetd.get("run") or {}
        self._block = block if block.get("function") else None
        self._config = self._block or context.import_config
        module = modules.import_module(self._config, context.project_dir or os.getcwd())
        self._module = module
        self._definitions = Definitions() if self._block else modules.definitions_of(module)
        self._resources = injection.all_resources(self._definitions, context.assetd.get("resources"))

    def run(self):
        """The exit code. A step that fails raises, unless others of the attempt can still run: then they do, and the code is 1."""
        multi = [step for step in self._context.steps if step.data.get("multi")]
        code = self._run_multi(multi) if multi else 0
        for step in self._context.steps:
            if step not in multi:
                self._run_step(step)
        return code

    def _run_multi(self, steps):
        name = steps[0].data["multi"]
        found = next((item for item in self._definitions.assets if modules.is_multi(item) and item.__name__ == name), None)
        if found is None:
            raise LookupError(f"{self._module.__name__} has no '{name}' any more: reload the definitions")
        return found.run_steps(self._context, injection.arguments(found.function, self._context, self._resources, {}))

    def _run_step(self, step):
        self._context.begin(step)
        self._context.messages.send("assetd.step_started", asset_key=step.key, partition=step.partition)
        function, deps = self._function_of(step)
        if self._context.steps_mode != "checks":
            self._materialize(step, function, deps)
        if self._context.steps_mode != "assets":
            for check in self._context.checks:
                if check["home"] == step.key and check.get("partition") in (None, step.partition) and (check.get("data") or {}).get("check"):
                    self._check(step, check)
        if self._context.steps_mode != "checks":  # else the step ends by its checks
            self._context.messages.send("assetd.step_ended", asset_key=step.key, partition=step.partition, status="succeeded")

    def _function_of(self, step):
        """The function, and its dependencies by the names that its parameters use and the keys that the artifacts have."""
        if self._block:
            function = getattr(self._module, self._block["function"], None)
            if function is None:
                raise LookupError(f"{self._module.__name__} has no function '{self._block['function']}'")
            return (function.function if isinstance(function, Asset) else function), step.deps
        found = next((item for item in self._definitions.assets if isinstance(item, Asset) and item.key == step.data.get("asset")), None)
        if found is None:
            raise LookupError(f"{self._module.__name__} has no asset '{step.data.get('asset') or step.key}' any more: reload the definitions")
        return found.function, step.deps or found.dep_keys

    def _materialize(self, step, function, deps):
        begun = time.monotonic()
        returned = function(**injection.arguments(function, self._context, self._resources, self._artifacts(deps)))
        result = returned if isinstance(returned, MaterializeResult) else MaterializeResult(value=returned)
        metadata = {**self._context.output_metadata(), **result.metadata, "execution_seconds": round(time.monotonic() - begun, 3)}
        if result.value is not None:
            metadata["artifact"] = self._store(step, result.value)
        self._context.messages.send("report_asset_materialization", asset_key=step.key, partition=step.partition, metadata=metadata, data_version=result.data_version)

    def _artifacts(self, keys):
        return injection.artifact_names(keys, self._context.import_config.get("key_prefix"))

    def _store(self, step, value):
        context = self._context
        if context.artifacts is None:
            raise ArtifactError("the function returned an object, but this attempt has no artifact store")
        stored = context.artifacts.store(step.key, context.run_id, value, step.partition)
        described = {name: stored[name] for name in ("name", "path", "type", "size", "sha256", "library")}
        context.messages.send("assetd.artifact", asset_key=step.key, **described)
        return {"type": "json", "raw_value": described}

    def _check(self, step, check):
        function = next(item for item in self._definitions.asset_checks if item.name == check["data"]["check"] and item.asset_key == check["data"]["asset"]).function
        self._context.messages.send("assetd.check_started", asset_key=step.key, check_name=check["name"])
        params = {"asset_key": step.key, "partition": step.partition, "check_name": check["name"]}
        severity = check.get("severity", "error")
        try:
            result = function(**injection.arguments(function, self._context, self._resources, self._artifacts([step.key])))
        except Exception as error:
            traceback.print_exc()
            detail = f"{type(error).__name__}: {error}"
            self._context.messages.send("report_asset_check", **params, passed=False, status="error", severity=severity.upper(), metadata={}, detail=detail)
            return
        result = result if isinstance(result, AssetCheckResult) else AssetCheckResult(result)
        severity = result.severity or severity
        status = "passed" if result.passed else "warned" if severity == "warn" else "failed"
        self._context.messages.send(
            "report_asset_check", **params, passed=result.passed, status=status, severity=severity.upper(), metadata=result.metadata, detail=result.description)
