"""A Canary as the controller sees it now, and what its next ticks would decide: read-only. Called by explain.

The controller's own observing and deciding, run on what the API server shows. Nobody is asked: webhooks may start load,
and metrics may be out of reach from here. Instead the next tick is decided as it will be if all of them agree.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

from rollouts.cli.looking import Looking
from rollouts.cli.session import Session
from rollouts.cli.timeline import Happening, merged
from rollouts.cluster.errors import ForbiddenError
from rollouts.cluster.kinds import CANARIES, EVENTS
from rollouts.cluster.port import Json
from rollouts.controller.caches import Caches
from rollouts.controller.resources import Resources
from rollouts.controller.routes import Routes
from rollouts.controller.ticking.observe import TickingObserver
from rollouts.controller.ticking.settings import Wishes
from rollouts.controller.ticking.world import TickingWorld, seen
from rollouts.decide import decide
from rollouts.dialects.registry import TICKING, Flags
from rollouts.model import gates as moments
from rollouts.model.plan import Plan
from rollouts.model.questions import Answer, AskGate, AskMetric, GateAnswer, MetricAnswer, Question
from rollouts.model.snapshot import Snapshot
from rollouts.model.strategy import Check, Progressive
from rollouts.traffic.owned.protocol import OwnedOptions
from rollouts.traffic.owned.registry import owned

MOST_QUESTIONS = 200


@dataclass(frozen=True, slots=True)
class Ahead:
    """A moment, what is decided then if everybody agrees, and who is asked before."""

    at: datetime
    plan: Plan
    asked: tuple[Question, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """One look: the world, the plan of this moment, the next tick, and what was told of the Canary lately."""

    now: datetime
    world: TickingWorld
    snapshot: Snapshot
    plan: Plan
    ahead: Ahead
    told: tuple[Happening, ...]

    @property
    def strategy(self) -> Progressive:
        """How it ticks."""
        return self.world.strategy


def look(session: Session, manifest: Json) -> Look:
    """Look once."""
    now = session.now()
    world = asyncio.run(_world(session, manifest))
    snapshot = seen(world, {}, (), now)
    told = merged(session.all_of(EVENTS), {manifest["metadata"].get("uid", "")})
    plan = decide(snapshot, now)
    ahead = forecast(snapshot, max(now, plan.wake_at or now))
    return Look(now, world, snapshot, plan, ahead, tuple(told))


def forecast(snapshot: Snapshot, at: datetime) -> Ahead:
    """The decision of that moment, all questions answered well."""
    answers: dict[Question, Answer] = {}
    strategy = snapshot.rollout.strategy
    assert isinstance(strategy, Progressive)  # a Canary's dialect knows no other
    checks = {check.name: check for check in strategy.checks}
    for _ in range(MOST_QUESTIONS):
        plan = decide(replace(snapshot, answers=answers), at)
        fresh = [question for question in plan.questions if question not in answers]
        if not fresh:
            break
        answers |= {question: _agreeing(question, checks) for question in fresh}
    return Ahead(at, plan, tuple(answers))


def _agreeing(question: Question, checks: dict[str, Check]) -> Answer:
    match question:
        case AskGate(moment=moment):
            return GateAnswer(is_open=moment != moments.ROLLBACK)
        case AskMetric(name=name):
            return MetricAnswer(_passing(checks[name]) if name in checks else 1.0)
        case _:
            raise TypeError(f"a Canary asks no {type(question).__name__}")


def _passing(check: Check) -> float:
    """A value that lies within the bounds."""
    bound = next((bound for bound in (check.low, check.high) if bound is not None), 0.0)
    return bound / check.scale


async def _world(session: Session, manifest: Json) -> TickingWorld:
    """The world; without the right to read Secrets, configuration counts as unchanged."""
    try:
        return await _observer(session, Flags()).gather(manifest)
    except ForbiddenError:
        world = await _observer(session, Flags(tracks_configs=False)).gather(manifest)
        return replace(world, rollout=replace(world.rollout, configs=world.rollout.status.ticks.configs))


def _observer(session: Session, flags: Flags) -> TickingObserver:
    cluster, caches = Looking(session.api), Caches(())
    dialect = TICKING[CANARIES.api_version, CANARIES.kind]
    wishes = Wishes(dialect.provider, flags, owned(OwnedOptions()))
    return TickingObserver(dialect, CANARIES, caches, Resources(cluster), Routes(cluster, caches), wishes)
