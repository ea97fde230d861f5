"""The mean of the last three weeks."""

import pathlib

weeks = sorted(pathlib.Path("data").glob("revenue-*.txt"))[-3:]
pathlib.Path("data/forecast.txt").write_text(f"{sum(int(week.read_text()) for week in weeks) / max(len(weeks), 1):.1f}\n")
