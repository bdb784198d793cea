"""The last stretch of a basic canary as one plan: remaining weights, stable's pods, promotion. Called by decide/ahead.

Of all that, nothing but stable's scale-down shows before the status is written, which may be a moment later:

    new 1/1, stable 1/1, step 0   ->   new 1/1, stable 0/1, step 0   ->   new 1/1, stable 0/0, Healthy
                                       (killed here? decided the same again)

So where stable has no pods although its step wants some, and nothing but weights lie ahead of a new version that is all
there, the scale-down has happened: the plan is made as if it had not, and comes to the same end.
"""

from dataclasses import replace
from datetime import datetime

from rollouts.decide.fold import folded
from rollouts.decide.imagine import with_version
from rollouts.decide.replicas import counts, step_index
from rollouts.decide.scaling import held
from rollouts.decide.situation import Situation
from rollouts.model.effects import ScaleVersion
from rollouts.model.plan import Plan
from rollouts.model.snapshot import Snapshot
from rollouts.model.strategy import Canary, SetWeight
from rollouts.model.workload import Version


def finished(snapshot: Snapshot, now: datetime) -> Plan | None:
    """The rest of an update that nothing can hold up any more; None where something can."""
    here = Situation(snapshot, now, snapshot.rollout.status, snapshot.versions)
    stable, strategy = here.stable, here.rollout.strategy
    if stable is None or not isinstance(strategy, Canary) or not _is_last_stretch(here, strategy):
        return None
    size = counts(here.rollout, strategy, here.observed, held(here))[1]
    is_scaled = stable.replicas == 0 < size
    before = replace(stable, replicas=size, current=size, ready=size, available=size) if is_scaled else stable
    down = ScaleVersion(stable.name, 0, here.rollout.size)

    def seen(ahead: Snapshot) -> Snapshot:
        has_come = any(v.name == stable.name and v.replicas == 0 for v in ahead.versions)
        return with_version(ahead, stable) if is_scaled and has_come else ahead

    plan = folded(with_version(snapshot, before), now, lambda *plans: _effects(*plans) <= {down}, seen)
    if plan.effects != (down,) or plan.status.stable != plan.status.current:
        return None
    return replace(plan, effects=()) if is_scaled else plan


def _effects(*plans: Plan) -> set[object]:
    return {effect for plan in plans for effect in plan.effects}


def _is_last_stretch(here: Situation, strategy: Canary) -> bool:
    """Everybody may be served by the new version, no step asks to wait, and nobody asked for anything else."""
    status, steps = here.observed, strategy.steps[step_index(strategy, here.observed) :]
    is_held_up = status.pauses or status.paused_by_controller or status.is_aborted or here.rollout.is_paused
    is_other_way = status.promote_fully or here.template_changed
    is_faulty = here.rollout.faults or here.snapshot.reference_faults
    is_judged = strategy.is_routed or strategy.background is not None
    if is_held_up or is_other_way or is_faulty or is_judged:
        return False
    if not all(isinstance(step, SetWeight) for step in steps):
        return False
    return _are_new_pods_enough(here, here.new, here.stable)


def _are_new_pods_enough(here: Situation, new: Version | None, stable: Version | None) -> bool:
    """The new version is all there, and besides it there is only stable."""
    if new is None or stable is None or new.name == stable.name or stable.scale_down_at is not None:
        return False
    if stable.desired_then != here.rollout.size or any(v.replicas or v.current for v in here.others):
        return False
    return new.is_saturated and new.replicas == here.rollout.size > 0
