"""Sums the JUnit files below a folder: prints "N passed, N failed" (and ", N skipped" where this machine cannot do something), exit code 1 if anything failed.

A suite whose program failed without a failing case in its files (it crashed, or did not build) counts as one failure, and so
does one that ended well without having run anything.
"""

import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def count_file(path):
    """(passed, failed, skipped, broken) of one file. Cases that nobody asked to run count as nothing."""
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError:
        return 0, 0, 0, True  # the program died while it wrote
    passed = failed = skipped = 0
    for case in root.iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None:
            skipped += 1
        elif case.get("status") != "notrun":
            passed += 1
    return passed, failed, skipped, False


def count_suite(folder):
    passed = failed = skipped = 0
    broken = False
    for path in folder.rglob("*.xml"):
        p, f, s, b = count_file(path)
        passed, failed, skipped, broken = passed + p, failed + f, skipped + s, broken or b
    code = folder / "exit_code"
    died = code.exists() and code.read_text().strip() != "0"
    if failed == 0 and (died or broken or passed == 0):
        failed = 1
    return passed, failed, skipped


def main(folder):
    suites = [folder] if (folder / "exit_code").exists() else [p for p in sorted(folder.iterdir()) if p.is_dir()]
    counts = [count_suite(suite) for suite in suites]
    passed, failed, skipped = (sum(count) for count in zip(*counts, strict=True)) if counts else (0, 0, 0)
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
