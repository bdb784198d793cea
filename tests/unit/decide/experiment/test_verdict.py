"""What versions and analyses amount to: the worst of them, and whom the experiment waits for."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from analysis.model import Phase
from rollouts.decide.experiment.verdict import judged
from rollouts.model.experiment import (
    AnalysisSpec,
    ExperimentSnapshot,
    ExperimentSpec,
    ExperimentStatus,
    RunStatus,
    TemplatePhase,
    TemplateStatus,
)
from tests.builders.experiments import START, a_trial, a_version, required, running, watched


def verdict(templates: Sequence[str], analyses: Sequence[tuple[AnalysisSpec, str]] = ()) -> tuple[str, str]:
    """Phase and message of an experiment whose parts stand so, each with its own phase as its message."""
    status = ExperimentStatus(
        phase=Phase.RUNNING,
        templates=tuple(
            TemplateStatus(str(number), TemplatePhase(phase), message=phase) for number, phase in enumerate(templates)
        ),
        runs=tuple(RunStatus(spec.name, "run", Phase(phase), phase) for spec, phase in analyses),
    )
    versions = tuple(a_version(template.name) for template in status.templates)
    spec = ExperimentSpec("trial", versions, tuple(spec for spec, _ in analyses))
    after = judged(ExperimentSnapshot(spec, status), status, START)
    return str(after.phase), after.message


CHECK, GATE = watched("check"), required("gate")


@pytest.mark.parametrize(
    ("templates", "analyses", "phase"),
    [
        (["Running", "Running"], [], "Running"),
        (["Running", "Progressing"], [], "Pending"),
        (["Running", "Failed"], [], "Failed"),
        (["Error", "Failed"], [], "Failed"),
        (["Error", "Progressing"], [], "Error"),
        (["Successful", "Running"], [], "Running"),
        (["Successful", "Successful"], [], "Successful"),
        (["Successful"], [(CHECK, "Running")], "Successful"),
        (["Successful"], [(CHECK, "Failed")], "Failed"),
        (["Successful"], [(GATE, "Running")], "Running"),
        (["Successful"], [(GATE, "Pending")], "Running"),
        (["Running"], [(CHECK, "Successful")], "Running"),
        (["Running"], [(CHECK, "Inconclusive")], "Inconclusive"),
        (["Running"], [(CHECK, "Inconclusive"), (GATE, "Error")], "Error"),
        (["Running"], [(CHECK, "Error"), (GATE, "Failed")], "Failed"),
        (["Running"], [(GATE, "Successful")], "Successful"),
        (["Running"], [(CHECK, "Running"), (GATE, "Successful")], "Successful"),
        (["Running"], [(CHECK, "Failed"), (GATE, "Successful")], "Failed"),
        (["Running"], [(required("a"), "Successful"), (required("b"), "Running")], "Running"),
        (["Failed"], [(GATE, "Successful")], "Failed"),
        ([], [], "Successful"),
    ],
)
def test_the_worst_of_all_decides(templates: list[str], analyses: list[tuple[AnalysisSpec, str]], phase: str) -> None:
    """Versions first; an analysis that is bad ends everything, those that are required end it well."""
    assert verdict(templates, analyses)[0] == phase


def test_the_message_is_that_of_the_worst() -> None:
    """Or tells that what was required has been done."""
    assert verdict(["Running", "Failed"]) == ("Failed", "Failed")
    assert verdict(["Running"], [(CHECK, "Error")]) == ("Error", "Error")
    assert verdict(["Running"], [(GATE, "Successful")]) == ("Successful", "Required AnalysisRuns completed")


def test_an_end_is_the_end() -> None:
    """Whatever becomes of the parts."""
    trial = running(duration=60)
    trial.wait(60)
    trial.status = replace(trial.status, templates=(replace(trial.status.templates[0], phase=TemplatePhase.FAILED),))
    trial.settle()

    assert trial.status.phase is Phase.SUCCESSFUL


def test_terminated_while_a_required_analysis_runs() -> None:
    """It ends when that run has; in Argo it never does."""
    trial = running(analyses=[required("gate")])
    trial.ends("gate", "Running")
    trial.spec = replace(trial.spec, is_terminated=True)
    trial.settle()
    assert trial.status.phase is Phase.RUNNING
    trial.ends("gate", "Successful", "Run Terminated")

    assert (trial.status.phase, trial.status.message) == (Phase.SUCCESSFUL, "Required AnalysisRuns completed")


def test_an_experiment_without_an_end_goes_on() -> None:
    """No duration, and nothing to wait for: somebody ends it."""
    trial = running()
    trial.wait(10**6)
    assert (trial.status.phase, trial.plan.wake_at) == (Phase.RUNNING, None)
    trial.spec = replace(trial.spec, is_terminated=True)
    trial.settle()

    assert trial.status.phase is Phase.SUCCESSFUL


def test_the_first_round_only_begins() -> None:
    """Even with nothing to do."""
    trial = a_trial()
    trial.spec = replace(trial.spec, templates=())
    phases = [trial.round().status.phase for _ in range(3)]

    assert phases == [Phase.PENDING, Phase.SUCCESSFUL, Phase.SUCCESSFUL]
