"""Runs golden cases. Called by the command line and by the tests over `data/`."""

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.golden.category import Category, Json, Rule


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A case that did not come out as it should."""

    id: str
    expected: Json
    actual: Any
    rule: str = ""

    def __str__(self) -> str:
        """Two lines: what should have come, what came."""
        rule = f" (by rule {self.rule})" if self.rule else ""
        return f"{self.id}{rule}\n  expected {json.dumps(self.expected)}\n  actual   {json.dumps(self.actual)}"


@dataclass(slots=True)
class Report:
    """What became of a file. `listed` are the mismatches that the category names beforehand."""

    passed: int = 0
    left_out: int = 0
    least: float = 1.0
    most_by_rule: float = 0.02
    listed: list[Mismatch] = field(default_factory=list)
    by_rule: Counter[str] = field(default_factory=Counter)
    mismatches: list[Mismatch] = field(default_factory=list)

    @property
    def failed(self) -> int:
        """Number of mismatches, plus one if too much passed by rules."""
        return len(self.mismatches) + len(self.listed) + self.has_too_many_exceptions

    @property
    def is_good(self) -> bool:
        """Enough cases came out, and not too many of them by rules."""
        wrong = len(self.mismatches) + len(self.listed)
        is_enough = self.passed >= self.least * (self.passed + wrong)
        return self.passed > 0 and is_enough and not self.has_too_many_exceptions

    @property
    def has_too_many_exceptions(self) -> bool:
        """More cases passed by rules than the category allows."""
        return self.by_rule.total() > self.most_by_rule * (self.passed + len(self.mismatches) + len(self.listed))

    @property
    def summary(self) -> str:
        """The closing line."""
        return f"{self.passed} passed, {self.failed} failed"


def cases(path: Path) -> Iterator[Json]:
    """The cases of a file, which may be gzipped."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def run(category: Category, golden: Iterable[Json]) -> Report:
    """Run every case."""
    report = Report(least=category.least, most_by_rule=category.most_by_rule)
    for case in golden:
        if category.covers(case["input"]):
            _judge(category, case, report)
        else:
            report.left_out += 1
    return report


def _judge(category: Category, case: Json, report: Report) -> None:
    rule = _rule_for(category, case)
    output = rule.ours(case["input"], case["output"]) if rule else case["output"]
    expected = category.shown(case["input"], output)
    actual = _answer(category, case["input"])
    wanted = {key: expected.get(key) for key in actual}
    if actual != wanted or not actual:
        found = report.listed if case["id"] in category.listed else report.mismatches
        found.append(Mismatch(case["id"], wanted, actual, rule.name if rule else ""))
        return
    report.passed += 1
    if rule:
        report.by_rule[rule.name] += 1


def _rule_for(category: Category, case: Json) -> Rule | None:
    return next((rule for rule in category.rules if rule.applies(case["input"], case["output"])), None)


def _answer(category: Category, given: Json) -> Json:
    try:
        return category.run(given)
    except Exception as error:  # whatever our function raises is this case's answer, not the run's end
        return {"exception": f"{type(error).__name__}: {error}"}
