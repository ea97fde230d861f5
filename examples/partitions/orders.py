"""Orders of one day, from its events."""

import os
import pathlib

day = os.environ["ASSETD_PARTITION"]
rows = pathlib.Path(f"data/events-{day}.csv").read_text().split()
orders = [row for row in rows if int(row.split(",")[1]) >= 5]
pathlib.Path(f"data/orders-{day}.csv").write_text("\n".join(orders) + "\n")
