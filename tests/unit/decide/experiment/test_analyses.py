"""Analyses of an experiment: when they begin, under which name, and until when they are followed."""

from dataclasses import replace

import pytest

from analysis.model import Phase
from rollouts.model.experiment import EndRun, ExperimentFailure, RunStatus, StartRun
from tests.builders.experiments import a_run, a_trial, required, running, watched

NOT_FOUND = 'analysistemplate.argoproj.io "check" not found'


def test_an_analysis_begins_once_all_versions_are_available() -> None:
    """In the round after that moment was written down, and it is told of with each change."""
    trial = a_trial(analyses=[watched("check")])
    trial.settle()
    assert (trial.status.run("check"), trial.runs) == (RunStatus("check"), {})
    trial.come()
    assert trial.status.run("check") == RunStatus("check", "trial-check", Phase.PENDING)
    trial.ends("check", "Running")
    trial.ends("check", "Failed", "too bad")

    assert [said for said in trial.told if said.startswith("AnalysisRun")] == [
        "AnalysisRun 'check' transitioned from  -> Pending",
        "AnalysisRun 'check' transitioned from Pending -> Running",
        "AnalysisRun 'check' transitioned from Running -> Failed: too bad",
    ]


def test_the_rollout_hears_of_analyses_and_of_nothing_else() -> None:
    """Warnings are those that went ill; Argo's are all of them."""
    trial = running(analyses=[watched("check")])
    run = trial.status.run("check").run
    trial.runs[run] = replace(trial.runs[run], phase="Running")
    shared = trial.round().shared

    assert [(event.reason, event.is_warning) for event in shared] == [("AnalysisRunRunning", False)]


@pytest.mark.parametrize(
    ("missing", "word"),
    [(NOT_FOUND, "AnalysisTemplate"), (f"cluster{NOT_FOUND}", "ClusterAnalysisTemplate")],
)
def test_a_template_that_is_not_there_is_an_error_at_once(missing: str, word: str) -> None:
    """Before any pod has come; the experiment ends with it."""
    trial = a_trial(analyses=[watched("check")])
    trial.missing = {"check": missing}
    trial.settle()

    said = f"{word} verification failed for analysis 'check': {missing}"
    assert (trial.status.phase, trial.status.message) == (Phase.ERROR, said)
    assert (trial.runs, trial.sizes()) == ({}, {"one": 0})


def test_a_template_that_went_meanwhile_is_an_error() -> None:
    """It was there at the beginning."""
    trial = a_trial(analyses=[watched("check")])
    trial.settle()
    trial.missing = {"check": NOT_FOUND}
    trial.status = replace(trial.status, available_at=trial.now)
    trial.come()

    assert trial.status.message == f"Failed to create AnalysisRun for analysis 'check': {NOT_FOUND}"


def test_a_run_that_cannot_be_made_is_an_error() -> None:
    """An argument without a value, or a role without the right."""
    trial = a_trial(analyses=[watched("check")])
    trial.refuses = {StartRun: "args.x was not resolved"}
    trial.settle()
    trial.come()

    message = "Failed to create AnalysisRun for analysis 'check': args.x was not resolved"
    assert (trial.status.phase, trial.status.message) == (Phase.ERROR, message)


def test_a_name_that_is_taken_is_counted_up() -> None:
    """By a run of an earlier life, or by somebody else's."""
    trial = a_trial(analyses=[watched("check")])
    trial.runs = {"trial-check": a_run("trial-check", "Failed"), "trial-check.1": a_run("trial-check.1", ends=True)}
    trial.settle()
    trial.come()
    assert trial.status.run("check").run == "trial-check.2"

    trial = a_trial(analyses=[watched("check")])
    trial.settle()
    trial.status = replace(trial.status, available_at=trial.now)
    met = ExperimentFailure(StartRun("check", "trial-check"), "AlreadyExists", "taken")
    assert StartRun("check", "trial-check.1") in trial.round([met]).effects


def test_a_run_whose_status_was_never_written_goes_on() -> None:
    """None is made twice; one of a like name belongs to another analysis."""
    trial = a_trial(analyses=[watched("check"), watched("check.x")])
    trial.runs = {"trial-check": a_run("trial-check"), "trial-check.x": a_run("trial-check.x")}
    trial.settle()
    trial.come()

    assert [run.run for run in trial.status.runs] == ["trial-check", "trial-check.x"]
    assert len(trial.runs) == 2


def test_a_run_that_was_deleted_is_an_error() -> None:
    """Nobody can tell what it would have found."""
    trial = running(analyses=[watched("check")])
    trial.runs.clear()
    trial.settle()

    assert trial.status.run("check").message == 'analysisrun.argoproj.io "trial-check" not found'
    assert trial.status.phase is Phase.ERROR


def test_runs_are_ended_with_the_experiment_and_followed_to_their_end() -> None:
    """Argo looks at them no more, so that they say Running for ever."""
    trial = running(analyses=[watched("check")], duration=60)
    trial.ends("check", "Running")
    trial.now = trial.now.replace(minute=1)
    trial.round()
    assert (trial.status.phase, trial.status.run("check").phase) == (Phase.SUCCESSFUL, Phase.RUNNING)
    assert EndRun("check", "trial-check") in trial.round().effects
    assert not trial.round().effects
    trial.ends("check", "Failed", "Run Terminated")

    assert trial.status.run("check") == RunStatus("check", "trial-check", Phase.FAILED, "Run Terminated")
    assert trial.status.phase is Phase.SUCCESSFUL


def test_a_run_that_cannot_be_ended_is_an_error() -> None:
    """The experiment has come to its end already and keeps it."""
    trial = running(analyses=[watched("check")], duration=60)
    trial.refuses = {EndRun: "no"}
    trial.wait(60)

    assert (trial.status.run("check").phase, trial.status.run("check").message) == (Phase.ERROR, "no")
    assert trial.status.phase is Phase.SUCCESSFUL


def test_no_analysis_begins_in_an_experiment_that_ends() -> None:
    """A user was quicker."""
    trial = a_trial(analyses=[watched("check"), required("gate")])
    trial.settle()
    trial.spec = replace(trial.spec, is_terminated=True)
    trial.status = replace(trial.status, available_at=trial.now)
    trial.settle()

    assert (trial.runs, trial.status.phase) == ({}, Phase.SUCCESSFUL)
