"""A rollout as the controller sees it now, and what it would decide: read-only. Called by explain.

The controller's own observing and deciding, run on what the API server shows: nothing is written, whatever the plan
says. Questions of the decision are answered by looking, too, but for step plugins, which only the controller runs.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from rollouts.cli.looking import Looking
from rollouts.cli.session import Session
from rollouts.cluster import kinds
from rollouts.cluster.errors import ForbiddenError
from rollouts.cluster.port import Collection, Json
from rollouts.controller.caches import SERVICE_LABEL, Caches
from rollouts.controller.mentions import analyses_of, services_of
from rollouts.controller.observe import Observer, World, snapshot_of
from rollouts.controller.plugins.registry import StepPlugins
from rollouts.controller.pods import Pods
from rollouts.controller.resources import Resources
from rollouts.controller.verify import answer
from rollouts.decide import decide
from rollouts.decide.conditions import INVALID_SPEC
from rollouts.decide.situation import Situation
from rollouts.decide.waiting import Wait, wait_of
from rollouts.dialects.argo.rollout import parse
from rollouts.model.faults import Fault
from rollouts.model.plan import Plan
from rollouts.model.questions import Answer, AskPods, AskStepPlugin, PodsSeen, Question
from rollouts.model.rollout import Rollout
from rollouts.model.snapshot import Snapshot
from rollouts.model.workload import Pod

MOST_QUESTIONS = 8
_KEPT = (
    kinds.REPLICA_SETS,
    kinds.ANALYSIS_RUNS,
    kinds.EXPERIMENTS,
    kinds.ENDPOINT_SLICES,
    kinds.ANALYSIS_TEMPLATES,
    kinds.CLUSTER_ANALYSIS_TEMPLATES,
)
"""What the observer finds in caches; all else is read by name."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One look: the objects, the plan of this moment, what is waited for, and pods that do not get ready."""

    now: datetime
    world: World
    snapshot: Snapshot
    plan: Plan
    wait: Wait | None = None
    troubled: tuple[Pod, ...] = ()

    @property
    def rollout(self) -> Rollout:
        """The rollout as observed."""
        return self.world.rollout


def seen(session: Session, name: str) -> Seen:
    """Look once."""
    manifest = session.rollout(name)
    return asyncio.run(_look(session, manifest, session.now()))


async def _look(session: Session, manifest: Json, now: datetime) -> Seen:
    cluster = Looking(session.api)
    observer = Observer(_caches(session, manifest), Resources(cluster))
    world = await observer.gather(manifest)
    pods = Pods(cluster)
    snapshot, plan = await _decided(world, pods, now)
    here = Situation(snapshot, now, plan.status, snapshot.versions)
    wait = None if world.rollout.faults or snapshot.reference_faults else wait_of(here)
    troubled = await _troubled(world, wait, pods)
    return Seen(now, world, snapshot, plan, wait, troubled)


def _caches(session: Session, manifest: Json) -> Caches:
    caches = Caches(_KEPT)
    for obj in _around(session, manifest):
        caches.put(obj)
    return caches


def _around(session: Session, manifest: Json) -> Iterable[Json]:
    """The lists that the observer needs, each as small as can be."""
    for kind in (kinds.REPLICA_SETS, kinds.ANALYSIS_RUNS, kinds.EXPERIMENTS, kinds.ANALYSIS_TEMPLATES):
        yield from session.all_of(kind)
    rollout = parse(manifest)
    services = services_of(rollout)
    if services:
        yield from session.all_of(kinds.ENDPOINT_SLICES, f"{SERVICE_LABEL} in ({','.join(services)})")
    if any(template.cluster_scope for _, analysis in analyses_of(rollout) for template in analysis.templates):
        with suppress(ForbiddenError):  # many may look into their own namespaces only
            yield from session.api.list_all(Collection(kinds.CLUSTER_ANALYSIS_TEMPLATES))


async def _decided(world: World, pods: Pods, now: datetime) -> tuple[Snapshot, Plan]:
    """The plan, once every question is answered that looking can answer."""
    answers: dict[Question, Answer] = {}
    snapshot = _with_told_fault(_without_blind_faults(snapshot_of(world), world))
    plan = decide(snapshot, now)
    for _ in range(MOST_QUESTIONS):
        fresh = [q for q in plan.questions if q not in answers and not isinstance(q, AskStepPlugin)]
        if not fresh:
            break
        for question in fresh:
            answers[question] = await answer(question, world, pods, StepPlugins())
        snapshot = replace(snapshot, answers=dict(answers))
        plan = decide(snapshot, now)
    return snapshot, plan


def _without_blind_faults(snapshot: Snapshot, world: World) -> Snapshot:
    """With no cluster-wide template in sight nobody can say that one is missing: the controller would have said so."""
    kind = kinds.CLUSTER_ANALYSIS_TEMPLATES.kind
    if any(template["kind"] == kind for template in world.templates):
        return snapshot
    known = world.rollout.status.message
    faults = tuple(f for f in snapshot.reference_faults if kind not in f.message or f.message in known)
    return replace(snapshot, reference_faults=faults)


def _with_told_fault(snapshot: Snapshot) -> Snapshot:
    """What the controller has refused this very spec for stands, though it cannot be seen from here.

    It knows more: which step plugins are configured, what templates beyond our rights hold.
    """
    rollout = snapshot.rollout
    told = rollout.status.condition(INVALID_SPEC)
    is_current = rollout.status.observed_generation == str(rollout.generation)
    if rollout.faults or snapshot.reference_faults or told is None or not is_current:
        return snapshot
    path, _, message = told.message.partition(" is invalid: ")[2].partition(": ")
    fault = Fault(path, message) if message else Fault("", path or told.message)
    return replace(snapshot, reference_faults=(fault,))


async def _troubled(world: World, wait: Wait | None, pods: Pods) -> tuple[Pod, ...]:
    """The pods of the version that is waited for, as far as they are not ready."""
    if wait is None or not wait.version:
        return ()
    found = await answer(AskPods((wait.version,)), world, pods, StepPlugins())
    assert isinstance(found, PodsSeen)  # what this question is answered with
    return tuple(sorted((pod for pod in found.pods if not pod.is_ready), key=lambda pod: pod.name))
