"""The python plugin: `main.py describe | run | serve`, as docs/plugins.md has it."""

import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "sdk" / "python"))

import describe  # noqa: E402
import run  # noqa: E402
import warm_steps  # noqa: E402
from assetd.pipes import PipesError  # noqa: E402


def main(arguments):
    if arguments == ["serve"]:
        warm_steps.main()  # returns in each step
        arguments = ["run"]
    if arguments == ["run"]:
        try:
            return run.main()
        except PipesError as error:
            print(error, file=sys.stderr)
            return 2
    if arguments == ["describe"]:
        answer_to = _keep_stdout()
        return answer(json.load(sys.stdin), answer_to)
    print(f"usage: {os.path.basename(sys.argv[0])} describe | run | serve", file=sys.stderr)
    return 2


def _keep_stdout():
    """The answer goes to the real stdout; what modules print while they are imported goes to stderr."""
    kept = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return kept


def answer(request, out):
    described, failure = describe.describe(request)
    out.write(json.dumps(failure or described))  # json.dump encodes piece by piece, ten times slower
    out.flush()
    return 1 if failure else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
