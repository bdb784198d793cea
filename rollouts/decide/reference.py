"""A template that is another workload's: note which one was taken, and let that workload's own pods go.

Called by both tuples. A Deployment gives way to its rollout once (spec/argo-rollouts.md §2.14): all at once when the
rollout has become healthy, or pod by pod while it does. After that its size is its owner's business again.
"""

from dataclasses import replace
from datetime import timedelta

from rollouts.decide.conditions import HEALTHY
from rollouts.decide.situation import Situation, Step
from rollouts.model.effects import NoteWorkload, ScaleTarget
from rollouts.model.workload import Workload

LOOK_AGAIN_AFTER = timedelta(seconds=20)
DEPLOYMENT = "Deployment"


def workload_missing(here: Situation) -> Step | None:
    """Its coming wakes the rollout; looked for now and then all the same, as Argo does."""
    if here.rollout.workload is None or here.snapshot.workload is not None:
        return None
    return Step(wake_at=here.now + LOOK_AGAIN_AFTER)


def note_generation(here: Situation) -> Step | None:
    """Clients compare the noted generation with the one in the status, to see whether a change has got through."""
    workload = here.snapshot.workload
    if workload is None or workload.generation == here.rollout.workload_generation:
        return None
    return Step((NoteWorkload(workload.generation),))


def observe_generation(here: Situation) -> Step | None:
    """The status says which generation this round has decided on; "" for a rollout with a template of its own."""
    workload = here.snapshot.workload
    seen = "" if workload is None else workload.generation
    if seen == here.status.workload_generation:
        return None
    return Step(status=replace(here.status, workload_generation=seen))


def scale_down_workload(here: Situation) -> Step | None:
    """Take away the pods of the workload that the rollout stands in for."""
    workload, reference = here.snapshot.workload, here.rollout.workload
    if workload is None or reference is None or workload.kind != DEPLOYMENT or not workload.replicas:
        return None
    if not _is_moving_in(here):
        return None
    healthy = here.status.condition(HEALTHY)
    size: int | None = None
    if healthy is not None and healthy.status == "True":
        size = 0 if reference.scale_down in ("onsuccess", "progressively") else None
    elif reference.scale_down == "progressively":
        size = _left_to_do(here)
    if size is None or size == workload.replicas:
        return None
    return Step((ScaleTarget(workload.name, size),), reason=_told(workload, size))


def _is_moving_in(here: Situation) -> bool:
    """The first revision, or a later one of a rollout that was never healthy yet."""
    return here.rollout.revision <= 1 or here.observed.condition(HEALTHY) is None


def _left_to_do(here: Situation) -> int | None:
    """The pods that the rollout lacks; None while none of its own was ready, so that nothing is moved yet."""
    now, before = here.status.counts.ready, here.observed.counts.ready
    return max(0, here.rollout.size - now) if now or before else None


def _told(workload: Workload, size: int) -> str:
    return f"scale {workload.kind} {workload.name} from {workload.replicas} to {size}"
