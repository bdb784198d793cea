"""`python -m tests.golden CATEGORY FILE.jsonl`: prints each mismatch, then `N passed, N failed`; exit code 1 on any."""

import sys
from pathlib import Path

from tests.golden.runner import cases, run
from tests.golden.table import CATEGORIES


def main(arguments: list[str]) -> int:
    """Run one file and say what came out; `--list` names the categories."""
    if arguments == ["--list"]:
        print("\n".join(CATEGORIES))
        return 0
    if len(arguments) != 2 or arguments[0] not in CATEGORIES:
        print(f"usage: python -m tests.golden CATEGORY FILE.jsonl[.gz]\ncategories: {', '.join(CATEGORIES)}")
        return 2
    report = run(CATEGORIES[arguments[0]], cases(Path(arguments[1])))
    for mismatch in report.mismatches:
        print(mismatch)
    for mismatch in report.listed:
        print(f"{mismatch.id} differs, as is known: {CATEGORIES[arguments[0]].listed[mismatch.id]}")
    for rule, count in sorted(report.by_rule.items()):
        print(f"rule {rule}: {count}")
    if report.left_out:
        print(f"{report.left_out} cases are not covered by this version and were not run")
    if report.has_too_many_exceptions:
        print(f"{report.by_rule.total()} cases passed by rules: more than {report.most_by_rule:.0%}")
    print(report.summary)
    return 0 if report.is_good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
