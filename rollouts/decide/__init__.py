"""What now? `decide` folds a tuple of stages over a Snapshot and gives a Plan: a pure function of its two arguments.

Called by controller/reconcile, by `explain` and by the simulations. Same inputs, same Plan; a settled world gives no
effects and an unchanged status, so that nothing is written.
"""

from dataclasses import replace
from datetime import datetime

from rollouts.decide.situation import Ends, Situation, Stage
from rollouts.decide.stages import course_of
from rollouts.decide.waiting import waiting_for
from rollouts.model.plan import Plan
from rollouts.model.snapshot import Snapshot

__all__ = ["decide"]


def decide(snapshot: Snapshot, now: datetime) -> Plan:
    """One round's plan. With questions in it, nothing else happens until they are answered."""
    here = Situation(snapshot, now, snapshot.rollout.status, snapshot.versions)
    course = course_of(snapshot.rollout.strategy)
    here, ends = _fold(here, course.acting)
    if here.questions:
        return Plan(snapshot.rollout.status, here.reason or "waits for an answer", questions=here.questions)
    if ends is not Ends.ROUND:
        here, _ = _fold(here, course.closing)
    plan = _plan(here)
    return replace(plan, status=snapshot.rollout.status, questions=here.questions) if here.questions else plan


def _fold(here: Situation, stages: tuple[Stage, ...]) -> tuple[Situation, Ends]:
    for stage in stages:
        step = stage(here)
        if step is None:
            continue
        here = here.after(step)
        if step.ends is not Ends.NOTHING:
            return here, step.ends
    return here, Ends.NOTHING


def _plan(here: Situation) -> Plan:
    later = [wake for wake in here.wakes if wake > here.now]
    reason = here.reason or waiting_for(here) or here.status.message or "everything is as wanted"
    return Plan(
        here.status,
        reason,
        here.effects,
        errands=here.errands,
        events=here.events,
        alerts=here.alerts,
        wake_at=min(later, default=None),
    )
