"""One round of a rollout, told in names: observe, decide, ask or apply, write the status, tell of it.

Called by kinds/rollout. Decides nothing itself, and keeps nothing that a restart would miss: refused effects and
answers live until the next round, and are met again after a crash.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Generic

from rollouts.cluster.errors import ClusterError, NotFoundError
from rollouts.cluster.events import Events, event_name
from rollouts.cluster.port import Cluster, Json
from rollouts.controller.apply import Applier, Outcome
from rollouts.controller.ask import Conversations
from rollouts.controller.caches import Caches
from rollouts.controller.drains import Drains
from rollouts.controller.kinds.protocol import Key
from rollouts.controller.manner import Manner, W
from rollouts.controller.patience import Patience
from rollouts.controller.pods import Pods
from rollouts.controller.report import told_by, told_with
from rollouts.controller.resources import Resources
from rollouts.controller.statuses import Statuses
from rollouts.controller.verify import Outside
from rollouts.controller.wakers import key_of
from rollouts.decide.ahead import decide_ahead
from rollouts.model.alerts import Alert
from rollouts.model.effects import CallGate, Effect
from rollouts.model.errors import TemporaryError
from rollouts.model.objects import ref_of
from rollouts.model.plan import Event, Plan
from rollouts.model.questions import Answer, Question
from rollouts.model.snapshot import Failure, Snapshot
from rollouts.model.strategy import Pace
from rollouts.telemetry.logs import log

Decide = Callable[[Snapshot, datetime], Plan]
"""What next? The project's own answer is rollouts.decide, as many rounds ahead as is safe."""


class EffectRefusedError(TemporaryError):
    """The API server refused an effect; the next round decides with that knowledge."""


class Reconciler(Generic[W]):
    """Makes rounds. `wake` asks for one more round of a key: after an answer, and after whatever changed the world.

    `decide` is what the rounds obey; a simulation may put a worse one in its place, to see that it is found out.
    """

    decide: Decide = staticmethod(decide_ahead)

    def __init__(
        self,
        cluster: Cluster,
        caches: Caches,
        events: Events,
        wake: Callable[[Key], None],
        manner: Manner[W],
        pods: Pods,
    ) -> None:
        self._manner = manner
        self._events = events
        self._wake = wake
        self.conversations = Conversations(wake)
        self._applier = Applier(caches, Resources(cluster), manner, pods)
        self._statuses = Statuses(cluster, manner.resource, caches)
        self._failures: dict[Key, Failure] = {}
        self._told: dict[Key, frozenset[str]] = {}
        self._patience = Patience()
        self.drains = Drains()

    async def round(self, key: Key, manifest: Json, now: datetime) -> datetime | None:
        """Bring the world one decision further; the moment at which time alone makes another."""
        world = await self._manner.gather(manifest)
        failure = self._failures.pop(key, None)
        answers = self.conversations.answers(key)
        snapshot = self._manner.see(world, answers, _some(failure), now)
        plan = self.decide(self.drains.seen(key, snapshot, now), now)
        if plan.questions:
            self._ask(key, world, plan.questions)
            return plan.wake_at
        keeps_answers = world.rollout.pace is Pace.TICKS
        if not keeps_answers:
            self.conversations.settle(key)
        outcome = await self._applier.apply_effects(world, plan)
        self.drains.note(key, outcome.moved)
        if await self._is_over(world, outcome):
            return None
        is_whole = outcome.failure is None and outcome.error is None
        wake_at = plan.wake_at
        is_seen = failure is not None and not keeps_answers
        if is_whole or (outcome.failure is not None and is_seen):
            wake_at = await self._conclude(key, world, plan, outcome, now)
            if keeps_answers:  # until here the same tick may be made again, and nobody is asked twice in it
                self.conversations.settle(key, answers)
        else:
            stuck = () if outcome.failure is None else self._manner.stuck(outcome.failure)
            await self._tell(world, (*outcome.events, *told_by(outcome.done, plan.events), *stuck))
        self._raise_trouble(key, outcome)
        self._ask(key, world, (*plan.errands, *_called(outcome.done)))
        return wake_at

    def _ask(self, key: Key, world: W, questions: tuple[Question, ...]) -> None:
        def asked(question: Question) -> Awaitable[Answer]:
            return self._manner.answer(question, world)

        self.conversations.put(key, questions, asked)

    async def _is_over(self, world: W, outcome: Outcome) -> bool:
        """Whether an effect met nothing because the rollout itself is gone: no trouble, and nothing left to do."""
        if outcome.failure is None or outcome.failure.reason != NotFoundError.reason:
            return False
        return await self._manner.refresh(ref_of(world.manifest)) is None

    def count_corrections(self, count: Callable[[str, str], None]) -> None:
        """Tell `count`, by namespace and name of the rollout, whenever a foreign change of a route is set right."""
        self._applier.on_correction = count

    def reach(self, outside: Outside) -> None:
        """From now on this carries out what routers ask for beyond the cluster."""
        self._applier.outside = outside

    def forget(self, key: Key) -> None:
        """The rollout is gone."""
        self._failures.pop(key, None)
        self._told.pop(key, None)
        self._patience.end(key)
        self.drains.forget(key)
        self.conversations.forget(key)

    async def _conclude(self, key: Key, world: W, plan: Plan, outcome: Outcome, now: datetime) -> datetime | None:
        """Report, unless the status may wait: then only of the effects, and of what comes before them."""
        plan = replace(plan, events=self._patience.untold(key, plan.events))
        until = self._patience.ends_at(key, plan, now)
        if until is not None:
            events = told_with(outcome.done, plan.events)
            await self._tell(world, (*outcome.events, *events))
            self._patience.tell(key, events)
            return until if plan.wake_at is None else min(until, plan.wake_at)
        has_written = await self._report(world, plan, outcome)
        self._patience.end(key)
        is_between_ticks = world.rollout.pace is Pace.TICKS and plan.wake_at is not None
        if (outcome.felt or has_written) and not plan.is_settled and not is_between_ticks:
            self._wake(key)
        return plan.wake_at

    async def _report(self, world: W, plan: Plan, outcome: Outcome) -> bool:
        """Status, then events. Where the status does not come to stand, only the effects are told of: they are done."""
        try:
            has_written = await self._statuses.write(
                world.manifest,
                self._manner.project(plan.status, world),
                unheard_by=self._key_of(world),
            )
        except ClusterError:
            await self._tell(world, (*outcome.events, *told_by(outcome.done, plan.events)))
            raise
        if has_written or outcome.felt:
            log().info("reconciled", rollout=_title(world.manifest), reason=plan.reason, effects=len(outcome.done))
        if has_written:
            self._manner.reported(world, plan.status)
        untrue = set(told_by([effect for effect in plan.effects if effect not in outcome.done], plan.events))
        told = (*outcome.events, *(event for event in plan.events if event not in untrue))
        await self._tell(world, told, plan.alerts)
        return has_written

    async def _tell(self, world: W, events: Sequence[Event], alerts: Sequence[Alert] = ()) -> None:
        """Tell what the last round did not tell in the same words, where the rollout stood as it stands."""
        key, names = self._key_of(world), {event_name(world.manifest, event): event for event in events}
        untold = [event for name, event in names.items() if name not in self._told.get(key, ())]
        if names:
            self._told[key] = frozenset(names)
        for event in untold:
            await self._events.emit(world.manifest, event)
        self._manner.announce(world, untold, alerts)

    def _key_of(self, world: W) -> Key:
        return key_of(world.manifest, self._manner.resource)

    def _raise_trouble(self, key: Key, outcome: Outcome) -> None:
        if outcome.error is not None:
            raise outcome.error
        if outcome.failure is not None:
            self._failures[key] = outcome.failure
            effect = type(outcome.failure.effect).__name__
            raise EffectRefusedError(f"{effect}: {outcome.failure.reason}: {outcome.failure.message}")


def _called(done: Iterable[Effect]) -> tuple[Question, ...]:
    """Webhooks that are told of what has been done."""
    return tuple(effect.question for effect in done if isinstance(effect, CallGate))


def _some(failure: Failure | None) -> tuple[Failure, ...]:
    return () if failure is None else (failure,)


def _title(obj: Json) -> str:
    return f"{obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}"
