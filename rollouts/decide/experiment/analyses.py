"""The analyses of an experiment: started once all versions are available, followed, ended with it.

Called by decide_experiment for each analysis. Argo follows no run any more that it has told to end, so that its status
says Running for ever, and an experiment that waits for a run and is terminated never ends; here a run is followed until
it is done.
"""

from dataclasses import replace

from analysis.model import Phase
from rollouts.decide.experiment.minded import Part, is_ending
from rollouts.model.experiment import AnalysisSpec, EndRun, ExperimentSnapshot, RunStatus, StartRun
from rollouts.model.plan import Event
from rollouts.model.snapshot import Analysis


def mind_analysis(seen: ExperimentSnapshot, analysis: AnalysisSpec) -> Part[RunStatus]:
    """Start it, follow it, or ask it to end; and say where it stands."""
    before = seen.status.run(analysis.name)
    if before.phase.is_done:
        return Part(before)
    if before.run:
        return _followed(seen, before)
    missing = seen.missing.get(before.name, "")
    if seen.status.available_at is None:
        return _transition(before, _verified(before, missing) if missing else before)
    if is_ending(seen):
        return Part(before)
    return _start(seen, before, missing)


def _verified(before: RunStatus, missing: str) -> RunStatus:
    kind = missing.partition(".")[0]
    word = "ClusterAnalysisTemplate" if kind.startswith("cluster") else "AnalysisTemplate"
    return replace(
        before, phase=Phase.ERROR, message=f"{word} verification failed for analysis '{before.name}': {missing}"
    )


def _start(seen: ExperimentSnapshot, before: RunStatus, missing: str) -> Part[RunStatus]:
    """A run of an earlier round whose status was never written goes on; where a name is taken there is another."""
    base = f"{seen.spec.name}-{before.name}"
    refused = next((said for said in _refusals(seen, before.name) if said), missing)
    if refused:
        message = f"Failed to create AnalysisRun for analysis '{before.name}': {refused}"
        return _transition(before, replace(before, phase=Phase.ERROR, message=message))
    begun = next((run for run in seen.runs if _is_begun(run, base)), None)
    if begun is not None:
        return _transition(before, replace(before, phase=Phase.PENDING, run=begun.name))
    name = _free_name(seen, base)
    part = _transition(before, replace(before, phase=Phase.PENDING, run=name))
    return replace(part, effects=(StartRun(before.name, name),))


def _refusals(seen: ExperimentSnapshot, analysis: str) -> list[str]:
    """Why it could not be started, a taken name excepted."""
    return [
        failure.message
        for failure in seen.failures
        if isinstance(failure.effect, StartRun)
        and failure.effect.analysis == analysis
        and failure.reason != "AlreadyExists"
    ]


def _is_begun(run: Analysis, base: str) -> bool:
    suffix = run.name.removeprefix(f"{base}.")
    return (run.name == base or (suffix != run.name and suffix.isdecimal())) and not (run.is_done or run.is_terminating)


def _free_name(seen: ExperimentSnapshot, base: str) -> str:
    """The name, with `.1`, `.2` … where it is taken."""
    taken = {run.name for run in seen.runs}
    taken |= {f.effect.name for f in seen.failures if isinstance(f.effect, StartRun) and f.reason == "AlreadyExists"}
    names = (base, *(f"{base}.{n}" for n in range(1, len(taken) + 1)))
    return next(name for name in names if name not in taken)


def _followed(seen: ExperimentSnapshot, before: RunStatus) -> Part[RunStatus]:
    run = next((run for run in seen.runs if run.name == before.run), None)
    if run is None:
        gone = f'analysisrun.argoproj.io "{before.run}" not found'
        return _transition(before, replace(before, phase=Phase.ERROR, message=gone))
    end = EndRun(before.name, run.name)
    refused = next((failure.message for failure in seen.failures if failure.effect == end), "")
    if refused:
        return _transition(before, replace(before, phase=Phase.ERROR, message=refused))
    part = _transition(before, replace(before, phase=Phase(run.phase or before.phase), message=run.message))
    if run.is_done or run.is_terminating or not is_ending(seen):
        return part
    return replace(part, effects=(end,))


def _transition(before: RunStatus, after: RunStatus) -> Part[RunStatus]:
    """Told of the experiment, and of the rollout whose step it is."""
    if before.phase is after.phase or after.phase is Phase.UNSET:
        return Part(after)
    message = f"AnalysisRun '{after.name}' transitioned from {before.phase} -> {after.phase}"
    said = f"{message}: {after.message}" if after.message else message
    told = (Event(f"AnalysisRun{after.phase}", said, is_warning=after.phase.is_bad),)
    return Part(after, events=told, shared=told)
