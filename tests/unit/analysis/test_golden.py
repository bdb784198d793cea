"""Cases of the golden data that the engine's first slice covers, and whole sequences of rounds."""

from pathlib import Path

import pytest

from tests.golden.analysis import ARGS, EXPR, expected_syncs, sequence
from tests.golden.category import Category, Json
from tests.golden.runner import cases, run

DATA = Path(__file__).parent / "data"


@pytest.mark.parametrize(("category", "covered"), [(EXPR, 692), (ARGS, 81)], ids=["expr", "args"])
def test_the_slice_answers_as_argo_does(category: Category, covered: int) -> None:
    """Every covered case comes out to the letter, error texts too."""
    report = run(category, cases(DATA / f"{category.name}_slice.jsonl.gz"))

    assert [str(mismatch) for mismatch in report.mismatches] == []
    assert report.passed == covered


@pytest.mark.parametrize("case", [*cases(DATA / "metric_verdict_sequence.jsonl.gz")], ids=lambda case: str(case["id"]))
def test_rounds_in_a_row_end_as_argos(case: Json) -> None:
    """Status, events and provider calls of each round are Argo's, from the first measurement to the end."""
    assert expected_syncs(case["output"]) == sequence(case["input"])
