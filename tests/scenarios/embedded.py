"""A stage on the embedded cluster: store, nodes and the controller in this process. Called by playing.

In virtual time, where a minute takes as long as its work; or, for scenarios that a real kubectl takes part in
(`served`), on the machine's own clock with the HTTP front.
"""

import asyncio
import io
import json
import random
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from analysis.ports import InProcessPorts
from analysis.requests import Answer, Defaults, Http
from rollouts.cluster import kinds
from rollouts.cluster.port import Collection, Json, Page, Patch, Query, Resource, Target, WatchEvent
from rollouts.controller.clock import Clock, wall_clock
from rollouts.controller.measuring import ClusterPorts
from rollouts.controller.ports import Ports
from rollouts.controller.settings import Settings
from rollouts.controller.sources import informer_source
from rollouts.controller.wiring import Controller
from rollouts.simulator.api import serve
from rollouts.simulator.clock import run_virtual, virtual_now
from rollouts.simulator.scenario import Scenario
from rollouts.simulator.store import Store
from rollouts.simulator.world import World
from rollouts.telemetry.logs import configure
from tests.scenarios.commands import kubectl, run_command
from tests.scenarios.hooks import Hooks
from tests.scenarios.sight import watched
from tests.scenarios.stage import House, Stage

T = TypeVar("T")
CRDS = Path(__file__).parents[2] / "crds"
NOBODY_ASKS = Scenario(requests_per_second=0)
Story = Callable[[Stage], Coroutine[Any, Any, None]]


def play(story: Story, namespace: str, *, served: bool = False) -> None:
    """Play a story in a cluster of its own."""
    log = io.StringIO()
    configure("logfmt", stream=log)
    try:
        if served:
            asyncio.run(_play(story, namespace, wall_clock, log, served=True))
        else:
            run_virtual(_play(story, namespace, virtual_now, log, served=False))
    finally:
        configure(level="panic")


async def _play(story: Story, namespace: str, clock: Clock, log: io.StringIO, *, served: bool) -> None:
    store = Store(clock, seed=1)
    store.load_definitions([CRDS])
    answers, hooks = dict[str, float](), Hooks()
    async with World(NOBODY_ASKS, now=clock, store=store) as world, _controlled(store, clock, answers, hooks):
        await store.create(Collection(kinds.NAMESPACES), {"metadata": {"name": namespace}})
        async with watched(store) as shelves, _kubectl(store, served=served) as ask:
            house = House(
                cluster=store,
                shelves=shelves,
                clock=clock,
                command=_commands(store, clock),
                kubectl=ask,
                log=lambda: log.getvalue().splitlines(),
                answers=answers,
                hooks=hooks,
                turn=_turned(hooks),
            )
            stage = Stage(house, namespace)
            await story(stage)
            stage.end()
        assert world.failures == {}


@asynccontextmanager
async def _controlled(store: Store, clock: Clock, answers: dict[str, float], hooks: Hooks) -> AsyncIterator[None]:
    """The controller runs."""

    def measure(query: str, now: datetime) -> Json:
        del now
        return answer(query, answers)

    def hear(request: Http) -> Answer:
        if request.method == "GET":
            return Answer(200, json.dumps(answer(dict(request.params)["query"], answers)).encode())
        status, text = hooks.hear(request.path, request.body)
        return Answer(status, text.encode())

    beyond = InProcessPorts(measure, None, Defaults("http://prometheus"), hear)
    ports = Ports(
        cluster=store,
        clock=clock,
        source=informer_source(store, random.Random(1)),
        measuring=ClusterPorts(beyond, store, "argo-rollouts"),
        identity="controller",
        dice=random.Random(1),
    )
    controller, stop = Controller(ports, Settings(is_elected=False)), asyncio.Event()
    running = asyncio.create_task(controller.run(stop))
    try:
        await controller.ready.wait()
        yield
    finally:
        stop.set()
        await running


@asynccontextmanager
async def _kubectl(store: Store, *, served: bool) -> AsyncIterator[Callable[[str, Sequence[str]], Awaitable[str]]]:
    if not served:
        yield _no_kubectl
        return
    with tempfile.TemporaryDirectory(prefix="sluice-scenario-") as folder:
        async with serve(store) as front:
            yield kubectl(front.kubeconfig(Path(folder) / "kubeconfig"))


def _turned(hooks: Hooks) -> Callable[[str, Json], Awaitable[None]]:
    async def turn(path: str, told: Json) -> None:
        hooks.hear(path, json.dumps(told).encode())

    return turn


async def _no_kubectl(namespace: str, words: Sequence[str]) -> str:
    raise AssertionError("kubectl lives in real time: declare the scenario by @scenario(served=True)")


def answer(query: str, answers: dict[str, float]) -> Json:
    """What the Prometheus of scenarios says: a number itself, else what a stage `says`, else no data."""
    number = answers.get(query) if query in answers else _number(query)
    if number is None:  # a built-in query, known by words in it
        number = next((value for words, value in answers.items() if all(one in query for one in words.split())), None)
    result = [] if number is None else [{"metric": {}, "value": [0, str(number)]}]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}


def _number(query: str) -> float | None:
    try:
        return float(query)
    except ValueError:
        return None


def _commands(store: Store, clock: Clock) -> Callable[[str, Sequence[str]], Awaitable[None]]:
    async def command(namespace: str, words: Sequence[str]) -> None:
        run_command(words, {"namespace": namespace}, lambda _flags: StoreApi(store, namespace), clock)

    return command


class StoreApi:
    """The store as our CLI sees an API server: blocking verbs. None of the store's ever waits."""

    def __init__(self, store: Store, namespace: str) -> None:
        self.namespace = namespace
        self._store = store

    def get(self, target: Target) -> Json:
        """The object."""
        return _at_once(self._store.get(target))

    def list(self, collection: Collection, query: Query = Query()) -> Page:
        """All of it in a page."""
        return _at_once(self._store.list(collection, query))

    def list_all(self, collection: Collection, query: Query = Query()) -> Iterator[Json]:
        """All of it."""
        return iter(self.list(collection, query).items)

    def watch(self, collection: Collection, query: Query = Query()) -> Iterator[WatchEvent]:
        """No command of a scenario waits."""
        raise AssertionError(f"a scenario's command may not watch {collection.resource.plural}: use stage.until")

    def create(self, collection: Collection, body: Json) -> Json:
        """The object as stored."""
        return _at_once(self._store.create(collection, body))

    def patch(self, target: Target, patch: Patch) -> Json:
        """The object after the patch."""
        return _at_once(self._store.patch(target, patch))

    def replace(self, target: Target, body: Json) -> Json:
        """The object as stored."""
        return _at_once(self._store.replace(target, body))

    def discover(self) -> tuple[Resource, ...]:
        """Nothing but the kinds that everybody knows."""
        return ()


def _at_once(verb: Coroutine[Any, Any, T]) -> T:
    try:
        verb.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    verb.close()
    raise AssertionError("a verb of the store waited")
