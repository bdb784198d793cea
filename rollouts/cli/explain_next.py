"""What will happen next, and when: the controller's own decision for later moments, in words. Called by explain; pure.

The future is asked for, not guessed: the same decision is made on the same world at the moment at which a pause ends,
and as if a person had promoted where it waits for one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from rollouts.cli.canary import steps_of
from rollouts.cli.explain_seen import Seen
from rollouts.cli.explain_steps import step_words
from rollouts.decide import decide
from rollouts.decide.imagine import imagined
from rollouts.decide.situation import Situation
from rollouts.decide.waiting import end_of_pause, last_progress
from rollouts.model import effects as e
from rollouts.model.plan import Plan
from rollouts.model.snapshot import Snapshot
from rollouts.model.status import Phase
from rollouts.model.strategy import Canary

MOST_ROUNDS = 4
"""So many rounds that follow at once are told as one."""


class Coming(NamedTuple):
    """What comes. `at` None: not by time alone; then `when` says upon what."""

    what: str
    at: datetime | None = None
    when: str = ""


def coming(seen: Seen) -> Iterator[Coming]:
    """In the order in which it will come; nothing for a rollout at rest."""
    if seen.rollout.faults or seen.snapshot.reference_faults:
        yield Coming("nothing, until the manifest is mended")
        return
    due = _done(seen.snapshot, seen.plan, seen.now)
    if due:
        yield Coming(due, seen.now, "now, if the controller runs")
    yield from _after_pause(seen)
    yield from _deadline(seen)
    yield from _delays(seen)


def _after_pause(seen: Seen) -> Iterator[Coming]:
    status = seen.plan.status
    if not status.pauses and not seen.rollout.is_paused:
        ahead = next(iter(_steps_ahead(seen)), None)
        if status.phase is Phase.PROGRESSING and ahead:
            yield Coming(f"then {ahead}", when="once that is there")
        return
    free = replace(status, pauses=())
    lifted = replace(seen.snapshot, rollout=replace(seen.rollout, status=free, is_paused=False))
    at = _end_of_pauses(seen)
    moment = at or seen.now
    what = _done(lifted, decide(lifted, moment), moment)
    steps = ", ".join(_steps_ahead(seen))
    told = "; ".join(filter(None, (what, f"then {steps}" if steps else "")))
    yield Coming(told or "it goes on", at, "" if at else "once a person promotes it")


def _end_of_pauses(seen: Seen) -> datetime | None:
    """When the last pause ends by itself; None where a person has to end one."""
    here = Situation(seen.snapshot, seen.now, seen.plan.status, ())
    ends = [end_of_pause(here, pause) for pause in seen.plan.status.pauses]
    known = [end for end in ends if end is not None]
    return None if seen.rollout.is_paused or len(known) < len(ends) else max(known)


def _deadline(seen: Seen) -> Iterator[Coming]:
    wait = seen.wait
    if wait is None or wait.is_by_design or seen.plan.status.phase is not Phase.PROGRESSING:
        return
    here = Situation(seen.snapshot, seen.now, seen.plan.status, seen.snapshot.versions)
    since = last_progress(here)
    if since is not None:
        end = "aborted" if seen.rollout.aborts_at_deadline else "Degraded"
        yield Coming(f"{end}, unless there is progress until then", since + seen.rollout.progress_deadline)


def _delays(seen: Seen) -> Iterator[Coming]:
    for version in seen.snapshot.versions:
        if version.scale_down_at is not None and version.replicas:
            yield Coming(f"scale ReplicaSet {version.name} down to 0", version.scale_down_at)


def _done(snapshot: Snapshot, plan: Plan, now: datetime) -> str:
    """What the plan does, with the rounds that follow it at once."""
    told: list[str] = []
    for _ in range(MOST_ROUNDS):
        told += effect_words(plan.effects)
        ahead = imagined(snapshot, plan, now)
        if ahead is None or (not plan.effects and plan.status == snapshot.rollout.status):
            break
        snapshot, plan = ahead, decide(ahead, now)
    return ", ".join(dict.fromkeys(told))


def effect_words(effects: Iterable[e.Effect]) -> Iterator[str]:
    """Effects that people would notice; bookkeeping is left out."""
    for effect in effects:
        words = _WORDS.get(type(effect))
        if words is not None:
            yield words(effect)


def _steps_ahead(seen: Seen) -> Iterator[str]:
    """The steps after the current one, the way to the end included."""
    strategy, status = seen.rollout.strategy, seen.plan.status
    if not isinstance(strategy, Canary) or status.is_aborted or status.step is None:
        return
    yield from (step_words(step) for step in steps_of(seen.world.manifest)[status.step + 1 :])
    if status.stable != status.current:
        yield "the new version becomes stable"


def _pods(count: int) -> str:
    return f"{count} pod" + ("" if count == 1 else "s")


_WORDS: Mapping[type, Callable[[Any], str]] = {
    e.CreateVersion: lambda effect: f"create ReplicaSet {effect.name} with {_pods(effect.replicas)}",
    e.ScaleVersion: lambda effect: f"scale ReplicaSet {effect.name} to {_pods(effect.replicas)}",
    e.DeleteVersion: lambda effect: f"delete old ReplicaSet {effect.name}",
    e.PointService: lambda effect: f"point Service {effect.service} at {effect.hash}",
    e.ShiftTraffic: lambda effect: (
        f"set the new version's weight to {effect.shares.canary.weight} of {effect.shares.total}"
    ),
    e.StartAnalysis: lambda effect: f"start AnalysisRun {effect.name}",
    e.CancelAnalysis: lambda effect: f"end AnalysisRun {effect.name}",
    e.StartExperiment: lambda effect: f"start Experiment {effect.name}",
    e.CancelExperiment: lambda effect: f"end Experiment {effect.name}",
    e.EvictPod: lambda effect: f"evict pod {effect.name}",
    e.ScaleTarget: lambda effect: f"scale {effect.name} to {_pods(effect.replicas)}",
}
