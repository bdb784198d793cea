"""The conditions of an experiment: a spec that cannot be, progress, rest and end."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rollouts.model.faults import Fault
from tests.builders.experiments import START, Trial, a_trial, required, running


def conditions(trial: Trial) -> dict[str, tuple[str, str, str]]:
    """Type to status, reason and message."""
    return {c.type: (c.status, c.reason, c.message) for c in trial.status.conditions}


def test_progress_is_told_with_the_time_of_the_last_one() -> None:
    """The transition stays where it was."""
    trial = a_trial()
    trial.settle()
    first = trial.status.conditions
    assert conditions(trial) == {"Progressing": ("True", "ReplicaSetUpdated", 'Experiment "trial" is progressing.')}
    trial.wait(5)
    assert trial.status.conditions == first
    trial.come()
    trial.round()
    trial.wait(7)

    (condition,) = trial.status.conditions
    assert (condition.reason, condition.message) == ("NewReplicaSetAvailable", 'Experiment "trial" is running.')
    assert (condition.changed, condition.updated) == (START, START + timedelta(seconds=5))


@pytest.mark.parametrize(
    ("phase", "message"),
    [
        ("Successful", 'Experiment "trial" has successfully ran and completed.'),
        ("Failed", 'Experiment "trial" has ended: Failed.'),
    ],
)
def test_an_end_is_told_once_the_pods_are_gone(phase: str, message: str) -> None:
    """Not before; Argo never says so."""
    trial = running(analyses=[required()], delay=0)
    trial.ends("check", phase)
    assert conditions(trial)["Progressing"][0] == "True"
    trial.come()

    assert conditions(trial) == {"Progressing": ("False", "ExperimentCompleted", message)}


def test_a_spec_that_cannot_be_is_told_once_and_forgotten_when_mended() -> None:
    """Nothing else is done; another mistake takes the place of the first."""
    trial = a_trial()
    well = trial.spec
    trial.spec = replace(well, faults=(Fault("spec", "bad"), Fault("spec", "worse")))
    trial.round()
    said = trial.status
    assert conditions(trial) == {"InvalidSpec": ("True", "InvalidSpec", "bad")}
    trial.now += timedelta(seconds=9)
    assert (trial.round().status, trial.plan.effects, trial.plan.wake_at) == (said, (), None)
    trial.spec = replace(well, faults=(Fault("spec", "worse"),))
    trial.round()
    assert conditions(trial) == {"InvalidSpec": ("True", "InvalidSpec", "worse")}
    trial.spec = well
    trial.settle()

    assert conditions(trial).keys() == {"Progressing"}
