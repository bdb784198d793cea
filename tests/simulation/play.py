"""Plays a story in virtual time: world, user, witness and a controller of many lives. Called by all tests in here."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from analysis.ports import InProcessPorts
from analysis.requests import Defaults
from rollouts.cluster import kinds
from rollouts.cluster.port import Cluster, Collection, Json, Query
from rollouts.controller.ports import GitPorts, Ports
from rollouts.controller.reconcile import Decide
from rollouts.controller.settings import Settings
from rollouts.controller.sources import informer_source
from rollouts.controller.wiring import Controller
from rollouts.decide.ahead import decide_ahead
from rollouts.simulator import promql
from rollouts.simulator.clock import run_virtual, virtual_now
from rollouts.simulator.scenario import Scenario
from rollouts.simulator.store import Store
from rollouts.simulator.world import World
from rollouts.telemetry.logs import configure
from tests.builders.simulation import BAD, NAMESPACE, Deed
from tests.simulation.everything import everything
from tests.simulation.faults import Chance, EverySite, Fault, Site, Tally
from tests.simulation.invariants import HASH
from tests.simulation.lives import Lives, count_tasks
from tests.simulation.rivals import Rivals
from tests.simulation.users import User
from tests.simulation.witness import Actor, Mirror, Witness, tapped
from tests.simulation.words import CRDS, Settles

QUIET = timedelta(seconds=100)
"""So long nothing may change before a world is said to rest: longer than every timer of a story and every back-off."""

LONGEST_UNREST = timedelta(minutes=50)
MOST_CHANGES = 2500
CALM_PATIENCE, PATIENCE = timedelta(seconds=1), timedelta(seconds=45)
ARGO = ("rollouts", "analysisruns", "experiments", "analysistemplates", "clusteranalysistemplates")
FLUX = ("gitrepositories", "kustomizations")
ALONE = Settings(is_elected=False)
Trouble = Chance | EverySite


@dataclass(frozen=True)
class Plant:
    """A bug put in from outside: a cluster or a decide of each life's own."""

    cluster: Callable[[Cluster], Cluster] = lambda cluster: cluster
    decide: Callable[[], Decide] = lambda: decide_ahead


@dataclass(frozen=True)
class Play:
    """What is to be played.

    `deeds` come with the seconds before each; `patient` users rest after each. What is no Deed is a commit. `git` makes
    the ports of each life. Analyses ask what the traffic was, or else whether the version's image is the bad one.
    `rivals` write beside everybody else while there is trouble.
    """

    scenario: Scenario
    manifests: list[Json]
    deeds: tuple[tuple[float, Any], ...]
    patient: bool
    settings: Settings = ALONE
    seconds_of_trouble: float = 30.0
    git: Callable[[], GitPorts] | None = None
    commit: Callable[[Any], None] | None = None
    measures_traffic: bool = False
    rivals: tuple[str, ...] = ()


@dataclass(repr=False)  # a history is long, and asyncio prints the result of a task to itself
class Outcome:
    """What became of a play."""

    witness: Witness
    tally: Tally
    portraits: list[Json] = field(default_factory=list)
    lives: int = 0
    failures: dict[Any, Exception] = field(default_factory=dict)


class RestlessError(Exception):
    """The world does not come to rest."""


def played(play: Play, trouble: Trouble, plant: Plant = Plant()) -> Outcome:
    """Play it to the end, in virtual time."""
    configure(level="panic")
    return run_virtual(_Stage(play, trouble, plant).play())


class _Stage:
    def __init__(self, play: Play, trouble: Trouble, plant: Plant) -> None:
        self._play = play
        self._trouble = trouble
        self._plant = plant
        self._dice = random.Random(f"stage {play.scenario.seed}")
        mirror = Mirror(PATIENCE if trouble.percent else CALM_PATIENCE)
        self._witness = Witness(virtual_now, everything(), mirror, MOST_CHANGES)
        self._tally = Tally()
        self._spell = 0

    async def play(self) -> Outcome:
        """All of it."""
        count_tasks()
        self._store = Store(virtual_now, seed=self._play.scenario.seed)
        names = (*ARGO, *FLUX) if self._play.git else ARGO
        self._store.load_definitions([CRDS / f"{name}.yaml" for name in names])
        self._witness.listen_to(self._store)
        self._user = User(self._store, self._witness)
        async with World(self._play.scenario, now=virtual_now, store=self._store) as world:
            self._world = world
            with self._witness.acting(Actor.USER):
                await self._settle_in(world)
            self._lives = self._make_lives()
            living = asyncio.create_task(self._lives.run())
            meddling = asyncio.create_task(self._meddle())
            try:
                outcome = await self._act(living)
            finally:
                for task in (living, meddling):
                    task.cancel()
                await asyncio.gather(living, meddling, return_exceptions=True)
            outcome.failures = world.failures
        return outcome

    async def _settle_in(self, world: World) -> None:
        namespaces = (NAMESPACE, self._play.settings.lease_namespace)
        await world.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in namespaces)
        await world.apply(self._play.manifests)

    async def _act(self, living: "asyncio.Task[None]") -> Outcome:
        outcome = Outcome(self._witness, self._tally)
        self._begin_trouble()
        acting = asyncio.create_task(self._story(outcome))
        await asyncio.wait({acting, living}, return_when=asyncio.FIRST_COMPLETED)
        if living.done():
            acting.cancel()
            await living
        with suppress(RestlessError):  # the witness knows
            await acting
        outcome.lives = self._lives.count
        return outcome

    async def _story(self, outcome: Outcome) -> None:
        if self._play.patient:
            outcome.portraits.append(await self._rested())
        for wait, deed in self._play.deeds:
            await asyncio.sleep(wait)
            self._begin_trouble()
            await self._do(deed)
            if self._play.patient:
                outcome.portraits.append(await self._rested())
        outcome.portraits.append(await self._rested())
        await self._minute_of_calm()
        self._witness.end()

    async def _meddle(self) -> None:
        dice = random.Random(f"rivals {self._play.scenario.seed}")
        rivals = Rivals(self._play.rivals, self._store, self._witness, dice)
        while self._play.rivals:
            await asyncio.sleep(dice.uniform(0.3, 4.0))
            await (rivals.leave() if self._trouble.is_calm else rivals.strike())

    async def _do(self, deed: Any) -> None:
        if isinstance(deed, Deed):
            await self._user.do(deed)
        elif self._play.commit is not None:
            self._play.commit(deed)

    def _begin_trouble(self) -> None:
        """For a while, all may go wrong; the last call counts."""
        self._trouble.is_calm = False
        self._spell += 1
        loop, length = asyncio.get_running_loop(), self._play.seconds_of_trouble
        loop.call_later(length, self._end_trouble, self._spell)
        if self._trouble.percent and self._dice.random() < 0.3:
            loop.call_later(self._dice.uniform(0, length), self._compact)

    def _end_trouble(self, spell: int) -> None:
        if spell == self._spell:
            self._trouble.is_calm = True

    def _compact(self) -> None:
        self._store.compact()
        self._tally.note(Site("event", "*"), Fault.COMPACTED)

    async def _rested(self) -> Json:
        """Wait until nothing moves; what the world looks like then."""
        limit = virtual_now() + LONGEST_UNREST
        while True:
            quiet = virtual_now() - max(self._witness.last_change, self._lives.up_since)
            if self._trouble.is_calm and self._lives.is_up and quiet >= QUIET:
                return portrait(self._store)
            if virtual_now() > limit or self._witness.overflow.is_set():
                last = [(str(at), shelf[1]) for at, shelf, _ in self._witness.history[-5:]]
                self._witness.judge(Settles.name, [f"no rest within {LONGEST_UNREST}; the last changes: {last}"])
                raise RestlessError
            await self._wait(max(1.0, (QUIET - quiet).total_seconds()))

    async def _wait(self, seconds: float) -> None:
        """So long, or until far too much has happened."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._witness.overflow.wait()

    async def _minute_of_calm(self) -> None:
        """A controller that knows everything has nothing to write, and so has one that begins anew."""
        for is_new in (False, True):
            before = len(self._witness.requests)
            if is_new:
                await self._lives.restart()
            await asyncio.sleep(60)
            self._witness.judge(Settles.name, Settles.judged(self._witness.requests[before:]))

    def _make_lives(self) -> Lives:
        seed = self._play.scenario.seed
        return Lives(
            cluster=tapped(self._store, self._witness),
            born=self._born,
            omen=self._trouble,
            tally=self._tally,
            dice=random.Random(f"lives {seed}"),
            plant=self._plant.cluster,
        )

    def _born(self, cluster: Cluster, number: int) -> Controller:
        dice = random.Random(f"life {number} of {self._play.scenario.seed}")
        ports = Ports(
            cluster=cluster,
            clock=virtual_now,
            source=informer_source(cluster, dice),
            measuring=InProcessPorts(self._measure, None, Defaults("http://prometheus")),
            git=self._play.git() if self._play.git else None,
            identity=f"life-{number}",
            dice=dice,
            decide=self._plant.decide(),
        )
        return Controller(ports, self._play.settings)

    def _measure(self, query: str, now: Any) -> Json:
        if self._play.measures_traffic:
            return {"status": "success", "data": promql.query(self._world.series, query, now.timestamp())}
        found = self._store.peek_all(Collection(kinds.REPLICA_SETS, NAMESPACE), Query(labels=f"{HASH}={query}"))
        value = "0" if any(_image(rs) == BAD for rs in found) else "1"
        return {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [0, value]}]}}


def portrait(store: Store) -> Json:
    """What users see of a world at rest, without names, times and versions that may differ from run to run."""
    sets = {_label(rs): rs for rs in store.peek_all(Collection(kinds.REPLICA_SETS, NAMESPACE), Query(labels=HASH))}
    images = {label: _image(rs) for label, rs in sets.items()}
    services = store.peek_all(Collection(kinds.SERVICES, NAMESPACE))
    routes = store.peek_all(Collection(kinds.HTTP_ROUTES, NAMESPACE))
    return {
        "rollouts": [_essence(r, images) for r in store.peek_all(Collection(kinds.ROLLOUTS, NAMESPACE))],
        "sizes": sorted((_image(rs), rs["spec"]["replicas"], _available(rs)) for rs in sets.values()),
        "services": {s["metadata"]["name"]: images.get(s["spec"].get("selector", {}).get(HASH)) for s in services},
        "routes": [(route["spec"]["rules"], route["metadata"].get("labels")) for route in routes],
    }


def _essence(rollout: Json, images: dict[str, str]) -> Json:
    status = rollout.get("status") or {}
    kept = ("phase", "abort", "promoteFull", "currentStepIndex", "controllerPause", "replicas", "availableReplicas")
    return {
        **{key: status.get(key) or None for key in kept},
        "stable": images.get(status.get("stableRS", "")),
        "current": images.get(status.get("currentPodHash", "")),
        "pauses": [pause["reason"] for pause in status.get("pauseConditions") or ()],
        "spec": {key: rollout["spec"].get(key) for key in ("replicas", "paused")},
    }


def _label(rs: Json) -> str:
    return str(rs["metadata"].get("labels", {}).get(HASH))


def _image(rs: Json) -> str:
    return str(rs["spec"]["template"]["spec"]["containers"][0]["image"])


def _available(rs: Json) -> int:
    return int((rs.get("status") or {}).get("availableReplicas", 0))
