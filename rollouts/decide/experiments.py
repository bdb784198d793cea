"""The Experiment of a canary's step: begun, followed, ended with the step. What happens inside it is its own affair.

Called by the canary tuple, between traffic and analyses as in Argo's reconcile. A bad end aborts the update, one that
cannot tell pauses it (spec/argo-rollouts.md §2.17). `experiment_shares` is what its versions get of the traffic.
"""

from dataclasses import replace

from rollouts.decide.pauses import INCONCLUSIVE, INCONCLUSIVE_EXPERIMENT, aborted, with_pause
from rollouts.decide.situation import Ends, Situation, Step
from rollouts.model.effects import CancelExperiment, DeleteExperiment, Effect, StartExperiment
from rollouts.model.plan import Event
from rollouts.model.snapshot import ExperimentRun
from rollouts.model.status import Status
from rollouts.model.strategy import Canary, Experiment
from rollouts.model.weights import Share

_BLAME = "Experiment analysis phase is error/failed"


def run_experiment(here: Situation) -> Step | None:
    """Begin the step's experiment, or heed what has become of it; end and forget all others."""
    if not isinstance(here.rollout.strategy, Canary):
        return None
    if here.status.is_aborted or here.observed.promote_fully:
        return _settled(here, Step(status=_naming(here.status, "")), current=None)
    if here.observed.paused_for(INCONCLUSIVE) is not None:
        return None
    wanted, current = step_experiment(here), current_experiment(here)
    if wanted is None:
        return _settled(here, Step(status=_naming(here.status, "")), current=None)
    if current is None:
        return _settled(here, _begin(here, wanted), current=None)
    return _settled(here, _follow(here, current), current)


def step_experiment(here: Situation) -> Experiment | None:
    """The experiment of the step at which the rollout stands."""
    strategy, index = here.rollout.strategy, here.observed.step
    if not isinstance(strategy, Canary) or index is None or index >= len(strategy.steps):
        return None
    step = strategy.steps[index]
    return step if isinstance(step, Experiment) else None


def current_experiment(here: Situation) -> ExperimentRun | None:
    """The one that the status names, if it is there."""
    name = here.observed.canary.experiment
    return next((run for run in here.snapshot.experiments if name and run.name == name), None)


def is_experiment_passed(here: Situation) -> bool:
    """The step's experiment has ended well."""
    current = current_experiment(here)
    return current is not None and current.phase == "Successful"


def experiment_shares(here: Situation) -> tuple[Share, ...]:
    """What the versions of a running experiment get of the traffic, by the weights of their templates."""
    wanted, current = step_experiment(here), current_experiment(here)
    is_over = here.is_promoted or here.status.is_aborted or here.status.promote_fully
    if wanted is None or current is None or current.phase != "Running" or is_over:
        return ()
    weights = {template.name: template.weight for template in wanted.templates}
    return tuple(
        Share(weight, template.service, template.hash)
        for template in current.templates
        if (weight := weights.get(template.name)) is not None
    )


def _follow(here: Situation, current: ExperimentRun) -> Step:
    status = _naming(here.status, "" if current.is_done else current.name)
    match current.phase:
        case "Inconclusive":
            return Step(status=with_pause(status, INCONCLUSIVE_EXPERIMENT, here.now), ends=Ends.ACTING)
        case "Failed" | "Error":
            reason = f"{_BLAME}: {current.message}" if current.message else _BLAME
            return Step(status=aborted(status, here.now), reason=reason, abort=reason, ends=Ends.ACTING)
        case "Successful":
            return Step(status=status)
        case _:
            return Step(status=status, reason=f"experiment {current.name} is {current.phase or 'about to begin'}")


def _begin(here: Situation, wanted: Experiment) -> Step:
    """Create it once there is a stable version to compare with; one whose status was never written goes on."""
    if here.stable is None or here.new is None:
        return Step()
    index, revision = here.observed.step or 0, here.new.revision
    base = f"{here.rollout.name}-{here.current_hash}-{revision}-{index}"
    begun = next((run for run in here.snapshot.experiments if _is_begun(run, base)), None)
    if begun is not None:
        return Step(status=_naming(here.status, begun.name))
    name = _free_name(here, base)
    start = StartExperiment(name, wanted, here.new.hash, here.stable.hash, revision)
    event = Event("ExperimentCreated", f"Created Experiment '{name}'")
    return Step((start,), (event,), status=_naming(here.status, name), reason=f"start experiment {name}")


def _is_begun(run: ExperimentRun, base: str) -> bool:
    suffix = run.name.removeprefix(f"{base}-")
    return (run.name == base or suffix.isdecimal()) and not run.is_done and not run.is_terminating


def _free_name(here: Situation, base: str) -> str:
    """The name, with `-1`, `-2` … where it is taken."""
    taken = {run.name for run in here.snapshot.experiments}
    taken |= {
        f.effect.name
        for f in here.snapshot.failures
        if isinstance(f.effect, StartExperiment) and f.reason == "AlreadyExists"
    }
    if base not in taken:
        return base
    return next(name for name in (f"{base}-{n}" for n in range(1, len(taken) + 2)) if name not in taken)


def _settled(here: Situation, step: Step, current: ExperimentRun | None) -> Step | None:
    """The step, with every other experiment ended, and those forgotten that are done and of no more use."""
    named = {current.name if current else "", step.status.canary.experiment if step.status else ""}
    others = [run for run in here.snapshot.experiments if run.name not in named]
    ending: list[Effect] = [CancelExperiment(r.name) for r in others if not r.is_done and not r.is_terminating]
    ending += [DeleteExperiment(name) for name in sorted(_forgotten(here, [r for r in others if r.is_done]))]
    step = replace(step, effects=(*step.effects, *ending))
    is_idle = not step.effects and not step.reason and step.status in (None, here.status)
    return None if is_idle and step.ends is Ends.NOTHING else step


def _forgotten(here: Situation, done: list[ExperimentRun]) -> set[str]:
    """Those beyond the history limits, and those of versions that are gone."""
    kept, hashes = here.rollout.runs_kept, {version.hash for version in here.versions}
    newest = sorted(done, key=lambda run: (run.created, run.name), reverse=True)
    well = [run.name for run in newest if run.phase == "Successful"]
    ill = [run.name for run in newest if run.phase != "Successful"]
    gone = {run.name for run in done if run.hash not in hashes}
    return {*well[kept.successful :], *ill[kept.unsuccessful :], *gone}


def _naming(status: Status, name: str) -> Status:
    return replace(status, canary=replace(status.canary, experiment=name))
