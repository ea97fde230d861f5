"""Loads nothing and reports how many rows that were: what the file `rows` says, else about a thousand. Speaks Dagster Pipes by hand."""

import base64
import json
import os
import pathlib
import random
import zlib

said = pathlib.Path("rows")
rows = int(said.read_text()) if said.exists() else 1000 + random.randint(-9, 9)
where = json.loads(zlib.decompress(base64.b64decode(os.environ["DAGSTER_PIPES_MESSAGES"])))
message = {
    "__dagster_pipes_version": "0.1",
    "method": "report_asset_materialization",
    "params": {"asset_key": os.environ["ASSETD_ASSET_KEY"], "metadata": {"row_count": {"raw_value": rows, "type": "int"}}, "data_version": None},
}
with open(where["path"], "a", encoding="utf-8") as out:
    out.write(json.dumps(message) + "\n")
