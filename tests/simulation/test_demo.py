"""The demo's scenario: a deploy, a good release, a bad one and its revert, by commits, in virtual time."""

from functools import cache

import pytest

from tests.simulation.demo import the_demo
from tests.simulation.play import Outcome, played
from tests.simulation.seeds import by_chance, judged


@cache
def _calm() -> Outcome:
    return played(the_demo(), by_chance(0, 0))


def test_a_good_commit_is_promoted_and_a_bad_one_goes_back() -> None:
    """Nobody touches anything but the repository, and after the revert all is as before the bad commit."""
    outcome = _calm()
    seen = [portrait["rollouts"][0] for portrait in outcome.portraits]
    told = [(each["phase"], each["stable"][-2:], each["current"][-2:]) for each in seen]
    assert told[:4] == [
        ("Healthy", "v1", "v1"),
        ("Healthy", "v2", "v2"),
        ("Degraded", "v2", "v3"),
        ("Healthy", "v2", "v2"),
    ]
    assert outcome.witness.breaches == []


@pytest.mark.parametrize("seed", range(4))
def test_trouble_changes_nothing_in_the_end(seed: int) -> None:
    """Whatever goes wrong on the way, each commit ends as it does on a good day."""
    troubled = played(the_demo(), by_chance(seed, 8 + 4 * seed))

    assert sum(troubled.tally.struck.values()) > 10
    assert list(judged(_calm(), troubled, patient=True)) == []
