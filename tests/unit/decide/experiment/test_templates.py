"""Versions of an experiment: they come, stay and go, each in its own time, and say where they stand."""

from dataclasses import replace
from datetime import timedelta

import pytest

from analysis.model import Phase
from rollouts.model.experiment import (
    CreateService,
    CreateTemplate,
    DelayTemplate,
    DeleteService,
    ExperimentFailure,
    ExperimentStatus,
    ScaleTemplate,
    TemplatePhase,
)
from tests.builders.experiments import START, Trial, a_trial, a_version, required, running


def test_a_version_begins_without_pods_and_then_grows() -> None:
    """Its ReplicaSet, then its Service and its size; the experiment is Pending meanwhile."""
    trial = a_trial(a_version("one", 2, service=""))

    assert trial.round().effects == (CreateTemplate("one", "trial-one"),)
    assert (trial.status.phase, trial.stands()) == (Phase.PENDING, {"one": "Progressing"})
    assert trial.round().effects == (
        CreateService("one", "trial-one"),
        ScaleTemplate("one", "trial-one", former=0, replicas=2),
    )
    assert trial.told == ["Template 'one' transitioned from  -> Progressing"]


def test_a_version_is_running_once_all_its_pods_are_available() -> None:
    """And the experiment once all versions are: from then on its duration counts."""
    trial = a_trial(a_version("base"), a_version("can"), duration=60)
    trial.settle()
    trial.come("base")
    assert (trial.status.phase, trial.stands()) == (Phase.PENDING, {"base": "Running", "can": "Progressing"})
    waited = trial.status
    trial.wait(5)
    trial.come()

    assert [status.available_at for status in (waited, trial.status)] == [None, START + timedelta(seconds=5)]
    assert (str(trial.status.phase), trial.plan.wake_at) == ("Running", START + timedelta(seconds=65))


def test_when_its_time_is_over_a_version_goes_after_a_delay() -> None:
    """Successful at once, its pods later, its Service with the last of them."""
    trial = running(a_version("one", 1, service="one"), duration=60)
    trial.wait(60)
    assert (trial.status.phase, trial.stands()) == (Phase.SUCCESSFUL, {"one": "Successful"})
    assert (trial.sizes(), trial.services) == ({"one": 1}, {"one": "one"})
    assert trial.plan.wake_at == START + timedelta(seconds=90)
    trial.wait(30)
    assert (trial.sizes(), trial.services) == ({"one": 0}, {"one": "one"})
    trial.come()

    assert (trial.services, trial.status.template("one").service) == ({}, "")
    assert not trial.plan.wake_at


def test_without_a_delay_pods_go_at_once() -> None:
    """0 is a value, and drops the deadline of an earlier life."""
    trial = running(duration=60, delay=0)
    trial.now += timedelta(seconds=60)
    trial.round()

    assert ScaleTemplate("one", "trial-one", former=1, replicas=0) in trial.round().effects


def test_waiting_for_the_delay_writes_nothing() -> None:
    """Argo writes its status once a second meanwhile."""
    trial = running(duration=60)
    trial.wait(60)
    before = trial.status
    trial.wait(10)

    assert (trial.status, trial.plan.effects, trial.plan.events) == (before, (), ())


def test_a_version_that_makes_no_progress_fails_at_its_deadline() -> None:
    """Counted from the last pod that came; the other versions end with it."""
    trial = a_trial(a_version("base"), a_version("can", 2), deadline=60)
    trial.settle()
    assert trial.plan.wake_at == START + timedelta(seconds=60)
    trial.wait(50)
    trial.come("base")
    trial.versions["can"] = replace(trial.versions["can"], current=1)
    trial.settle()
    trial.wait(59)
    assert trial.stands() == {"base": "Running", "can": "Progressing"}
    trial.wait(1)

    late = "Template 'can' exceeded its progressDeadlineSeconds (60)"
    assert (trial.status.phase, trial.status.message) == (Phase.FAILED, late)
    assert trial.stands() == {"base": "Successful", "can": "Failed"}
    assert trial.told[-2:] == [
        f"Template 'can' transitioned from Progressing -> Failed: {late}",
        "Template 'base' transitioned from Running -> Successful",
    ]


def test_a_version_that_loses_a_pod_is_progressing_again() -> None:
    """The experiment is Pending, and does not end before it is back; its clock goes on."""
    trial = running(a_version("one", 2), duration=60)
    since = trial.status.available_at
    trial.versions["one"] = replace(trial.versions["one"], available=1)
    trial.wait(61)
    assert (trial.status.phase, trial.stands()) == (Phase.PENDING, {"one": "Progressing"})
    trial.come()

    assert (trial.status.phase, trial.status.available_at) == (Phase.SUCCESSFUL, since)


@pytest.mark.parametrize(
    ("refused", "message", "event"),
    [
        (
            CreateTemplate,
            "Failed to create ReplicaSet for template 'one': no",
            'Failed to create ReplicaSet "trial-one": no',
        ),
        (
            ScaleTemplate,
            "Unable to scale ReplicaSet for template 'one' to desired replica count '1': no",
            "Failed to scale trial-one up: no",
        ),
        (CreateService, "Failed to create Service one for template 'one': no", ""),
        (DelayTemplate, "", ""),
    ],
)
def test_what_the_server_refuses_for_good_is_an_error(refused: type, message: str, event: str) -> None:
    """In Argo's words; a version that has come to its end already keeps its end."""
    trial = a_trial(a_version("one", 1, service="one"), duration=60)
    trial.refuses = {refused: "no"}
    trial.settle()
    if refused is DelayTemplate:
        trial.come()
        trial.now += timedelta(seconds=60)
        trial.round()
        trial.round()

    assert trial.status.template("one").message == message
    assert trial.stands() == {"one": "Error" if message else "Successful"}
    assert event in (trial.told if event else [""])


def test_a_size_of_zero_is_available_at_once() -> None:
    """And takes no delay to get there."""
    trial = a_trial(a_version("none", 0))
    trial.settle()
    trial.settle()

    assert trial.stands() == {"none": "Running"}


def test_a_size_that_was_changed_is_followed() -> None:
    """Up and down, while it runs."""
    trial = running(a_version("one", 2))
    for size in (3, 1):
        trial.spec = a_trial(a_version("one", size)).spec
        trial.round()
        assert trial.sizes() == {"one": size}


def test_a_service_needs_a_port() -> None:
    """Where no container names one there is none to make, and nothing to wait for."""
    trial = running(a_version("one", service="", ports=False))

    assert (trial.services, trial.stands()) == ({}, {"one": "Running"})


def test_a_service_that_is_not_asked_for_any_more_goes() -> None:
    """The spec was changed."""
    trial = running(a_version("one", service="one"))
    trial.spec = a_trial(a_version("one")).spec

    assert trial.round().effects == (DeleteService("one", "one"),)


def test_a_second_life_has_a_delay_of_its_own() -> None:
    """Retried: the status is empty, the ReplicaSet still has the deadline of its first end."""
    trial = running(duration=60)
    trial.wait(60)
    trial.wait(30)
    trial.come()
    trial.status = ExperimentStatus()
    trial.settle()
    trial.come()
    assert trial.versions["one"].scale_down_at is None
    trial.wait(60)

    assert trial.versions["one"].scale_down_at == trial.now + timedelta(seconds=30)


def test_a_replica_set_that_somebody_deleted_is_made_again() -> None:
    """While it runs, and not while it ends."""
    trial = running()
    trial.versions.clear()
    assert trial.round().effects == (CreateTemplate("one", "trial-one"),)
    trial.spec = replace(trial.spec, is_terminated=True)
    trial.versions.clear()

    assert trial.round().effects == ()


def test_a_failure_of_something_else_changes_nothing() -> None:
    """Only what would be done again can have failed."""
    trial = running()
    stranger = ExperimentFailure(CreateTemplate("one", "trial-one"), "Forbidden", "no")
    trial.round([stranger])

    assert trial.status.template("one").phase is TemplatePhase.RUNNING


@pytest.mark.parametrize("steps", range(12))
def test_a_round_that_is_made_again_finds_its_work_done(steps: int) -> None:
    """Killed before the status is written: effects are not repeated, and the end is the same."""
    whole, broken = (a_trial(a_version("one", 1, service="one"), analyses=[required()], delay=0) for _ in range(2))
    for number in range(12):
        for trial in (whole, broken):
            _live(trial, number)
        if number == steps:
            before = broken.status
            broken.round()
            broken.status = before
            assert not set(map(type, broken.round().effects)) & {CreateTemplate, CreateService}
    whole.settle()
    broken.settle()

    assert broken.status == whole.status
    assert (broken.versions, broken.services, broken.runs.keys()) == (whole.versions, whole.services, whole.runs.keys())


def _live(trial: Trial, number: int) -> None:
    """One thing after another happens to it."""
    trial.round()
    if number == 4:
        trial.come()
    if number == 8:
        trial.ends("check", "Successful")
        trial.come()
