"""Several rounds in one: what would follow at once upon our own writes is decided before they are sent.

Called by controller/reconcile in the place of `decide`, which stays one of Argo's rounds. So a version is created at
the size to which the next round would scale it, and statuses that would stand for a moment are never written; events
come as if every round had been made.

The price: effects stand before the status that they follow from. A controller that is killed in between must come to
the same end, so effects are folded only where a decision with the old status repeats them, or finds them done: when an
update begins (the old status knows nothing of it), and when nothing can hold it up any more (decide/finish). A round
with any other effects begins a plan of its own.
"""

from dataclasses import replace
from datetime import datetime

from rollouts.decide import decide
from rollouts.decide.conditions import PROGRESSING
from rollouts.decide.finish import finished
from rollouts.decide.fold import folded
from rollouts.decide.imagine import imagined
from rollouts.decide.situation import Situation
from rollouts.model.effects import (
    CancelAnalysis,
    CreateVersion,
    DeleteAnalysis,
    DeleteVersion,
    Effect,
    FillReplicas,
    NoteWorkload,
    NumberVersion,
    PointService,
    ScaleVersion,
    SetRevision,
    ShiftTraffic,
    StartAnalysis,
)
from rollouts.model.plan import Plan
from rollouts.model.snapshot import Snapshot
from rollouts.model.status import Condition, Phase, Status
from rollouts.model.strategy import BlueGreen, Canary, Pace
from rollouts.model.weights import Weights


def decide_ahead(snapshot: Snapshot, now: datetime) -> Plan:
    """The plan of this round and of those that would follow it at once; says too whether its status may wait."""
    if snapshot.rollout.pace is Pace.TICKS or snapshot.failures:
        return decide(snapshot, now)
    plan = _planned(snapshot, now)
    return replace(plan, may_wait=True) if _may_wait(snapshot, plan, now) else plan


def _planned(snapshot: Snapshot, now: datetime) -> Plan:
    return finished(snapshot, now) or folded(snapshot, now, lambda *plans: _is_repeated(snapshot, now, *plans))


def _is_repeated(first: Snapshot, now: datetime, plan: Plan, following: Plan) -> bool:
    """Whether a controller that finds both plans' effects done, and the old status, decides as if they were not."""
    if not following.effects:
        return True
    here = Situation(first, now, first.rollout.status, first.versions)
    is_resized = any(version.replicas and version.desired_then != here.rollout.size for version in here.versions)
    is_past_a_step = any(event.reason == "RolloutStepCompleted" for event in plan.events)  # the old status is before it
    if is_resized or is_past_a_step or not here.template_changed:
        return False
    return all(_is_decided_again(effect, first) for effect in (*plan.effects, *following.effects))


def _is_decided_again(effect: Effect, first: Snapshot) -> bool:
    """An update that begins once more begins with this effect, or finds it done."""
    match effect:
        case CreateVersion() | NumberVersion() | SetRevision() | NoteWorkload() | FillReplicas() | StartAnalysis():
            return True
        case DeleteVersion() | DeleteAnalysis() | CancelAnalysis():
            return True
        case ScaleVersion(name=name, replicas=replicas):
            before = next((version.replicas for version in first.versions if version.name == name), 0)
            return effect.keeps_delay and replicas >= before
        case PointService(service=service):
            strategy = first.rollout.strategy
            return isinstance(strategy, BlueGreen) and service == strategy.preview_service
        case ShiftTraffic(shares=shares):
            return first.route == Weights(shares.canary.weight, shares.stable.weight, shares.total)
        case _:
            return False


def _may_wait(snapshot: Snapshot, plan: Plan, now: datetime) -> bool:
    """Nobody waits for this status, and a later round comes to it again, whatever becomes of this controller."""
    if not plan.effects and not plan.events and _is_mere_count(snapshot.rollout.status, plan.status):
        return True
    here = Situation(snapshot, now, snapshot.rollout.status, snapshot.versions)
    if here.is_in_window if here.template_changed else not _promotes(snapshot, plan):
        return False  # a way back that finds its pods asked for tells that it skips steps: one without pods does not
    done = imagined(snapshot, replace(plan, status=snapshot.rollout.status), now)
    if done is None or not _are_pods_on_their_way(done):
        return False
    return _is_told_as_anew(plan.status, now) if here.template_changed else _is_come_to_again(done, plan, now)


def _is_told_as_anew(status: Status, now: datetime) -> bool:
    """An update that begins is told without what the old status said of progress, a missed deadline for one."""
    progressing = status.condition(PROGRESSING)
    return progressing is not None and (progressing.reason, progressing.updated) == ("ReplicaSetUpdated", now)


def _is_come_to_again(done: Snapshot, plan: Plan, now: datetime) -> bool:
    again = _planned(done, now) if plan.effects else plan
    return again.status == plan.status and not again.effects


def _promotes(snapshot: Snapshot, plan: Plan) -> bool:
    """The plan makes a basic canary stable; once the pods of the old version are gone, the status changes again."""
    strategy, was, then = snapshot.rollout.strategy, snapshot.rollout.status, plan.status
    is_basic = isinstance(strategy, Canary) and not strategy.is_routed
    return is_basic and was.stable not in ("", then.stable) and then.stable == then.current


def _are_pods_on_their_way(snapshot: Snapshot) -> bool:
    """Pods of the new version that were just asked for, or those of the old one: a moment, and they show in counts."""
    old = snapshot.rollout.status.stable
    is_filling = any(v.name == snapshot.new and v.current < v.replicas for v in snapshot.versions)
    return is_filling or any(v.hash == old and v.replicas == 0 < v.current for v in snapshot.versions)


def _is_mere_count(observed: Status, status: Status) -> bool:
    """Numbers of pods differ, and what is said of them; nothing else."""
    if status.counts == observed.counts:
        return False
    is_talk = status.phase is observed.phase is Phase.PROGRESSING
    message = observed.message if is_talk else status.message
    rest = replace(status, counts=observed.counts, message=message, conditions=observed.conditions)
    return rest == observed and _facts(status.conditions) == _facts(observed.conditions)


def _facts(conditions: tuple[Condition, ...]) -> frozenset[Condition]:
    """Conditions without their order, and without the time of a mere renewal."""
    return frozenset(replace(condition, updated=condition.changed) for condition in conditions)
