"""The embedded cluster and the controller of one simulated release, in virtual time. Called by `sluice simulate`.

Everything but pods, users and their requests is the real thing: the controller as production wires it, its analyses
over PromQL, the API's own validation. The old version is deployed and serves for a while, then the new one is released
and all that the controller makes of it is noted, until nothing more will come of itself.
"""

import asyncio
import random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, assert_never

from analysis.errors import ProviderError
from analysis.ports import InProcessPorts
from analysis.requests import Defaults
from rollouts.cli.shipped import shipped
from rollouts.cli.simulate_course import Course, Ending, Harm, Look
from rollouts.cli.simulate_deeds import Deeds
from rollouts.cli.simulate_release import Release
from rollouts.cli.simulate_story import (
    PROMOTE,
    Change,
    Deed,
    Happening,
    LoseMetrics,
    LosePods,
    RestartController,
    Story,
)
from rollouts.cluster import kinds
from rollouts.cluster.port import Collection, DeleteOptions, Json, Target
from rollouts.controller.measuring import ClusterPorts
from rollouts.controller.plugins.protocol import Plugin
from rollouts.controller.plugins.registry import StepPlugins
from rollouts.controller.ports import Ports
from rollouts.controller.settings import Settings
from rollouts.controller.sources import informer_source
from rollouts.controller.wiring import Controller
from rollouts.model.errors import RolloutsError
from rollouts.simulator import promql
from rollouts.simulator.clock import virtual_now
from rollouts.simulator.scenario import Behaviour, parse_behaviour
from rollouts.simulator.store import Store
from rollouts.simulator.world import World

LONGEST_START = timedelta(minutes=30)
"""So long the old version may take until it is healthy."""
WARM_UP = timedelta(minutes=2)
"""So long it serves before the release, so that queries over a window have one."""
AFTERMATH = timedelta(seconds=5)
"""After an abort, until routes and pods show it."""
LOOK_SECONDS = 1.0


class Stage:
    """One release. `promote_after` lets a person end each pause without end."""

    def __init__(self, story: Story, release: Release) -> None:
        self.limit = timedelta(hours=6)
        self.promote_after: timedelta | None = None
        self._story, self._objects, self._target = story, release.objects, release.target
        self._before, self._image, self._plugins = release.before, release.image, release.plugins
        # One mapping, which a `change` alters while the world runs.
        self._behaviours: dict[str, Behaviour] = dict(story.scenario.images)
        scenario = replace(story.scenario, images=self._behaviours)
        self._store = Store(virtual_now, seed=scenario.seed)
        self._world = World(scenario, now=virtual_now, store=self._store)
        self._deeds = Deeds(self._store, release.target)
        self._lives = 0
        self._old_hash = ""
        self._blind_until: datetime | None = None
        self._paused_since: datetime | None = None

    async def play(self) -> Course:
        """All of it. RolloutsError: the old version never gets healthy, so there is nothing to release upon."""
        self._store.load_definitions([shipped("crds")])
        async with self._world:
            await self._world.apply(self._objects)
            await self._begin_controller()
            try:
                await self._deploy()
                return await self._release()
            finally:
                await self._end_controller()

    async def _deploy(self) -> None:
        limit = virtual_now() + LONGEST_START
        while not self._look().is_settled:
            if virtual_now() > limit:
                phase, message = self._look().phase, self._look().message
                raise RolloutsError(
                    f"{self._before} is not healthy {LONGEST_START} after the start: {phase}: {message}"
                )
            await asyncio.sleep(LOOK_SECONDS)
        await asyncio.sleep(WARM_UP.total_seconds())

    async def _release(self) -> Course:
        self._old_hash = self._look().stable_hash
        await self._deeds.use(self._image, self._before)
        start, served = virtual_now(), self._world.traffic.served
        course = Course(self._before, self._image, start, self._look())
        course.harm = Harm(served, self._image, self._behaviour(self._image), self._behaviour(self._before).error_rate)
        ahead = list(self._story.happenings)
        while not course.ending:
            await asyncio.sleep(LOOK_SECONDS)
            is_due = bool(ahead) and virtual_now() >= start + ahead[0].after
            while ahead and virtual_now() >= start + ahead[0].after:
                course.note(virtual_now(), *await self._happen(ahead.pop(0).what))
                course.harm.change(self._behaviour(self._image))
            course.take(virtual_now(), self._look(), self._store)
            await self._person(course)
            # What has just happened is not seen yet.
            course.ending = self._ending(course, virtual_now() - start, is_due or bool(ahead))
        if course.ending in (Ending.ROLLED_BACK, Ending.PROMOTED):
            await asyncio.sleep(AFTERMATH.total_seconds())
            course.take(virtual_now(), self._look(), self._store)
        course.harm.end()
        return course

    def _ending(self, course: Course, passed: timedelta, is_more_to_come: bool) -> Ending | None:
        look = self._look()
        if look.is_settled and look.stable_hash != self._old_hash:
            return Ending.PROMOTED
        if passed > self.limit:
            return Ending.UNFINISHED
        if is_more_to_come:
            return None
        if look.phase == "Degraded":
            return self._degraded(look, course)
        if look.needs_person and self.promote_after is None:
            return Ending.WAITING
        return None

    def _degraded(self, look: Look, course: Course) -> Ending | None:
        """An abort has ended once all traffic is back; another trouble is given time to pass."""
        if look.is_aborted:
            return Ending.ROLLED_BACK if look.weight in (None, 0) else None
        return Ending.STUCK if course.quiet_for(virtual_now()) > timedelta(minutes=10) else None

    async def _happen(self, what: Happening) -> tuple[str, str]:
        """Let it happen; how the time line tells of it."""
        match what:
            case Deed(name):
                await self._deeds.do(name)
                return f"a person: {name}", "●"
            case Change(image, fields):
                self._change(image, fields)
                told = ", ".join(f"{name} {value}" for name, value in fields.items())
                return f"failure: {image} has {told} from now on", "⚡"
            case LosePods(image, count):
                return f"failure: {await self._lose(image, count)} pod(s) of {image} are gone", "⚡"
            case LoseMetrics(span):
                self._blind_until = virtual_now() + span
                return f"failure: no metrics for {span.total_seconds():g} s", "⚡"
            case RestartController():
                await self._end_controller()
                await self._begin_controller()
                return "failure: the controller is killed and begins anew", "⚡"
            case _:
                assert_never(what)

    def _behaviour(self, image: str) -> Behaviour:
        return self._behaviours.get(image, self._story.scenario.default)

    def _change(self, image: str, fields: Mapping[str, Any]) -> None:
        self._behaviours[image] = parse_behaviour(self._behaviour(image), fields, "scenario.failures")

    async def _lose(self, image: str, count: int) -> int:
        pods = self._store.peek_all(Collection(kinds.PODS, self._target.namespace))
        chosen = [pod for pod in pods if any(c.get("image") == image for c in pod["spec"]["containers"])][:count]
        for pod in chosen:
            target = Target(kinds.PODS, pod["metadata"]["name"], self._target.namespace)
            await self._store.delete(target, DeleteOptions(grace=0))
        return len(chosen)

    async def _person(self, course: Course) -> None:
        """Promotes what has waited for a person long enough."""
        if self.promote_after is None or not self._look().needs_person:
            self._paused_since = None
            return
        self._paused_since = self._paused_since or virtual_now()
        if virtual_now() >= self._paused_since + self.promote_after:
            self._paused_since = None
            await self._deeds.do(PROMOTE)
            course.note(virtual_now(), "a person: promote", "●")

    def _look(self) -> Look:
        namespace = self._target.namespace
        rollout = self._store.peek(self._target)
        if rollout is None:
            raise RolloutsError(f"rollout {self._target.name} is gone")
        return Look.of(rollout, self._store.peek_all(Collection(kinds.REPLICA_SETS, namespace)))

    def _measure(self, query: str, now: datetime) -> Json:
        if self._blind_until is not None and virtual_now() < self._blind_until:
            raise ProviderError("connection refused (a failure of the scenario)")
        return {"status": "success", "data": promql.query(self._world.series, query, now.timestamp())}

    def _services(self) -> InProcessPorts:
        """The metrics of the simulated users; what else metrics ask is asked of the simulated cluster."""
        return InProcessPorts(self._measure, None, Defaults("http://prometheus"))

    async def _begin_controller(self) -> None:
        self._lives += 1
        dice = random.Random(f"life {self._lives} of {self._story.scenario.seed}")
        ports = Ports(
            cluster=self._store,
            clock=virtual_now,
            source=informer_source(self._store, dice),
            measuring=ClusterPorts(self._services(), self._store, "argo-rollouts"),
            identity=f"simulated-{self._lives}",
            dice=dice,
            plugins=StepPlugins([Plugin(name, _succeed, _nothing) for name in self._plugins], virtual_now),
        )
        controller = Controller(ports, Settings(is_elected=False, syncs_git=False))
        self._running = asyncio.create_task(controller.run(asyncio.Event()))
        ready = asyncio.create_task(controller.ready.wait())
        await asyncio.wait({self._running, ready}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if self._running.done():
            await self._running

    async def _end_controller(self) -> None:
        """Killed, not asked to go: nothing that it was about to do is done."""
        self._running.cancel()
        with suppress(asyncio.CancelledError):
            await self._running


async def _succeed(_method: str, _context: Json) -> Json:
    """What a step plugin answers here."""
    return {"phase": "Successful", "message": "simulated"}


async def _nothing() -> None:
    """A simulated plugin has nothing to close."""
