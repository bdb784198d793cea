"""What does a rollout wait for, by name? Called by `decide` for the Plan's reason, and by decide/stalls for people.

One look a cause, in the order in which a person would ask; the first that finds something answers. A wait is `by
design` when its end is somebody's wish (a pause, an analysis, a delay): it is told, but it is never a stall.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from rollouts.decide.analyses import BACKGROUND, POST, PRE, STEP, recorded
from rollouts.decide.conditions import PROGRESSING, REPLICA_FAILURE
from rollouts.decide.pauses import BLUE_GREEN_PAUSE, CANARY_PAUSE
from rollouts.decide.situation import Situation
from rollouts.decide.verifying import answered
from rollouts.model.reading import rfc3339
from rollouts.model.status import PauseCondition, Phase
from rollouts.model.strategy import BlueGreen, Canary, Pause
from rollouts.model.weights import Unknown
from rollouts.model.workload import Version


@dataclass(frozen=True, slots=True)
class Wait:
    """`what` is the object and the number that are missing; `version` the ReplicaSet whose pods are, "" for others.

    `since` None: since the last progress.
    """

    what: str
    since: datetime | None = None
    is_by_design: bool = False
    version: str = ""


def waiting_for(here: Situation) -> str | None:
    """A sentence that names the thing, and since when; None where all is as wanted."""
    wait = wait_of(here)
    if wait is None:
        return None
    since = wait.since or last_progress(here)
    return f"waits for {wait.what}" if since is None else f"waits for {wait.what}, since {rfc3339(since)}"


def wait_of(here: Situation) -> Wait | None:
    """The first thing that is missing."""
    if here.status.phase is Phase.HEALTHY:
        return _delayed_end(here)
    return next((wait for look in LOOKS if (wait := look(here)) is not None), None)


def last_progress(here: Situation) -> datetime | None:
    """When something moved last, as the Progressing condition has it."""
    known = here.status.condition(PROGRESSING)
    return known.updated if known else None


def _hold(here: Situation) -> Wait | None:
    if not here.rollout.is_paused or here.status.is_aborted:
        return None
    paused = here.status.condition("Paused")
    return Wait("a person to promote it: spec.paused is set", paused.changed if paused else None, is_by_design=True)


def _pause(here: Situation) -> Wait | None:
    if not here.status.pauses:
        return None
    pause = here.status.pauses[0]
    ends_at = end_of_pause(here, pause)
    end = "a person to promote it" if ends_at is None else rfc3339(ends_at)
    return Wait(f"{end} ({pause.reason})", pause.since, is_by_design=True)


def end_of_pause(here: Situation, pause: PauseCondition) -> datetime | None:
    """When a pause ends by itself; None where a person ends it."""
    match here.rollout.strategy:
        case Canary(steps=steps) if pause.reason == CANARY_PAUSE:
            index = here.status.step
            match steps[index : index + 1] if index is not None else ():
                case (Pause(duration=duration),) if duration is not None:
                    return pause.since + duration
            return None
        case BlueGreen(auto_promotion=True, auto_promotion_after=after) if pause.reason == BLUE_GREEN_PAUSE and after:
            return pause.since + after
        case _:
            return None


def _refused_pods(here: Situation) -> Wait | None:
    """A quota, an admission webhook or a missing account keeps a ReplicaSet from its pods."""
    for version in _wanted(here):
        if version.failure is not None and version.current < version.replicas:
            condition = here.status.condition(REPLICA_FAILURE)
            counted = f"{version.current} of {version.replicas} created"
            what = f"pods of ReplicaSet {version.name}: {counted}, the server refuses more: {version.failure[1]}"
            return Wait(what, condition.changed if condition else None, version=version.name)
    return None


def _unready_pods(here: Situation) -> Wait | None:
    lacking = [v for v in _wanted(here) if v.available < v.replicas]
    if not lacking:
        return None
    what = "; ".join(f"pods of ReplicaSet {v.name}: {v.available} of {v.replicas} available" for v in lacking)
    return Wait(what, version=lacking[0].name)


def _wanted(here: Situation) -> Iterator[Version]:
    """The versions that are to serve, the one that matters most first: after an abort that is stable."""
    pair = (here.stable, here.new) if here.status.is_aborted else (here.new, here.stable)
    seen: set[str] = set()
    for version in pair:
        if version is not None and version.name not in seen and version.scale_down_at is None:
            seen.add(version.name)
            yield version


def _unverified_weight(here: Situation) -> Wait | None:
    canary = here.status.canary
    if canary.shares is None or canary.verified is not False:
        return None
    weight, total = canary.shares.canary.weight, canary.shares.total
    answer = answered(here, canary.shares)
    cause = answer.message if answer and answer.message else "not verified"
    return Wait(f"the routes to carry weight {weight} of {total}: {cause}")


def _unreadable_route(here: Situation) -> Wait | None:
    strategy, route = here.rollout.strategy, here.snapshot.route
    if not isinstance(strategy, Canary) or not strategy.is_routed or not isinstance(route, Unknown):
        return None
    return Wait(f"a route that can be read: {route.reason}")


def _analysis(here: Situation) -> Wait | None:
    for role in (STEP, PRE, POST, BACKGROUND):
        current = recorded(here.status, role)
        run = next((r for r in here.snapshot.analyses if current and r.name == current.name), None)
        if run is not None and not run.is_done:
            state = (run.phase or "Pending").lower()
            return Wait(f"AnalysisRun {run.name}, which is {state}", run.created, is_by_design=True)
    return None


def _errand(here: Situation) -> Wait | None:
    """The step's Experiment, or its plugin; both end by themselves."""
    name, step = here.status.canary.experiment, here.status.step
    trial = next((run for run in here.snapshot.experiments if name and run.name == name), None)
    if trial is not None and not trial.is_done:
        state = (trial.phase or "Pending").lower()
        return Wait(f"Experiment {trial.name}, which is {state}", trial.created, is_by_design=True)
    plugin = next((p for p in here.status.canary.plugins if p.index == step and p.phase == "Running"), None)
    if plugin is None:
        return None
    said = f": {plugin.message}" if plugin.message else ""
    return Wait(f"step plugin {plugin.name}, which is running{said}", plugin.started, is_by_design=True)


def _old_pods(here: Situation) -> Wait | None:
    """Old versions go last; those with a delay have their own line."""
    left = [v for v in here.others if v.scale_down_at is None and v.current > 0]
    if not left:
        return None
    return Wait("; ".join(f"pods of old ReplicaSet {v.name} to go: {v.current} left" for v in left))


def _restart(here: Situation) -> Wait | None:
    restart_at = here.rollout.restart_at
    if restart_at is None or here.status.restarted_at == restart_at:
        return None
    if restart_at > here.now:
        return Wait(f"the restart at {rfc3339(restart_at)}", is_by_design=True)
    return Wait(f"pods older than {rfc3339(restart_at)} to be evicted", restart_at)


def _delayed_end(here: Situation) -> Wait | None:
    ends = sorted((v.scale_down_at, v.name) for v in here.versions if v.scale_down_at and v.replicas > 0)
    if not ends:
        return None
    return Wait(f"{rfc3339(ends[0][0])}: then ReplicaSet {ends[0][1]} is scaled down", is_by_design=True)


LOOKS: tuple[Callable[[Situation], Wait | None], ...] = (
    _hold,
    _pause,
    _refused_pods,
    _unready_pods,
    _unverified_weight,
    _unreadable_route,
    _analysis,
    _errand,
    _old_pods,
    _restart,
    _delayed_end,
)
