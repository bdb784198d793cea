"""Cases of the golden data that the engine's first slice covers, and whole sequences of rounds."""

from pathlib import Path

import pytest

from tests.golden.analysis import ARGS, expected_syncs, sequence
from tests.golden.category import Json
from tests.golden.runner import cases, run

DATA = Path(__file__).parent / "data"


def test_the_slice_answers_as_argo_does() -> None:
    """Every covered case of args comes out to the letter, error texts too."""
    report = run(ARGS, cases(DATA / "args_slice.jsonl.gz"))

    assert [str(mismatch) for mismatch in report.mismatches] == []
    assert report.passed == 81


@pytest.mark.parametrize("case", [*cases(DATA / "metric_verdict_sequence.jsonl.gz")], ids=lambda case: str(case["id"]))
def test_rounds_in_a_row_end_as_argos(case: Json) -> None:
    """Status, events and provider calls of each round are Argo's, from the first measurement to the end."""
    assert expected_syncs(case["output"]) == sequence(case["input"])
