"""Counts, phase and message of the status: the closing stages of both tuples. Phase rules: Argo §1.7, first match."""

from dataclasses import replace

from rollouts.decide.pauses import aborted
from rollouts.decide.promotion import with_promoted_flag
from rollouts.decide.situation import Situation, Step
from rollouts.model.keys import HASH_LABEL
from rollouts.model.rollout import Rollout
from rollouts.model.status import Counts, Phase, Status
from rollouts.model.strategy import BlueGreen, Canary
from rollouts.model.workload import Version


def count_pods(here: Situation) -> Step:
    """Hashes and counts as they stand, before anything is concluded from them."""
    status = replace(here.status, current=here.current_hash, steps_hash=here.rollout.steps_hash)
    status = with_promoted_flag(status)
    status = aborted(status, here.now) if status.is_aborted else replace(status, aborted_at=None)
    counts = Counts(
        replicas=sum(v.current for v in here.versions),
        updated=here.new.current if here.new else 0,
        ready=sum(v.ready for v in here.versions),
        available=sum(v.available for v in here.versions),
        autoscaled=sum(v.current for v in here.versions),
    )
    return Step(status=replace(status, counts=counts, selector=here.rollout.selector))


def count_active(here: Situation) -> Step | None:
    """Blue-green: what serves is what counts, for people and for autoscalers."""
    if not isinstance(here.rollout.strategy, BlueGreen):
        return None
    active = here.version_of(here.status.blue_green.active)
    if active is None:
        return None
    counts = replace(here.status.counts, ready=active.ready, available=active.available, autoscaled=active.current)
    selector = _with_hash(here.rollout, active)
    return Step(status=replace(here.status, counts=counts, selector=selector))


def _with_hash(rollout: Rollout, version: Version) -> str:
    parts = [part for part in (rollout.selector, f"{HASH_LABEL}={version.hash}") if part]
    return ",".join(sorted(parts, key=lambda part: part.split("=")[0]))


def conclude_phase(here: Situation) -> Step:
    """Phase and message, from the finished status; the generation has been observed with it."""
    status = replace(here.status, observed_generation=str(here.rollout.generation))
    phase, message = phase_of(here.rollout, status)
    return Step(status=replace(status, phase=phase, message=message))


def phase_of(rollout: Rollout, status: Status) -> tuple[Phase, str]:
    """The first rule that fits, in the order of Argo's clients and tools."""
    for rule in (_degraded, _paused, _restarting, _progressing, _switching):
        found = rule(rollout, status)
        if found is not None:
            return found
    return Phase.HEALTHY, ""


_Found = tuple[Phase, str] | None


def _degraded(_rollout: Rollout, status: Status) -> _Found:
    for condition in status.conditions:
        if condition.type == "InvalidSpec":
            return Phase.DEGRADED, f"InvalidSpec: {condition.message}"
        if condition.reason in ("RolloutAborted", "ProgressDeadlineExceeded"):
            return Phase.DEGRADED, f"{condition.reason}: {condition.message}"
    return None


def _paused(rollout: Rollout, status: Status) -> _Found:
    if rollout.is_paused:
        return Phase.PAUSED, "manually paused"
    return (Phase.PAUSED, status.pauses[0].reason) if status.pauses else None


def _restarting(rollout: Rollout, status: Status) -> _Found:
    if rollout.restart_at is None or status.restarted_at == rollout.restart_at:
        return None
    return Phase.PROGRESSING, "rollout is restarting"


def _progressing(rollout: Rollout, status: Status) -> _Found:
    counts = status.counts
    if counts.updated < rollout.size:
        return Phase.PROGRESSING, "more replicas need to be updated"
    if counts.available < counts.updated:
        return Phase.PROGRESSING, "updated replicas are still becoming available"
    return None


def _switching(rollout: Rollout, status: Status) -> _Found:
    is_stable = status.stable != "" and status.stable == status.current
    match rollout.strategy:
        case BlueGreen():
            if not status.blue_green.active or status.blue_green.active != status.current:
                return Phase.PROGRESSING, "active service cutover pending"
            if not is_stable:
                run = status.blue_green.post_promotion
                is_running = run is not None and run.phase in ("", "Pending", "Running")
                waits_for = "analysis" if is_running else "post-promotion verification"
                return Phase.PROGRESSING, f"waiting for {waits_for} to complete"
        case Canary() as canary:
            if not canary.is_routed and status.counts.replicas > status.counts.updated:
                return Phase.PROGRESSING, "old replicas are pending termination"
            if not is_stable:
                return Phase.PROGRESSING, "waiting for all steps to complete"
        case _:
            pass
    return None
