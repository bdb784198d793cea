"""Rules over names of metrics: Go's regular expressions, in time that grows with the name and not with the ways."""

import pytest

from analysis.patterns import found_in


@pytest.mark.parametrize("expression", ["*", "[", "(?=a)", "(?!a)", "(?<=a)b", r"(a)\1", "a*+"])
def test_what_go_refuses_matches_nothing(expression: str) -> None:
    """Lookarounds, back references and broken expressions match nothing here, as under Go."""
    assert not found_in(expression, "aab")


@pytest.mark.parametrize(
    ("expression", "name"),
    [(r"\Q.\E", "a.b"), (r"\pL", "é"), ("(?i)RATE", "rate"), ("^a$", "a"), ("", "any"), ("rate", "error-rate-5m")],
)
def test_what_go_knows_matches(expression: str, name: str) -> None:
    """Literal spans, letter classes, flags and parts of a name mean what they mean under Go."""
    assert found_in(expression, name)


def test_no_rule_holds_the_process() -> None:
    """What would take Python's own engine for ever is over at once."""
    assert not found_in("(a+)+$", "a" * 5000 + "b")
