"""What stands in a rollout's way, and what a person can do about it. Called by explain; pure, over what was seen."""

from collections.abc import Iterator
from typing import NamedTuple

from rollouts.cli.chart import shortened
from rollouts.cli.chart_runs import metrics_of
from rollouts.cli.explain_seen import Seen
from rollouts.cli.info import HASH, revision_of
from rollouts.decide.analyses import BACKGROUND, POST, PRE, STEP, recorded
from rollouts.dialects.argo.analysis_run import parse_status
from rollouts.model.objects import Json
from rollouts.model.questions import AskStepPlugin
from rollouts.model.status import Phase

ENDED_BADLY = ("Failed", "Error", "Inconclusive")


class Obstacle(NamedTuple):
    """A check, a field or an object that holds it up, and the cure where there is one."""

    what: str
    cure: str = ""


class Deed(NamedTuple):
    """What a person can do: a command (without the program's name, or a whole one), and what it brings."""

    command: str
    why: str


def obstacles(seen: Seen) -> Iterator[Obstacle]:
    """The first is what stands in the way most."""
    for fault in (*seen.rollout.faults, *seen.snapshot.reference_faults):
        yield Obstacle(str(fault), fault.cure)
    for question in seen.plan.questions:
        if isinstance(question, AskStepPlugin):
            yield Obstacle(f"step plugin {question.name} has to be asked, which only the controller does")
    for pod in seen.troubled:
        yield Obstacle(f"pod {pod.name}: {pod.trouble or 'not ready yet'}")
    for run in _runs(seen):
        yield from _of_run(run)


def _runs(seen: Seen) -> Iterator[Json]:
    """The current runs: those that go on, and those that ended badly.

    Current are those that the status names; where it names none, as after an abort, those of this revision. A version
    that comes back has runs of its earlier revisions too.
    """
    status = seen.plan.status
    named = {known.name for role in (STEP, BACKGROUND, PRE, POST) if (known := recorded(status, role)) is not None}
    revision = revision_of(seen.world.manifest)
    for run in seen.world.runs:
        phase = (run.get("status") or {}).get("phase", "")
        is_version = (run["metadata"].get("labels") or {}).get(HASH) == status.current
        is_current = run["metadata"]["name"] in named if named else is_version and revision_of(run) == revision
        if is_current and (phase in ENDED_BADLY or phase in ("", "Pending", "Running")):
            yield run


def _of_run(run: Json) -> Iterator[Obstacle]:
    """Each metric: how far it is, its last value, and the condition that it has to meet."""
    status = parse_status(run)
    results = {result.name: result for result in status.results}
    for metric in metrics_of(run):
        result = results.get(metric.name)
        if status.phase in ENDED_BADLY and not (result and result.phase in ENDED_BADLY):
            continue
        counted = "" if metric.effective_count is None else f" of {metric.effective_count}"
        told = f"AnalysisRun {run['metadata']['name']}, metric {metric.name}: {result.count if result else 0}{counted}"
        signs = (("✔", "successful"), ("✖", "failed"), ("?", "inconclusive"), ("⚠", "error"))
        told += "".join(f" {sign}{getattr(result, name)}" for sign, name in signs if result and getattr(result, name))
        last = result.last if result else None
        if last is not None:
            told += f", last {shortened(last.value) or last.message or last.phase}"
        condition = metric.success_condition or metric.failure_condition
        word = "has to be" if metric.success_condition else "must not be"
        yield Obstacle(f"{told}, which {word}: {condition}" if condition and last else told)


def deeds(seen: Seen) -> Iterator[Deed]:
    """What can be done now, the most likely wish first."""
    name, status = seen.rollout.name, seen.plan.status
    if seen.rollout.faults or seen.snapshot.reference_faults:
        yield Deed(f"kubectl edit rollout {name}", "mend the field, or apply a mended manifest")
        return
    if status.is_aborted:
        yield Deed(f"retry rollout {name}", "try the same version again")
        yield Deed(f"undo {name}", "make the version before the wanted one")
        yield Deed(f"diff {name}", "see what the new version changes")
        return
    if status.phase is Phase.HEALTHY:
        return
    yield from _on_the_way(seen)


def _on_the_way(seen: Seen) -> Iterator[Deed]:
    name, status = seen.rollout.name, seen.plan.status
    if status.pauses or seen.rollout.is_paused:
        yield Deed(f"promote {name}", "go on now")
    elif any(_runs(seen)):
        yield Deed(f"analysis {name}", "see what was measured")
    for pod in seen.troubled[:1]:
        yield Deed(f"kubectl describe pod {pod.name}", "see why it does not run")
    if status.stable and status.stable != status.current:
        yield Deed(f"abort {name}", "give all traffic back to the stable version")
        yield Deed(f"undo {name}", "make the version before the wanted one")
        yield Deed(f"promote {name} --full", "skip all that is left")
