"""The demo's four acts and what is expected of each. An expectation that fails is said, and the demo ends badly."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rollouts.cli.demo import canary, picture
from rollouts.cli.demo.picture import State, summary
from rollouts.cli.demo.screen import Screen
from rollouts.cli.demo.stage import Stage, wall_clock
from rollouts.simulator.traffic.served import Tally

FRAME = 0.25
"""Seconds between two pictures."""
PATIENCE = timedelta(seconds=90)
"""How long an act may take: a quarter of it is enough where nothing else runs."""
_VIEWS = {"rollout": picture.view, "canary": canary.view}


@dataclass(slots=True)
class Course:
    """What happened so far, for the summary and for the expectations."""

    failures: list[str] = field(default_factory=list)
    weights: list[int] = field(default_factory=list)
    before: Tally = field(default_factory=Tally)
    bad_since: datetime | None = None
    aborted_at: datetime | None = None

    def expect(self, is_so: bool, what: str) -> None:
        """Note what should have been and was not."""
        if not is_so:
            self.failures.append(what)


async def play(stage: Stage, screen: Screen) -> bool:
    """All acts; True when everything went as it should."""
    course = Course()
    for act in (_first, _good, _bad, _reverted):
        await act(stage, screen, course)
        if course.failures:
            break
    screen.say("", *summary(stage, course.before, course.bad_since, course.aborted_at))
    for failure in course.failures:
        screen.say(f"✖ expected: {failure}")
    return not course.failures


async def _first(stage: Stage, screen: Screen, course: Course) -> None:
    screen.title("v1: committed, synced, deployed")
    state = await _watch(stage, screen, course, lambda s: s.is_settled("v1"))
    course.expect(state.is_settled("v1"), f"v1 Healthy; it is {state.phase}")
    course.before = stage.world.traffic.served.total


async def _good(stage: Stage, screen: Screen, course: Course) -> None:
    weights = stage.flavour.weights
    steps = ", ".join(f"{weight} %" for weight in weights)
    screen.title(f"v2 is well: {steps}, each step judged by success rate and p99 latency")
    await stage.release("v2", "Release v2")
    state = await _watch(stage, screen, course, _is_promoted)
    course.expect(state.is_settled("v2"), f"v2 promoted; it is {state.phase}: {state.message}")
    missed = [weight for weight in weights if weight not in course.weights]
    course.expect(not missed, f"v2 to pass through every weight; it never had {missed}")


def _is_promoted(state: State) -> bool:
    """Stable's Service has all traffic again, or something went wrong."""
    return (state.is_settled("v2") and state.weight == 0) or state.is_bad


async def _bad(stage: Stage, screen: Screen, course: Course) -> None:
    screen.title("v3 answers 5 % of its requests with errors, and slowly")
    course.bad_since = wall_clock()
    course.weights.clear()
    await stage.release("v3", "Release v3")
    state = await _watch(stage, screen, course, lambda s: s.is_bad or s.is_settled("v3"))
    course.aborted_at = wall_clock()
    course.expect(state.is_bad, f"v3 rolled back by itself; it is {state.phase}")
    course.expect("success-rate" in state.cause, f"the success rate to be named as the cause; it says {state.cause!r}")
    course.expect(max(course.weights, default=0) <= 10, f"v3 stopped at its first step; it got {course.weights}")
    state = await _watch(stage, screen, course, lambda s: s.weight == 0)
    course.expect(state.weight == 0, f"all traffic on v2 again; v3 still has {state.weight}")


async def _reverted(stage: Stage, screen: Screen, course: Course) -> None:
    screen.title("git revert: the repository says what runs")
    await stage.repository.revert("HEAD")
    state = await _watch(stage, screen, course, lambda s: s.is_settled("v2"))
    course.expect(state.is_settled("v2"), f"v2 Healthy after the revert; it is {state.phase}: {state.message}")


Ending = Callable[[State], bool]


async def _watch(stage: Stage, screen: Screen, course: Course, is_over: Ending) -> State:
    """Show the state of things until the act is over, or has taken too long."""
    until = wall_clock() + PATIENCE
    view = _VIEWS[stage.flavour.kind]
    while True:
        state = await view(stage, is_coloured=screen.is_coloured)
        if not course.weights or course.weights[-1] != state.weight:
            course.weights.append(state.weight)
        screen.picture(state.lines, state.line, state.about)
        if is_over(state) or wall_clock() > until:
            screen.keep()
            return state
        stage.check_controller()
        await asyncio.sleep(FRAME)
