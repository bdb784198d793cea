"""Findings of lint, for people, for programs, and as SARIF for code hosts. Called by the lint command; pure."""

from collections.abc import Iterator
from typing import Any

from rollouts.cli.lint_check import RULES, WARNING, Finding, Report
from rollouts.cli.style import Style

SARIF = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def lines(report: Report, style: Style) -> Iterator[str]:
    """A finding as `file:line:column: error: Kind/namespace/name: field: what`, below it the cure."""
    for finding in report.findings:
        tone = "warn" if finding.severity == WARNING else "bad"
        parts = (finding.object, finding.path, finding.message)
        yield f"{style.bold(place(finding))}: {style.tone(finding.severity, tone)}: {': '.join(filter(None, parts))}"
        if finding.cure:
            yield f"  {style.tone('cure', 'good')}: {finding.cure}"


def place(finding: Finding) -> str:
    """`file:line:column`, as editors take it."""
    return ":".join(str(part) for part in (finding.file, finding.line, finding.column) if part)


def summary(report: Report) -> str:
    """`2 errors and 1 warning in 7 objects of 3 files`."""
    warnings = len(report.findings) - report.errors
    told = [_count(report.errors, "error")] if report.errors else []
    told += [_count(warnings, "warning")] if warnings else []
    looked = f"{_count(report.objects, 'object')} of {_count(report.files, 'file')}"
    if not (told or report.known):
        return f"nothing to check: no Rollout, Experiment, Canary or template of theirs in {looked}"
    return f"{' and '.join(told) or 'no mistakes'} in {looked}"


def as_json(report: Report) -> dict[str, Any]:
    """For programs."""
    names = ("rule", "severity", "file", "line", "column", "object", "path", "message", "cure")
    findings = [{name: getattr(finding, name) for name in names} for finding in report.findings]
    return {"objects": report.objects, "files": report.files, "errors": report.errors, "findings": findings}


def as_sarif(report: Report, version: str) -> dict[str, Any]:
    """The static analysis results interchange format, 2.1.0."""
    rules = [{"id": name, "shortDescription": {"text": text}} for name, text in RULES.items()]
    driver = {"name": "sluice lint", "version": version, "rules": rules}
    return {
        "$schema": SARIF,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": [_result(finding) for finding in report.findings]}],
    }


def _result(finding: Finding) -> dict[str, Any]:
    said = ": ".join(filter(None, (finding.object, finding.path, finding.message)))
    location: dict[str, Any] = {"artifactLocation": {"uri": finding.file}}
    if finding.line:
        location["region"] = {"startLine": finding.line, "startColumn": max(1, finding.column)}
    return {
        "ruleId": finding.rule,
        "level": finding.severity,
        "message": {"text": f"{said} ({finding.cure})" if finding.cure else said},
        "locations": [{"physicalLocation": location}],
    }


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")
