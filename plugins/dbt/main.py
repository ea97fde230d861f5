"""The dbt plugin: `main.py describe | run`, as docs/plugins.md has it."""

import gc
import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "sdk" / "python"))

import describe  # noqa: E402
import run  # noqa: E402
from assetd.dbt.manifest import ManifestError  # noqa: E402
from assetd.pipes import PipesError  # noqa: E402


def main(arguments):
    if arguments == ["run"]:
        try:
            return run.main()
        except PipesError as error:
            print(error, file=sys.stderr)
            return 2
    if arguments == ["describe"]:
        return answer(json.load(sys.stdin))
    print(f"usage: {os.path.basename(sys.argv[0])} describe | run", file=sys.stderr)
    return 2


def answer(request):
    gc.disable()  # a large manifest is millions of objects, none of them garbage
    try:
        described = describe.describe(request)
    except ManifestError as error:
        json.dump({"errors": describe.relative_errors(error.errors, request["project_dir"])}, sys.stdout)
        return 1
    sys.stdout.write(json.dumps(described))  # json.dump encodes piece by piece, ten times slower
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
