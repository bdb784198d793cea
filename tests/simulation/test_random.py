"""Random strategies, users, rivals, pods and faults: three hundred stories, `make soak` plays thousands."""

import os
import subprocess
import sys

import pytest

from tests.builders.simulation import a_story
from tests.simulation.play import played
from tests.simulation.seeds import by_chance, check, handfuls, play_of, wanted_seeds
from tests.simulation.words import CRDS


@pytest.mark.parametrize("seeds", handfuls(wanted_seeds()), ids=lambda seeds: f"from-{seeds[0]}")
def test_nothing_goes_wrong_whatever_goes_wrong(seeds: list[int]) -> None:
    """Every invariant holds at every step, and when the trouble is over all is as if there had been none."""
    for seed in seeds:
        check(seed)


@pytest.mark.parametrize("seed", [3, 4, 5, 52, 133, 154])
def test_the_same_seed_gives_the_same_history(seed: int) -> None:
    """Each change of each object comes again, at the same moment, faults and deaths included."""
    play, percent = play_of(a_story(seed)), a_story(seed).percent
    once, again = (played(play, by_chance(seed, percent)) for _ in range(2))

    assert once.tally.struck == again.tally.struck
    assert once.witness.history == again.witness.history


def test_the_same_seed_gives_the_same_history_in_another_process() -> None:
    """Whoever sees a seed fail can see it again: no order of a set gets through to the world."""
    told = {_told_by_a_process(number) for number in (1, 2, 3)}

    assert len(told) == 1


def _told_by_a_process(number: int) -> str:
    """What a process says of two histories whose sets have an order of their own."""
    environment = {**os.environ, "PYTHONHASHSEED": str(number)}
    command = [sys.executable, "-c", _TELL, "5", "21"]
    done = subprocess.run(command, env=environment, cwd=CRDS.parent, check=True, capture_output=True, text=True)
    return done.stdout


_TELL = """
import sys
from tests.builders.simulation import a_story
from tests.simulation.play import played
from tests.simulation.seeds import by_chance, play_of
for seed in map(int, sys.argv[1:]):
    story = a_story(seed)
    print(played(play_of(story), by_chance(seed, story.percent)).witness.history)
"""


def test_another_seed_gives_another_history() -> None:
    """The faults follow the dice: a comparison that finds everything equal would find this equal too."""
    play, percent = play_of(a_story(4)), a_story(4).percent
    once, other = (played(play, by_chance(seed, percent)) for seed in (4, 5))

    assert once.witness.history != other.witness.history
