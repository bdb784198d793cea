"""Rounds that follow one another without a look at the world in between, told as one plan. Called by decide/ahead.

Each round decides on the world as the one before will leave it. Which rounds may follow is the caller's to say.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from rollouts.decide import decide
from rollouts.decide.imagine import imagined
from rollouts.model.effects import CreateVersion, DelayScaleDown, Effect, NumberVersion, ScaleVersion, SetRevision
from rollouts.model.plan import Plan
from rollouts.model.snapshot import Snapshot

_MOST_ROUNDS = 16
"""A fold ends here even if each round gives the next one something to do: a defect must not hang the controller."""

_PLAIN = (CreateVersion, DelayScaleDown, NumberVersion, ScaleVersion, SetRevision)
"""Effects of which the world will say just what was imagined. What routers make of a weight is theirs to say."""

MayFollow = Callable[[Plan, Plan], bool]
"""Whether the second plan may be carried out right after the first, before any status is written."""

Seen = Callable[[Snapshot], Snapshot]
"""What is known better of an imagined world than imagination has it."""


def folded(first: Snapshot, now: datetime, may_follow: MayFollow, seen: Seen = lambda ahead: ahead) -> Plan:
    """As many rounds as may follow one another: the effects and events of all, the status and wake-up of the last."""
    plan = decide(first, now)
    last, world = plan, first
    for _ in range(_MOST_ROUNDS):
        ahead = imagined(world, last, now) if acts(last, world) else None
        if ahead is None:
            return plan
        world = seen(ahead)
        last = decide(world, now)
        if not acts(last, world):
            is_plain = all(isinstance(effect, _PLAIN) for effect in plan.effects)
            return replace(plan, wake_at=last.wake_at, errands=last.errands, is_settled=is_plain)
        if last.questions or not may_follow(plan, last):
            return plan
        plan = _joined(plan, last)
    return plan


def acts(plan: Plan, world: Snapshot) -> bool:
    """Whether the plan changes anything, or tells of anything."""
    return bool(plan.effects or plan.questions or plan.events) or plan.status != world.rollout.status


def _joined(plan: Plan, last: Plan) -> Plan:
    return replace(
        last,
        effects=_coalesced((*plan.effects, *last.effects)),
        events=(*plan.events, *last.events),
        reason="; ".join(dict.fromkeys(reason for reason in (plan.reason, last.reason) if reason)),
    )


def _coalesced(effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
    """A version is created, or scaled, once and for all at its last size."""
    kept: list[Effect] = []
    for effect in effects:
        place = _place(kept, effect) if isinstance(effect, ScaleVersion) else None
        if place is None or not isinstance(effect, ScaleVersion):
            kept.append(effect)
        elif isinstance(before := kept[place], CreateVersion):
            kept[place] = replace(before, replicas=effect.replicas, desired=effect.desired)
        else:
            kept[place] = effect
    return tuple(kept)


def _place(kept: list[Effect], scale: ScaleVersion) -> int | None:
    """Where the same version is created or scaled already."""
    for place, effect in enumerate(kept):
        if isinstance(effect, CreateVersion | ScaleVersion) and effect.name == scale.name:
            return place
    return None
