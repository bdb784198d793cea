"""Times of range queries."""

from datetime import UTC, datetime, timedelta

import pytest

from analysis.errors import AnalysisError, ExpressionError
from analysis.moments import moment_of

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "moment"),
    [
        ("now()", NOW),
        ('now() - duration("5m")', NOW - timedelta(minutes=5)),
        ("now()-duration('1h') + duration('1m')", NOW - timedelta(minutes=59)),
        ("date('2024-01-02') + duration('36h')", datetime(2024, 1, 3, 12, tzinfo=UTC)),
        (
            "let d = date('2024-01-01'); d.Add(duration('90m')).Truncate(duration('1h'))",
            datetime(2024, 1, 1, 1, tzinfo=UTC),
        ),
        ("date('2024-01-02', '2006-01-02', 'Europe/Berlin')", datetime(2024, 1, 1, 23, tzinfo=UTC)),
        ('date("2024-01-01T00:00:00+02:00")', datetime(2023, 12, 31, 22, tzinfo=UTC)),
    ],
)
def test_a_time_is_now_or_a_date_shifted(expression: str, moment: datetime) -> None:
    """The forms that range queries are written with give their moment."""
    assert moment == moment_of(expression, NOW)


@pytest.mark.parametrize("expression", ["", "foo", "now() -", "now() - 5m", "duration('5m')", "date('2024-13-01')"])
def test_other_times_are_refused_with_an_example(expression: str) -> None:
    """Anything else is an error of ours."""
    with pytest.raises(ExpressionError):
        moment_of(expression, NOW)


def test_a_bad_duration_within_a_time_is_named() -> None:
    """The duration's own error comes through."""
    with pytest.raises(AnalysisError, match='invalid duration "bad"'):
        moment_of("now() - duration('bad')", NOW)
