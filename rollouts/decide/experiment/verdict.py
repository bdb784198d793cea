"""What an experiment's versions and analyses amount to. Called by decide_experiment; the worst of all decides.

no phase    Pending
versions    one is late or refused       Failed, Error
            one is not there yet          Pending
            all are                       Running, and availableAt is noted
            all have had their time       what the analyses say, if it waits for some or all are done; Successful
analyses    one is bad                    Failed, Error, Inconclusive, whatever the versions do
            all required have succeeded   Successful
"""

from dataclasses import replace
from datetime import datetime

from analysis.model import Phase
from rollouts.decide.experiment.minded import has_required_passed
from rollouts.model.experiment import ExperimentSnapshot, ExperimentSpec, ExperimentStatus, TemplatePhase

REQUIRED_COMPLETED = "Required AnalysisRuns completed"

Verdict = tuple[Phase, str]
"""A phase and the message beside it."""

_TEMPLATES = (
    TemplatePhase.SUCCESSFUL,
    TemplatePhase.RUNNING,
    TemplatePhase.PROGRESSING,
    TemplatePhase.ERROR,
    TemplatePhase.FAILED,
)
_RUNS = (Phase.SUCCESSFUL, Phase.RUNNING, Phase.PENDING, Phase.INCONCLUSIVE, Phase.ERROR, Phase.FAILED)
"""From good to bad."""

_PHASES = {
    TemplatePhase.SUCCESSFUL: Phase.SUCCESSFUL,
    TemplatePhase.RUNNING: Phase.RUNNING,
    TemplatePhase.PROGRESSING: Phase.PENDING,
    TemplatePhase.ERROR: Phase.ERROR,
    TemplatePhase.FAILED: Phase.FAILED,
}


def judged(seen: ExperimentSnapshot, status: ExperimentStatus, now: datetime) -> ExperimentStatus:
    """The status with its phase; one that has come to an end keeps it."""
    if status.phase is Phase.UNSET:
        return replace(status, phase=Phase.PENDING)
    if status.phase.is_done:
        return status
    versions, analyses = _of_templates(seen.spec, status), _of_runs(seen.spec, status)
    if versions[0] is Phase.RUNNING and status.available_at is None:
        status = replace(status, available_at=now.replace(microsecond=0))
    phase, message = _weighed(seen.spec, status, versions, analyses)
    return replace(status, phase=phase, message=message)


def _weighed(spec: ExperimentSpec, status: ExperimentStatus, versions: Verdict, analyses: Verdict) -> Verdict:
    if versions[0] is Phase.SUCCESSFUL:
        is_waiting = any(analysis.is_required for analysis in spec.analyses)
        return analyses if is_waiting or analyses[0].is_done else versions
    if versions[0].is_done:
        return versions
    return analyses if analyses[0].is_bad or has_required_passed(spec, status) else versions


def _of_templates(spec: ExperimentSpec, status: ExperimentStatus) -> Verdict:
    found = [status.template(template.name) for template in spec.templates]
    worst = max(found, key=lambda template: _TEMPLATES.index(template.phase), default=None)
    return (Phase.SUCCESSFUL, "") if worst is None else (_PHASES[worst.phase], worst.message)


def _of_runs(spec: ExperimentSpec, status: ExperimentStatus) -> Verdict:
    """Successful also where there is none."""
    begun = [run for analysis in spec.analyses if (run := status.run(analysis.name)).phase is not Phase.UNSET]
    worst = max(begun, key=lambda run: _RUNS.index(run.phase), default=None)
    if worst is None:
        return Phase.SUCCESSFUL, ""
    if not worst.phase.is_bad and has_required_passed(spec, status):
        return Phase.SUCCESSFUL, REQUIRED_COMPLETED
    # what becomes the experiment's phase: a run that has not begun to measure does not make it Pending
    return (Phase.RUNNING if worst.phase is Phase.PENDING else worst.phase), worst.message
