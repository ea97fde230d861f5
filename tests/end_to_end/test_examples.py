"""Each example does what its README says, line by line: exit codes, and what is printed. (What needs dbt has tests of its own: test_shop.py, tests/plugins.)"""

import pytest
from daemon import ROOT
from projects import copy_example
from readme import Command, Reader, commands, missing

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


def test_a_readme_that_says_otherwise_is_found_out(tmp_path):
    made, refused = commands("Text:\n\n    assetctl runs list            # the newest\n      2  failed  3 s ago …\n\n    assetctl prune   # exit code 3\n")
    assert (made.text, made.code, refused.text, refused.code) == ("assetctl runs list", 0, "assetctl prune", 3)
    assert missing(made.says, "RUN\n  2  failed   40 ms ago  because\n") == []
    assert missing(made.says, "RUN\n  2  succeeded   3 s ago  x\n") == missing(made.says, "") == ["2  failed  3 s ago …"]
    reader = Reader(tmp_path)
    with pytest.raises(AssertionError, match="exit code 3 instead of 0"):
        reader.follow(Command("    exit 3", 1))
    told = Command("    echo something", 1)
    told.says.append("something else")
    with pytest.raises(AssertionError, match="not said"):
        reader.follow(told)
