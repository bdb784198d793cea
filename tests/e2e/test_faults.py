"""What a controller must survive, on a real control plane: after each trouble all is as if there had been none.

Every rollout ends as in a calm run, no ReplicaSet is orphaned or scaled up twice, and no request of a user is lost.
SLUICE_SEED=... strikes at the same moments again, as far as processes of their own have any.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from rollouts.cluster.client import HttpCluster
from rollouts.cluster.login import login
from rollouts.cluster.port import Cluster
from tests.builders.servers import serving
from tests.e2e.chaos.judgement import Calm, agree, rested
from tests.e2e.chaos.meddlers import meddling
from tests.e2e.chaos.plane import ALONE, Plane, a_plane, said
from tests.e2e.chaos.stage import Stage, a_stage
from tests.e2e.chaos.stories import STORIES, Story, templates

pytestmark = pytest.mark.e2e

COPIES, KILLS = 3, 10
"""So many rollouts play each story at once, and so often their controller is killed meanwhile."""

FROZEN, GONE = 60.0, 5.0
"""Seconds for which the API server answers nobody, and for which it is not there at all."""

TAKEN_OVER = 20.0
"""Seconds after which a standby has to act where its leader has been killed."""

FOUGHT_OVER = (
    *("basic-promoted", "basic-aborted", "basic-retried", "rolling"),
    *("routed-promoted", "routed-full", "routed-bad", "blue-promoted", "blue-aborted"),
)
"""Stories in which nobody but the autoscaler wants another size."""

LONGEST = 120.0


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    """A control plane that only the tests in here have."""
    made = a_plane(tmp_path_factory.mktemp("faults"))
    yield made
    assert made.cluster.script is not None  # it is our own
    made.cluster.script("down")


@pytest.fixture(scope="module")
def calm(plane: Plane) -> Iterator["Future[Calm]"]:
    """What all stories come to where nothing goes wrong; played beside the first test, which waits for a Lease."""

    async def play() -> Calm:
        async with _reached(plane) as cluster, _staged(cluster, "calm") as stage, plane.controlled("calm"):
            await stage.play(STORIES, 1, LONGEST)
            return await rested(stage)

    with ThreadPoolExecutor(max_workers=1) as beside:
        yield beside.submit(asyncio.run, play())


@asynccontextmanager
async def _reached(plane: Plane) -> AsyncIterator[HttpCluster]:
    async with HttpCluster(login(kubeconfig=str(plane.cluster.kubeconfig))) as cluster:
        yield cluster


@asynccontextmanager
async def _staged(cluster: Cluster, name: str) -> AsyncIterator[Stage]:
    """A namespace whose analyses ask a server of ours, which answers each query by the number in it."""

    async def answer(request: web.Request) -> web.Response:
        asked = {**request.query, **(await request.post())}
        result = [{"metric": {}, "value": [0, asked["query"]]}]
        return web.json_response({"status": "success", "data": {"resultType": "vector", "result": result}})

    application = web.Application()
    application.router.add_route("*", "/api/v1/query", answer)
    async with serving(application) as url, a_stage(cluster, name, templates(url)) as stage:
        yield stage


@asynccontextmanager
async def _playing(stage: Stage, stories: tuple[Story, ...], copies: int = 1) -> AsyncIterator[None]:
    """The stories go on while this lasts, and are over afterwards."""
    playing = asyncio.create_task(stage.play(stories, copies, LONGEST))
    try:
        yield
        await playing
    finally:
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)


async def test_a_standby_takes_over_from_a_killed_leader(
    plane: Plane, calm: "Future[Calm]", dice: random.Random
) -> None:
    """Within twenty seconds it acts, and ends what the other one had begun."""
    async with _reached(plane) as cluster, _staged(cluster, "leader") as stage:
        leader = plane.start("leader")
        await said(leader, " working")
        standby = plane.start("leader")
        try:
            async with _playing(stage, STORIES):
                await stage.changed(dice.randint(100, 500), within=10.0)
                leader.kill()
                new = asyncio.create_task(stage.act("new-rollout", STORIES[0], LONGEST))
                await stage.until(lambda: stage.is_served("new-rollout"), TAKEN_OVER, "the standby acts")
                await new
            await agree(stage, await asyncio.wrap_future(calm))
        finally:
            leader.kill()
            standby.kill()


async def test_killed_controllers_leave_no_trace(plane: Plane, calm: "Future[Calm]", dice: random.Random) -> None:
    """Ten are killed in the middle of it, at random moments of fifty rollouts."""
    async with _reached(plane) as cluster, _staged(cluster, "kills") as stage:
        async with _playing(stage, STORIES, COPIES):
            for _ in range(KILLS):
                await _a_short_life(plane, stage, dice)
            last = plane.start("kills", ALONE)
        try:
            await agree(stage, await asyncio.wrap_future(calm))
        finally:
            last.kill()


async def _a_short_life(plane: Plane, stage: Stage, dice: random.Random) -> None:
    """Killed when so much has changed that the dice say so, or nothing changes any more."""
    program = plane.start(stage.name, ALONE)
    try:
        await said(program, " working")
        await stage.changed(dice.randint(1, 150), within=2.0)
    finally:
        program.kill()


async def test_a_server_that_stops_is_waited_for(plane: Plane, calm: "Future[Calm]", dice: random.Random) -> None:
    """Frozen for a minute, then gone, with the history that watches would go on from."""
    async with _reached(plane) as cluster, _staged(cluster, "stops") as stage, plane.controlled("stops"):
        async with _playing(stage, STORIES):
            await stage.changed(dice.randint(100, 500), within=10.0)
            with plane.frozen():
                await asyncio.sleep(FROZEN)
            await stage.changed(dice.randint(1, 200), within=10.0)
            with plane.stopped():
                await asyncio.sleep(GONE)
                assert plane.cluster.compact is not None  # it is our own
                await plane.cluster.compact()
        await agree(stage, await asyncio.wrap_future(calm))


async def test_writers_that_fight_hold_nothing_up(plane: Plane, calm: "Future[Calm]", dice: random.Random) -> None:
    """An autoscaler, one who scribbles into the status and one who labels: all the time, in every rollout."""
    stories = tuple(story for story in STORIES if story.name in FOUGHT_OVER)
    async with _reached(plane) as cluster, _staged(cluster, "fights") as stage, plane.controlled("fights"):
        async with meddling(stage, dice):
            await stage.play(stories, 1, LONGEST)
        await agree(stage, await asyncio.wrap_future(calm), is_fought_over=True)
