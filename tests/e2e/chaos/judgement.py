"""Whether a run with faults has ended as the calm one did. Called by every test of faults when its play is over."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rollouts.cluster.port import Json
from tests.e2e.chaos.portrait import portrait, strays
from tests.e2e.chaos.sizes import Course
from tests.e2e.chaos.stage import Stage

QUIET = 4.0
"""Seconds without a change after which a run is over: longer than the stories' delays, the controllers' drain, and the
odd back-off."""

REST = 60.0


@dataclass(frozen=True)
class Calm:
    """By story: what its rollout looked like in the end, and how its pods came and went."""

    portraits: dict[str, Json]
    courses: dict[str, Course]


async def rested(stage: Stage) -> Calm:
    """What a run looks like once nothing moves any more."""
    await stage.rested(QUIET, REST)
    return Calm(
        {stage.cast[name].name: portrait(stage, name) for name in stage.cast},
        {stage.cast[name].name: stage.sizes.course(stage.rollout(name) or {}) for name in stage.cast},
    )


async def agree(stage: Stage, calm: Calm, *, is_fought_over: bool = False) -> None:
    """Fail with all that is not as in the calm run, once nothing moves. Sizes in a fight may go up and down."""
    await stage.rested(QUIET, REST)
    faults = [*strays(stage), *_differences(stage, calm), *(() if is_fought_over else _excesses(stage, calm))]
    assert not faults, "\n".join(faults)


def _differences(stage: Stage, calm: Calm) -> Iterator[str]:
    for name, story in stage.cast.items():
        for path, wanted, found in _unequal(calm.portraits[story.name], portrait(stage, name)):
            yield f"{name}{path}: {json.dumps(found)}, in a calm run {json.dumps(wanted)}"


def _excesses(stage: Stage, calm: Calm) -> Iterator[str]:
    for name, story in stage.cast.items():
        rollout = stage.rollout(name) or {}
        course, usual = stage.sizes.course(rollout), calm.courses[story.name]
        if course.exceeds(usual):
            yield f"{name} was scaled {stage.sizes.told(rollout)}: {course}, in a calm run {usual}"


def _unequal(wanted: Any, found: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The smallest parts that differ."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key in sorted(wanted.keys() | found.keys()):
            yield from _unequal(wanted.get(key), found.get(key), f"{path}.{key}")
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from _unequal(one, other, f"{path}[{number}]")
    elif wanted != found:
        yield path, wanted, found
