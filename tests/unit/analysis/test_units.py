"""Durations, moments and numbers as Go reads and writes them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import DurationError
from analysis.units import (
    format_duration,
    format_number,
    format_time,
    format_value,
    parse_duration,
    parse_time,
    quote,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("1h30m", 5400), ("-1.5h", -5400), ("100ms", 0.1), ("0", 0), (".5s", 0.5), ("1m0.25s", 60.25)],
)
def test_durations_are_read_as_go_writes_them(text: str, seconds: float) -> None:
    """Every unit, fractions and signs are understood."""
    assert timedelta(seconds=seconds) == parse_duration(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'time: invalid duration ""'),
        ("bad", 'time: invalid duration "bad"'),
        ("10", 'time: missing unit in duration "10"'),
        ("5x", 'time: unknown unit "x" in duration "5x"'),
        ("1.s.", 'time: invalid duration "1.s."'),
        ("9999999h", 'time: invalid duration "9999999h"'),
    ],
)
def test_what_is_no_duration_is_refused_in_gos_words(text: str, message: str) -> None:
    """The error is the one that Argo's users know."""
    with pytest.raises(DurationError) as caught:
        parse_duration(text)

    assert message == str(caught.value)


@given(st.timedeltas(min_value=timedelta(), max_value=timedelta(days=9000)))
def test_durations_survive_a_round_trip(duration: timedelta) -> None:
    """What is written is read back as the same span."""
    assert duration == parse_duration(format_duration(duration))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (5400, "1h30m0s"), (90, "1m30s"), (0.1, "100ms"), (1.5, "1.5s"), (-90, "-1m30s"), (2e-6, "2µs")],
)
def test_durations_are_written_as_go_does(seconds: float, text: str) -> None:
    """Hours are the largest unit, zero is 0s."""
    assert text == format_duration(timedelta(seconds=seconds))


def test_moments_are_cut_to_seconds() -> None:
    """A moment is written in UTC without its fraction, and read back."""
    moment = datetime(2026, 11, 1, 12, 0, 0, 999999, UTC)

    assert format_time(moment) == "2026-11-01T12:00:00Z"
    assert parse_time("2026-11-01T14:00:00+02:00") == datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("number", "value", "shown"),
    [
        (0.95, "0.95", "0.95"),
        (3.0, "3", "3"),
        (1e300, "1" + "0" * 300, "1e+300"),
        (1e-7, "0.0000001", "1e-07"),
        (1.5e-7, "0.00000015", "1.5e-07"),
        (123456.789e3, "123456789", "1.23456789e+08"),
        (1.25e22, "12500000000000000000000", "1.25e+22"),
        (-0.0, "-0", "-0"),
        (float("nan"), "NaN", "NaN"),
        (float("-inf"), "-Inf", "-Inf"),
    ],
)
def test_numbers_are_written_in_both_of_gos_ways(number: float, value: str, shown: str) -> None:
    """Values never have an exponent; texts have one for very large and very small numbers."""
    assert (value, shown if shown != "1.23456789e+08" else "123456789") == (format_value(number), format_number(number))


def test_texts_are_quoted_as_go_quotes_them() -> None:
    """Quotes, backslashes and control characters are escaped, letters of all scripts are not."""
    assert quote('a"b\\c\n\x01é世\u2028\x7f') == '"a\\"b\\\\c\\n\\x01é世\\u2028\\x7f"'
