"""`python -m tools.skips ALLOWED.txt REPORT.xml...`: fails if a test was skipped that may not be. Run by CI.

The allowed ones stand in a file, one a line: the test's id, a tab, the reason that pytest gave. So a test that needs
a program which is missing cannot pass for one that ran.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree


def skipped(report: Path) -> Iterator[tuple[str, str]]:
    """Id and reason of each skipped test of a JUnit report."""
    for case in ElementTree.parse(report).iter("testcase"):
        for skip in case.iter("skipped"):
            yield f"{case.get('classname')}::{case.get('name')}", skip.get("message", "")


def allowed(listing: Path) -> set[tuple[str, str]]:
    """The skips that are all right."""
    lines = (line for line in listing.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
    pairs = (line.partition("\t") for line in lines)
    return {(test, reason) for test, _, reason in pairs}


def main(listing: str, *reports: str) -> int:
    """Print what is not allowed; the exit code."""
    found = {skip for report in reports for skip in skipped(Path(report))}
    surprising = found - allowed(Path(listing))
    for test, reason in sorted(surprising):
        print(f"skipped, and not in {listing}: {test}: {reason}")
    print(f"{len(found)} skipped, {len(surprising)} of them not allowed")
    return 1 if surprising else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
