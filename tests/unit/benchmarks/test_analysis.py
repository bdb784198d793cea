"""How late measurements are, from the moments at which a service was asked."""

import pytest

from benchmarks.analysis import lateness


def test_lateness_is_told_from_the_first_measurement_on() -> None:
    """Each later one is held against so many intervals after the first, so that drift adds up and shows."""
    late = list(lateness([[10.0, 70.1, 130.4], [5.0], [0.0, 59.5]], 60))

    assert late == pytest.approx([0.1, 0.4, -0.5])
