"""Taking over the Canaries of a running Flagger, as its own code left them: at rest, and in the middle of a run."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import nullcontext
from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from tests.builders.foreign import DAEMON_SETS, VIRTUAL_SERVICES
from tests.scenarios.foreign import keeping, on_nodes, served
from tests.scenarios.playing import scenario
from tests.scenarios.recorded import AT_REST, PRIMARY, UNDEFINED, UNDER_WAY, Moment, moments, set_up, take_over
from tests.scenarios.sight import Sight
from tests.scenarios.stage import Stage
from tests.scenarios.test_migration import a_part_for_each

ROUTES = (kinds.HTTP_ROUTES, kinds.INGRESSES)
Play = Callable[[Stage, Moment], Coroutine[Any, Any, None]]
WHILE = 5
"""Seconds: so many ticks."""


def of(*phases: str) -> list[Moment]:
    """The moments in these phases."""
    return [moment for moment in moments() if moment.status["phase"] in phases]


def in_use(world: Sight) -> Any:
    """All that users are served by."""
    objects = [obj for kind in (kinds.DEPLOYMENTS, kinds.SERVICES, *ROUTES) for obj in world.all(kind)]
    return [(obj["kind"], obj["metadata"]["name"], obj["spec"]) for obj in objects], pods(world)


async def unwatched(stage: Stage) -> list[Json]:
    """The specs of routes and autoscalers whose kinds no stage watches."""
    return [obj["spec"] for kind in (VIRTUAL_SERVICES, *UNDEFINED) for obj in await stage.listed(kind)]


def pods(world: Sight) -> set[tuple[str, str]]:
    """Those that are there, by name and uid."""
    return {(pod["metadata"]["name"], pod["metadata"]["uid"]) for pod in world.pods()}


def is_ours(world: Sight) -> bool:
    """Whether the status names what is delivered by hashes of ours."""
    return str(world.canary_status().get("lastAppliedSpec", "")).startswith("sluice-")


async def each(stage: Stage, found: Sequence[Moment], play: Play) -> None:
    """Play all of them side by side, in a namespace for each."""
    await served(stage, *UNDEFINED)
    worlds = [{"id": str(number)} for number in range(len(found))]
    async with a_part_for_each(stage, worlds) as parts:
        await asyncio.gather(*(_played(part, moment, play) for part, moment in zip(parts, found, strict=True)))


async def _played(stage: Stage, moment: Moment, play: Play) -> None:
    """On nodes, where it needs them."""
    async with keeping(stage, DAEMON_SETS, on_nodes) if moment.has_nodes else nullcontext():
        await play(stage, moment)


async def left_alone(stage: Stage, moment: Moment) -> None:
    """Nothing that serves anybody changes, and the phase stays."""
    await set_up(stage, moment)
    seen, ways = stage.record(in_use), await unwatched(stage)
    phases = stage.record(lambda world: world.canary_phase())
    await take_over(stage)
    await stage.until(is_ours, what=f"{moment.id}: the status names hashes of ours")
    await stage.seconds(WHILE)

    assert await unwatched(stage) == ways, f"{moment.id}\n{stage.picture()}"
    assert (len(seen), phases) == (1, [moment.status["phase"]]), f"{moment.id} {seen}\n{stage.picture()}"


async def gone_on(stage: Stage, moment: Moment) -> None:
    """The run ends well, from where it stood: only its promotion makes pods, and nobody is sent back on the way."""
    await set_up(stage, moment)
    there, copied = pods(stage.world), moment.status["phase"] in ("Promoting", "Finalising")
    made = stage.record(lambda world: pods(world) - there)
    weights = stage.record(lambda world: world.weights().get("web-canary", 0))
    await take_over(stage)
    await stage.canary_phase("Succeeded")

    told = f"{moment.id} {made} {weights}\n{stage.picture()}"
    assert not (copied and any(made)), told
    assert all(name.startswith(PRIMARY) for names in made for name, _ in names), told
    top = weights.index(max(weights))
    assert weights == sorted(weights[:top]) + sorted(weights[top:], reverse=True), told
    images = {image for image, _ in stage.world.deployments().values()}
    assert len(images) <= 1, told


@scenario
async def test_recorded_canaries_at_rest(stage: Stage) -> None:
    """Begun, promoted or failed: they stay so, no pod restarts and no revision is rolled out again."""
    await each(stage, of(*AT_REST), left_alone)


@scenario
async def test_recorded_canaries_under_way(stage: Stage) -> None:
    """Whatever Flagger was about, it is finished, by the pods that are there."""
    await each(stage, of(*UNDER_WAY), gone_on)
