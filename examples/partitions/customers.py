"""Whoever ordered becomes a partition of customer_letter: one line of JSON into the step's file of messages, which any program can write."""

import base64
import json
import os
import pathlib
import zlib

names = sorted({row.split(",")[0] for file in pathlib.Path("data").glob("orders-*.csv") for row in file.read_text().split()})
messages = json.loads(zlib.decompress(base64.b64decode(os.environ["DAGSTER_PIPES_MESSAGES"])))
with open(messages["path"], "a") as out:
    out.write(json.dumps({"__dagster_pipes_version": "0.1", "method": "assetd.add_partitions", "params": {"set": "customers", "keys": names}}) + "\n")
print("customers:", *names)
