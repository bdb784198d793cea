"""The manner of rollouts that tick. Called by reconcile and apply; made by wiring."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from rollouts.cluster.port import Json, Resource
from rollouts.controller.ticking.answers import Answers, who
from rollouts.controller.ticking.beats import Beats, Blips
from rollouts.controller.ticking.observe import TickingObserver
from rollouts.controller.ticking.scenes import Counts
from rollouts.controller.ticking.tidings import Tidings
from rollouts.controller.ticking.world import TickingWorld, seen
from rollouts.decide.tidings import SYNCED
from rollouts.model import effects
from rollouts.model.alerts import Alert
from rollouts.model.effects import CallGate, CreateCopy, Effect, GiveBack, OverwriteCopy, ShiftTraffic, Tend
from rollouts.model.objects import Ref
from rollouts.model.owned import Split
from rollouts.model.plan import Event
from rollouts.model.questions import Answer, Question
from rollouts.model.snapshot import Failure, Snapshot
from rollouts.model.status import Status
from rollouts.traffic.protocol import Rendered
from rollouts.workloads import twins


class Ticking:
    """All that a round needs of one kind."""

    def __init__(self, observer: TickingObserver, answers: Answers, tidings: Tidings, counts: Counts) -> None:
        self._counts = counts
        self._observer = observer
        self._answers = answers
        self._tidings = tidings
        self._beats = Beats()
        self._blips = Blips()

    @property
    def resource(self) -> Resource:
        """What its manifests are called."""
        return self._observer.resource

    @property
    def routing_trouble(self) -> str:
        """That of all events."""
        return SYNCED

    async def gather(self, manifest: Json) -> TickingWorld:
        """What is around this rollout now."""
        return await self._observer.gather(manifest)

    async def refresh(self, ref: Ref, keep: Callable[[Json], bool] = lambda _obj: True) -> Json | None:
        """Read an object past the caches."""
        return await self._observer.refresh(ref, keep)

    def see(
        self, world: TickingWorld, answers: Mapping[Question, Answer], failures: Iterable[Failure], now: datetime
    ) -> Snapshot:
        """The world as a decision sees it."""
        rollout = world.rollout
        if not world.copying.is_literal:
            world = replace(world, rollout=self._blips.seen(rollout, now))
        snapshot = seen(world, answers, failures, now)
        self._blips.note(rollout, now, is_ready=snapshot.twins.is_ready)
        return replace(snapshot, rollout=self._beats.seen(rollout))

    async def render(self, effect: Effect, world: TickingWorld, wanted: Status) -> Rendered:
        """What an effect asks of the cluster; for copies of configuration, with its contents."""
        match effect:
            case ShiftTraffic() | Tend(part=effects.ROUTE):
                return _routed(effect, world, wanted)
            case GiveBack():
                changes = twins.render(effect, world.copying, world.objects)
                return Rendered((*changes, *_given_back(world).changes))
            case CreateCopy() | OverwriteCopy():
                whole = await self._observer.configs.whole(world.objects)
                return Rendered(twins.render(effect, world.copying, whole))
            case CallGate():
                return Rendered()  # the webhook is called once the round is over
            case _:
                return Rendered(twins.render(effect, world.copying, world.objects))

    def project(self, status: Status, world: TickingWorld) -> Json:
        """The whole status as it is written; a tick that changed nothing is remembered instead."""
        return world.dialect.project(self._beats.written(world.rollout, status), world.copying.pair.kind)

    async def answer(self, question: Question, world: TickingWorld) -> Answer:
        """What the world says."""
        return await self._answers.answer(question, world)

    def stuck(self, failure: Failure) -> tuple[Event, ...]:
        """No decision asks what was refused: an event tells it."""
        if isinstance(failure.effect, ShiftTraffic):
            return ()  # told by whoever carried it out
        effect = type(failure.effect).__name__
        return (Event(SYNCED, f"{effect} was refused: {failure.message}", is_warning=True),)

    def reported(self, world: TickingWorld, status: Status) -> None:
        """A run may have ended."""
        self._counts.reported(world, status)

    async def close(self) -> None:
        """Tell no more."""
        await self._tidings.close()

    def forget(self, namespace: str, name: str) -> None:
        """The rollout is gone."""
        self._beats.forget((namespace, name))
        self._blips.forget((namespace, name))
        self._answers.forget((namespace, name))
        self._observer.forget(namespace, name)

    def announce(self, world: TickingWorld, events: Iterable[Event], alerts: Iterable[Alert]) -> None:
        """Tell webhooks and chats, and note how long the tick's questions took; returns at once."""
        took = self._answers.took(who(world))
        if took is not None:
            self._counts.took(world, took)
        self._tidings.announce(world, events, alerts)


def _routed(effect: Effect, world: TickingWorld, wanted: Status) -> Rendered:
    if world.routing is None:
        return Rendered()
    router, route = world.routing
    if not isinstance(effect, ShiftTraffic):
        return router.tend(route, world.objects)
    shares = effect.shares
    split = Split(shares.stable.weight, shares.canary.weight, effect.is_mirrored, wanted.ticks.cookies)
    return router.shift(route, world.objects, split)


def _given_back(world: TickingWorld) -> Rendered:
    if world.routing is None:
        return Rendered()
    router, route = world.routing
    return router.give_back(route, world.objects)
