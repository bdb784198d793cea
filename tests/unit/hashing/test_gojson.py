"""JSON text as Go writes it."""

import pytest

from rollouts.hashing.gojson import anything, number, text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, "1"),
        (1.0, "1"),
        (-0.0, "-0"),
        (0.1, "0.1"),
        (2.5e-7, "2.5e-7"),
        (0.00001, "0.00001"),
        (0.000025, "0.000025"),
        (1e16, "10000000000000000"),
        (-1.5e17, "-150000000000000000"),
        (1e21, "1e+21"),
        (1.25e100, "1.25e+100"),
        (12345678901234567890, "12345678901234567000"),
    ],
)
def test_numbers_have_gos_form(value: float, expected: str) -> None:
    """Exponents start at 1e21 and below 1e-6, and integers beyond 64 bits are floats."""
    assert number(value) == expected


def test_text_escapes_what_html_would_read() -> None:
    """Angle brackets, ampersands and the two line separators are escaped; other text is not."""
    assert text('<a> & "é"\u2028\u0001') == '"\\u003ca\\u003e \\u0026 \\"é\\"\\u2028\\u0001"'


def test_half_a_character_is_replaced() -> None:
    """A lone surrogate cannot be UTF-8, so Go's replacement character stands for it."""
    assert text("a\ud800b") == '"a\ufffdb"'


def test_any_value_has_its_keys_sorted() -> None:
    """Free JSON is written without spaces and with sorted keys at every depth."""
    assert anything({"b": [1, None, True], "a": {"d": 1.0, "c": "x"}}) == '{"a":{"c":"x","d":1},"b":[1,null,true]}'
