"""The events of one day: data/events-DAY.csv. `data/broken` lists days that fail, to see what that does."""

import os
import pathlib
import random

day = os.environ["ASSETD_PARTITION"]
data = pathlib.Path("data")
data.mkdir(exist_ok=True)
broken = data / "broken"
if broken.exists() and day in broken.read_text().split():
    raise SystemExit(f"no events arrived for {day}; remove it from {broken} and retry")
drawn = random.Random(day)
rows = [f"{drawn.choice('abcde')},{drawn.randrange(100)}" for _ in range(drawn.randrange(5, 20))]
(data / f"events-{day}.csv").write_text("\n".join(rows) + "\n")
print(f"{len(rows)} events from {os.environ['ASSETD_WINDOW_START']} to {os.environ['ASSETD_WINDOW_END']}")
