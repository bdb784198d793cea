"""How late measurements are, from the moments at which a service was asked."""

import pytest

from benchmarks.analysis import lateness


def test_lateness_is_told_against_the_least_late() -> None:
    """Drift adds up; a run that was seen late at first makes nobody late, and one measurement has no schedule."""
    late = list(lateness([[10.0, 70.1, 130.4], [5.0], [2.5, 60.0, 120.0]], 60))

    assert late == pytest.approx([0.1, 0.4, 0.0, 0.0])
