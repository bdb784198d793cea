"""Each invariant finds the bug that was planted for it, and nothing where there is none.

Most bugs show on the best of days; the one that forgets needs deaths to do so, at one of several tries. PLANTED says
for each invariant the bug, what users do, and how many calls in a hundred meet trouble.
"""

import random
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.builders.simulation import Deed, Story, a_routed_story
from tests.simulation.everything import everything
from tests.simulation.faults import Chance
from tests.simulation.planted import bugs
from tests.simulation.play import Plant, played
from tests.simulation.seeds import SAME_END, judged, play_of

MOST_TRIES = 10
USE, ABORT, PROMOTE = Deed("use", "web:v2"), Deed("abort"), Deed("promote")


@dataclass(frozen=True)
class Planted:
    """A bug, what users do, how many calls in a hundred meet trouble, and how the story is another one than usual."""

    plant: Plant
    deeds: tuple[Deed, ...] = (USE,)
    percent: float = 0
    other: dict[str, Any] = field(default_factory=dict)

    @property
    def story(self) -> Story:
        """The story in which it shows."""
        return replace(a_routed_story(*self.deeds), **self.other)


BASIC = {"strategy": {"canary": {"steps": [{"setWeight": 50}], "maxSurge": 1, "maxUnavailable": 0}}}
HASTY = {
    "strategy": {
        "blueGreen": {"activeService": "web-stable", "previewService": "web-canary", "scaleDownDelaySeconds": 0},
    }
}
MARKED = {
    "strategy": {
        "blueGreen": {
            "activeService": "web-stable",
            "previewService": "web-canary",
            "activeMetadata": {"labels": {"role": "active"}},
            "previewMetadata": {"labels": {"role": "preview"}},
        }
    }
}
PLANTED: dict[str, Planted] = {
    "weights sum to 100": Planted(Plant(cluster=bugs.MissesAPart)),
    "no weight without endpoints": Planted(Plant(decide=bugs.believes_in_readiness)),
    "no scale-down of what is led to": Planted(Plant(decide=bugs.is_in_a_hurry), (USE, PROMOTE, PROMOTE), other=HASTY),
    "stable keeps serving": Planted(Plant(decide=bugs.starves_stable)),
    "one ReplicaSet per hash": Planted(Plant(cluster=bugs.MakesTwins)),
    "revisions rise": Planted(Plant(cluster=bugs.CountsToOne)),
    "no foreign marks": Planted(Plant(cluster=bugs.LeavesAMark)),
    "surge is kept": Planted(Plant(decide=bugs.overshoots), other=BASIC),
    "roles are marked": Planted(Plant(cluster=bugs.SparesThePods), other=MARKED),
    "templates are their owners'": Planted(Plant(cluster=bugs.HelpsItself), other={"workload": "onsuccess"}),
    "users' word is kept": Planted(Plant(cluster=bugs.TakesBackAborts), (USE, ABORT)),
    "events tell once": Planted(Plant(cluster=bugs.SaysItTwice)),
    "status obeys the schema": Planted(Plant(cluster=bugs.WritesWhatNobodyKnows)),
    "settles": Planted(Plant(decide=bugs.greets_anew)),
    SAME_END: Planted(Plant(decide=bugs.forgets_pauses), (USE, PROMOTE), 5),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_is_found(name: str) -> None:
    """The invariant that it breaks says so."""
    planted = PLANTED[name]
    tries = (_faults(planted, planted.plant, number) for number in range(MOST_TRIES if planted.percent else 1))

    assert any(name in fault for faults in tries for fault in faults)


def test_every_invariant_has_its_bug() -> None:
    """Whoever writes an invariant shows that it can fail."""
    assert set(PLANTED) == {invariant.name for invariant in everything()} | {SAME_END}


@pytest.mark.parametrize("name", ["settles", "users' word is kept", "surge is kept", "roles are marked", SAME_END])
def test_where_nothing_is_planted_nothing_is_found(name: str) -> None:
    """The same stories with the same trouble, and a sound controller."""
    assert _faults(PLANTED[name], Plant()) == []


def _faults(planted: Planted, plant: Plant, number: int = 1) -> list[str]:
    play = play_of(planted.story)
    calm = played(play, Chance(random.Random(0), 0))
    troubled = played(play, Chance(random.Random(number), planted.percent, deadly=0.5), plant)
    return list(judged(calm, troubled, patient=True))
