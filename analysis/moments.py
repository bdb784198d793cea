"""Moments that users write as expressions: the start and end of a range query. Pure.

This version reads what range queries are written with: `now()`, `date("2024-01-02")`, and either of them plus or minus
`duration("5m")`. The whole language comes with the conditions' next step.
"""

import re
from datetime import UTC, datetime

from analysis.errors import ExpressionError
from analysis.units import parse_duration

_TEXT = r"""(?:"([^"]*)"|'([^']*)')"""
_MOMENT = re.compile(rf"\s*(?:now\(\s*\)|date\(\s*{_TEXT}\s*\))\s*")
_SHIFT = re.compile(rf"([+-])\s*duration\(\s*{_TEXT}\s*\)\s*")


def moment_of(expression: str, now: datetime) -> datetime:
    """The moment that an expression names; ExpressionError shows what is understood."""
    match = _MOMENT.match(expression)
    if match is None:
        raise _misread(expression)
    moment, at = _start(match, now), match.end()
    while shift := _SHIFT.match(expression, at):
        span = parse_duration(shift[2] or shift[3] or "")
        moment, at = moment + span if shift[1] == "+" else moment - span, shift.end()
    if at != len(expression):
        raise _misread(expression)
    return moment


def _start(match: re.Match[str], now: datetime) -> datetime:
    if "now" in match[0].split("(")[0]:
        return now
    text = match[1] or match[2] or ""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise ExpressionError(f"invalid date {text}") from None
    return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _misread(expression: str) -> ExpressionError:
    return ExpressionError(f'cannot read the time {expression!r}: write it like now() - duration("5m")')
