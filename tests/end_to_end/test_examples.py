"""Each example does what its README says, line by line: exit codes, and what is printed. (What needs dbt has tests of its own: test_shop.py, tests/plugins.)"""

import pytest
from daemon import ROOT
from projects import copy_example
from readme import Reader, commands

OTHERS = {"shop", "guide"}
EXAMPLES = sorted(folder.name for folder in (ROOT / "examples").iterdir() if folder.is_dir() and folder.name not in OTHERS)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_does_what_its_readme_says(name, tmp_path):
    folder = copy_example(name, tmp_path)
    told = commands((folder / "README.md").read_text())
    assert len(told) > 3 and sum(len(command.says) for command in told) > 0, "a README with nothing to do, or that does not say what comes of it"
    reader = Reader(folder)
    try:
        for command in told:
            reader.follow(command)
    finally:
        reader.leave()
