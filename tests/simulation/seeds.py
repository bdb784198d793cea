"""From a seed to a judgement: the story is played without trouble and with it, and both are compared."""

import os
import random
from collections.abc import Iterator

from rollouts.controller.settings import Settings
from tests.builders.simulation import Story, a_story
from tests.simulation.faults import Chance
from tests.simulation.play import Outcome, Plant, Play, played

SAME_END = "ends like a run without faults"
AGAIN = "To see it again: SLUICE_SEED={seed} make test ARGS=tests/simulation"


def play_of(story: Story) -> Play:
    """A story as it is staged."""
    return Play(
        story.scenario,
        story.manifests,
        story.deeds,
        story.patient,
        settings=Settings(is_elected=story.elected, lease_namespace="argo-rollouts"),
        seconds_of_trouble=story.trouble,
        rivals=story.rivals,
    )


def by_chance(seed: int, percent: float) -> Chance:
    """The trouble of a seed."""
    return Chance(random.Random(f"chance {seed}"), percent)


def judged(calm: Outcome, troubled: Outcome, *, patient: bool) -> Iterator[str]:
    """All that is wrong with two runs of one story. Hasty users meet other moments, so their ends may differ."""
    for name, outcome in (("calm", calm), ("troubled", troubled)):
        yield from (f"{name}: {breach}" for breach in outcome.witness.breaches)
        yield from (f"{name}: the embedded cluster failed: {where}: {e}" for where, e in outcome.failures.items())
    if patient:
        troubled.witness.evaluated[SAME_END] = len(troubled.portraits)
        for number, (wanted, found) in enumerate(zip(calm.portraits, troubled.portraits, strict=False)):
            if wanted != found:
                yield f"{SAME_END}: after deed {number}\n  without faults: {wanted}\n  with faults:    {found}"


def faults_of(seed: int, plant: Plant = Plant()) -> tuple[list[str], Outcome]:  # noqa: B008  # frozen
    """What is wrong with a seed, and its troubled run."""
    story = a_story(seed)
    play = play_of(story)
    calm = played(play, by_chance(seed, 0))
    troubled = played(play, by_chance(seed, story.percent), plant)
    return list(judged(calm, troubled, patient=story.patient)), troubled


def check(seed: int) -> None:
    """Fail with the story, and how to see it again, if anything is wrong with a seed."""
    told = f"seed {seed}: {a_story(seed)}\n{AGAIN.format(seed=seed)}"
    try:
        faults, _ = faults_of(seed)
    except Exception as error:
        raise AssertionError(f"{told}\n{type(error).__name__}: {error}") from error
    assert not faults, "\n".join([told, *faults])


def wanted_seeds() -> list[int]:
    """SLUICE_SEED alone, or three hundred, or with SLUICE_SOAK many more."""
    if one := os.environ.get("SLUICE_SEED"):
        return [int(one)]
    return list(range(4000 if os.environ.get("SLUICE_SOAK") else 300))


def handfuls(seeds: list[int], size: int = 10) -> list[list[int]]:
    """In handfuls, so that several processes can share them."""
    return [seeds[start : start + size] for start in range(0, len(seeds), size)]
