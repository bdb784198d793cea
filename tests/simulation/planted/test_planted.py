"""Each invariant finds the bug that was planted for it, and nothing where there is none.

Most bugs show on the best of days; the one that forgets needs deaths to do so. PLANTED says for each invariant the
bug, what users do, and how many calls in a hundred meet trouble.
"""

import random

import pytest

from tests.builders.simulation import Deed, Story, a_routed_story
from tests.simulation.faults import Chance
from tests.simulation.invariants import traffic_and_pods
from tests.simulation.planted import bugs
from tests.simulation.play import Plant, played
from tests.simulation.seeds import SAME_END, judged, play_of
from tests.simulation.words import words

USE, ABORT, PROMOTE = Deed("use", "web:v2"), Deed("abort"), Deed("promote")

PLANTED: dict[str, tuple[Plant, tuple[Deed, ...], float]] = {
    "weights sum to 100": (Plant(cluster=bugs.MissesAPart), (USE,), 0),
    "no weight without endpoints": (Plant(decide=bugs.believes_in_readiness), (USE,), 0),
    "stable keeps serving": (Plant(decide=bugs.starves_stable), (USE,), 0),
    "one ReplicaSet per hash": (Plant(cluster=bugs.MakesTwins), (USE,), 0),
    "revisions rise": (Plant(cluster=bugs.CountsToOne), (USE,), 0),
    "no foreign marks": (Plant(cluster=bugs.LeavesAMark), (USE,), 0),
    "users' word is kept": (Plant(cluster=bugs.TakesBackAborts), (USE, ABORT), 0),
    "events tell once": (Plant(cluster=bugs.SaysItTwice), (USE,), 0),
    "status obeys the schema": (Plant(cluster=bugs.WritesWhatNobodyKnows), (USE,), 0),
    "settles": (Plant(decide=bugs.greets_anew), (USE,), 0),
    SAME_END: (Plant(decide=bugs.forgets_pauses), (USE, PROMOTE), 10),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_is_found(name: str) -> None:
    """The invariant that it breaks says so."""
    plant, deeds, percent = PLANTED[name]

    assert any(name in fault for fault in _faults(a_routed_story(*deeds), percent, plant))


def test_every_invariant_has_its_bug() -> None:
    """Whoever writes an invariant shows that it can fail."""
    assert set(PLANTED) == {invariant.name for invariant in (*traffic_and_pods(), *words())} | {SAME_END}


@pytest.mark.parametrize("name", ["settles", "users' word is kept", SAME_END])
def test_where_nothing_is_planted_nothing_is_found(name: str) -> None:
    """The same stories with the same trouble, and a sound controller."""
    _, deeds, percent = PLANTED[name]

    assert _faults(a_routed_story(*deeds), percent, Plant()) == []


def _faults(story: Story, percent: float, plant: Plant) -> list[str]:
    calm = played(play_of(story), Chance(random.Random(0), 0))
    troubled = played(play_of(story), Chance(random.Random(1), percent, deadly=0.5), plant)
    return list(judged(calm, troubled, patient=True))
