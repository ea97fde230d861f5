"""What an evaluation of conditions costs (bench/automation_bench.cc)."""

import json
import subprocess

from daemon import BIN


def automation(assets):
    done = subprocess.run([BIN / "automation_bench", str(assets)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)
