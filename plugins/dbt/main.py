"""The dbt plugin: `main.py describe | run | serve`, as docs/plugins.md has it."""

import gc
import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "sdk" / "python"))

import describe  # noqa: E402
import run  # noqa: E402
import warm_steps  # noqa: E402
from assetd.dbt.manifest import ManifestError  # noqa: E402
from assetd.pipes import PipesError  # noqa: E402
from assetd.serve import end_as_program, exit_code_of  # noqa: E402


def main(arguments):
    warm = None
    if arguments == ["serve"]:
        warm = warm_steps.serve()  # returns in each step
        arguments = ["run"]
    if arguments == ["run"]:
        try:
            return run.main(warm)
        except PipesError as error:
            print(error, file=sys.stderr)
            return 2
    if arguments == ["describe"]:
        return answer(json.load(sys.stdin))
    print(f"usage: {os.path.basename(sys.argv[0])} describe | run | serve", file=sys.stderr)
    return 2


def answer(request):
    gc.disable()  # a large manifest is millions of objects, none of them garbage
    try:
        described = describe.describe(request)
    except ManifestError as error:
        json.dump({"errors": describe.relative_errors(error.errors, request["project_dir"]), "watch": describe.files_and_places(request)}, sys.stdout)
        return 1
    sys.stdout.write(json.dumps(described))  # json.dump encodes piece by piece, ten times slower
    return 0


if __name__ == "__main__":
    served = sys.argv[1:] == ["serve"]
    try:
        sys.exit(main(sys.argv[1:]))
    except SystemExit as error:
        if not served:
            raise
        end_as_program(exit_code_of(error))  # dbt's modules are many
