"""Revenue of a week, from the orders of its days."""

import datetime
import os
import pathlib

week = datetime.date.fromisoformat(os.environ["ASSETD_PARTITION"])
files = [pathlib.Path(f"data/orders-{week + datetime.timedelta(days=n)}.csv") for n in range(7)]
total = sum(int(row.split(",")[1]) for file in files if file.exists() for row in file.read_text().split())
pathlib.Path(f"data/revenue-{week}.txt").write_text(f"{total}\n")
