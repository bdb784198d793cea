"""The experiment of a canary's step: one a step, heeded, given its traffic, ended with it."""

from dataclasses import replace

import pytest

from rollouts.model.effects import CancelExperiment, ShiftTraffic, StartExperiment
from rollouts.model.snapshot import ExperimentRun, Failure
from rollouts.model.status import Phase
from rollouts.model.weights import Share
from tests.builders.companions import Company, accompanied, experiment
from tests.builders.rollouts import START, a_canary, pause, weight

NAME = "shop-v2-2-1"


def at_its_experiment(**weights: int | None) -> Company:
    """An update that stands at its experiment, which has just been made."""
    here = accompanied(a_canary(weight(50), experiment(**(weights or {"base": None})), pause()))
    here.release("v2")
    here.settle()
    return here


def test_a_step_starts_one_experiment() -> None:
    """It is named by version, revision and step, told of once, and the step waits for it."""
    here = at_its_experiment()

    assert list(here.experiments) == [NAME]
    assert (here.status.canary.experiment, here.status.step) == (NAME, 1)
    assert [event.message for event in here.events if event.reason == "ExperimentCreated"] == [
        f"Created Experiment '{NAME}'"
    ]


def test_a_good_end_is_the_end_of_the_step() -> None:
    """The next step begins, and the status names no experiment any more."""
    here = at_its_experiment()
    here.run_experiments("Successful")
    here.settle()

    assert (here.status.step, here.status.canary.experiment) == (2, "")
    assert "experiment" in here.events[-2].message


@pytest.mark.parametrize("phase", ["Failed", "Error"])
@pytest.mark.parametrize(("said", "told"), [("", ""), ("metric bad", ": metric bad")])
def test_a_bad_end_aborts(phase: str, said: str, told: str) -> None:
    """The abort says whose fault it was."""
    here = at_its_experiment()
    here.run_experiments(phase, message=said)
    here.settle()

    assert here.status.is_aborted
    reason = f"Experiment analysis phase is error/failed{told}"
    assert here.status.message == f"RolloutAborted: Rollout aborted update to revision 2: {reason}"


def test_one_that_cannot_tell_pauses() -> None:
    """Once a human has gone on, another experiment has to tell."""
    here = at_its_experiment()
    here.run_experiments("Inconclusive")
    here.round()
    assert here.status.message == "InconclusiveExperiment"
    here.settle()

    assert list(here.experiments) == [NAME, f"{NAME}-1"]
    assert here.status.step == 1


def test_a_running_experiment_gets_its_traffic() -> None:
    """Only versions with a weight do, and stable gives it up."""
    here = at_its_experiment(base=10, can=None)
    here.run_experiments("Running", {"base": "shop-base", "can": "shop-can"})
    here.settle()
    shifts = [effect for plan in here.plans for effect in plan.effects if isinstance(effect, ShiftTraffic)]

    assert shifts[-1].shares.extra == (Share(10, "shop-base", "base-hash"),)
    assert (shifts[-1].shares.canary.weight, shifts[-1].shares.stable.weight) == (50, 40)
    here.run_experiments("Successful")
    here.settle()
    assert here.status.canary.shares is not None
    assert here.status.canary.shares.extra == ()


@pytest.mark.parametrize("request_", ["abort", "promote", "release"])
def test_nobody_waits_for_what_is_not_wanted_any_more(request_: str) -> None:
    """An abort, a full promotion and another template end the experiment."""
    here = at_its_experiment()
    here.run_experiments("Running")
    match request_:
        case "abort":
            here.patch(is_aborted=True)
        case "promote":
            here.patch(promote_fully=True)
        case _:
            here.release("v3")
    here.settle()

    assert CancelExperiment(NAME) in [effect for plan in here.plans for effect in plan.effects]


def test_an_experiment_whose_status_was_never_written_goes_on() -> None:
    """A crash between the two makes no second one."""
    here = at_its_experiment()
    here.patch(canary=replace(here.status.canary, experiment=""))
    here.settle()

    assert list(here.experiments) == [NAME]
    assert here.status.canary.experiment == NAME


def test_a_taken_name_gets_a_number() -> None:
    """Somebody else's experiment is left alone."""
    here = accompanied(a_canary(weight(50), experiment(base=None)))
    here.release("v2")
    while not any(isinstance(effect, StartExperiment) for effect in here.decide().effects):
        here.ready()
        here.round()
    start = next(effect for effect in here.decide().effects if isinstance(effect, StartExperiment))
    refused = replace(here.snapshot, failures=(Failure(start, "AlreadyExists", ""),))
    again = here.deciding(refused, here.now)

    assert [effect.name for effect in again.effects if isinstance(effect, StartExperiment)] == [f"{NAME}-1"]


def test_old_experiments_are_forgotten() -> None:
    """Five good and five bad ones are kept, and none of a version that is gone."""
    here = at_its_experiment()
    for number in range(7):
        name = f"old-{number}"
        here.experiments[name] = ExperimentRun(name, "Successful", "", "v2", START.replace(year=2020 + number))
    here.experiments["gone"] = ExperimentRun("gone", "Failed", "", "v0", START)
    here.settle()

    assert sorted(here.experiments) == [f"old-{number}" for number in range(2, 7)] + [NAME]


def test_no_experiment_without_steps() -> None:
    """What is left of one is ended all the same."""
    here = accompanied(a_canary())
    here.experiments["left"] = ExperimentRun("left", "Running", "", "v1", START)
    here.settle()

    assert here.experiments["left"].is_terminating
    assert here.status.phase is Phase.HEALTHY
