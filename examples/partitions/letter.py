"""A letter to one customer."""

import os
import pathlib

customer = os.environ["ASSETD_PARTITION"]
pathlib.Path(f"data/letter-{customer}.txt").write_text(f"Dear {customer},\nthank you.\n")
