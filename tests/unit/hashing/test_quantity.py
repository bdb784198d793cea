"""Quantities in canonical form."""

import pytest

from rollouts.hashing.quantity import canonical


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("1024Mi", "1Gi"),
        ("0.001", "1m"),
        ("1000m", "1"),
        ("1.5Gi", "1536Mi"),
        ("12Mi", "12Mi"),
        ("0.5Ki", "512"),
        ("1.1Ki", "1126400m"),
        ("100Ki", "100Ki"),
        ("1e3", "1e3"),
        ("1e4", "10e3"),
        ("0", "0"),
        ("000", "0"),
        ("-1500m", "-1500m"),
        ("9Ei", "9223372036854775807"),
        ("0.1n", "1n"),
        ("1e21", "1e21"),
        ("123456789012345678901", "123456789012345678901"),
    ],
)
def test_amounts_are_written_as_kubernetes_writes_them(written: str, expected: str) -> None:
    """Suffix and exponent are as large as they can be without a fraction, and nothing is below a billionth."""
    assert canonical(written) == expected


@pytest.mark.parametrize("written", ["+5", "1.500", "12E6", "1025Mi"])
def test_a_text_that_passes_for_canonical_stays(written: str) -> None:
    """Go's quick test keeps these as they were written."""
    assert canonical(written) == written


@pytest.mark.parametrize("written", ["", " ", "1gb", "1.2.3", "1K", "1mi", "five", "Pi", "e-12", "1e", "5-3"])
def test_nonsense_is_refused_with_a_cure(written: str) -> None:
    """A text that Kubernetes refuses raises ValueError, which says what to write."""
    with pytest.raises(ValueError, match=r"write|use one of"):
        canonical(written)


@pytest.mark.parametrize("written", ["m", "-", "+", ".", "Ki"])
def test_go_takes_no_digits_for_zero(written: str) -> None:
    """Go's parser reads a missing number as zero where its quick path applies."""
    assert canonical(written) == "0"
