"""An Experiment's manifest into values, and its status there and back."""

from datetime import UTC, datetime, timedelta

import pytest

from analysis.model import Phase
from rollouts.cluster.port import Json
from rollouts.dialects.argo.experiment_spec import (
    parse_experiment,
    parse_experiment_status,
    project_experiment_status,
)
from rollouts.dialects.argo.validation_experiment import step_experiment_faults
from rollouts.model.experiment import AnalysisSpec, ExperimentStatus, RunStatus, TemplateSpec
from tests.builders.manifests import a_version, an_experiment, analysed, experiment_step

STATUS: Json = {
    "phase": "Running",
    "message": "well",
    "availableAt": "2026-01-01T12:00:00Z",
    "templateStatuses": [
        {
            "name": "one",
            "replicas": 2,
            "updatedReplicas": 2,
            "readyReplicas": 1,
            "availableReplicas": 0,
            "collisionCount": 1,
            "status": "Progressing",
            "message": "slow",
            "lastTransitionTime": "2026-01-01T11:00:00Z",
            "serviceName": "one",
            "podTemplateHash": "5c7",
        }
    ],
    "analysisRuns": [{"name": "check", "analysisRun": "trial-check", "phase": "Pending", "message": "soon"}],
    "conditions": [
        {
            "type": "Progressing",
            "status": "True",
            "reason": "ReplicaSetUpdated",
            "message": "on its way",
            "lastUpdateTime": "2026-01-01T12:00:00Z",
            "lastTransitionTime": "2026-01-01T11:00:00Z",
        }
    ],
}


def test_fields_and_their_defaults() -> None:
    """Argo's: ten minutes to come, half a minute to go, one pod."""
    spec = parse_experiment(an_experiment(a_version("one", "web:v1"), analyses=[analysed(requiredForCompletion=True)]))

    assert spec.templates == (TemplateSpec("one", 1, None, has_ports=True),)
    assert spec.analyses == (AnalysisSpec("check", is_required=True),)
    assert (spec.duration, spec.progress_deadline) == (None, timedelta(minutes=10))
    assert (spec.scale_down_delay, spec.is_terminated, spec.faults) == (timedelta(seconds=30), False, ())


def test_what_is_said_is_taken() -> None:
    """Services by name and without one; durations as Go writes them."""
    named, unnamed = a_version("a", "web:v1", service={"name": "x"}), a_version("b", "web:v1", service={})
    times: Json = {"duration": "1h30m", "progressDeadlineSeconds": 5, "scaleDownDelaySeconds": 0, "terminate": True}
    spec = parse_experiment(an_experiment(named, unnamed, **times))

    assert [template.service for template in spec.templates] == ["x", ""]
    assert (spec.duration, spec.progress_deadline) == (timedelta(minutes=90), timedelta(seconds=5))
    assert (spec.scale_down_delay, spec.is_terminated) == (timedelta(), True)


def test_a_status_survives_the_way_there_and_back() -> None:
    """Field by field, in Argo's names."""
    status = parse_experiment_status({"status": STATUS})

    assert status.available_at == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert project_experiment_status(status) == STATUS


def test_what_is_empty_is_left_out() -> None:
    """At the top it is removed; counts and the names of runs are always there."""
    bare = ExperimentStatus(
        runs=(RunStatus("check"),), templates=(parse_experiment_status({"status": STATUS}).templates)
    )

    assert project_experiment_status(ExperimentStatus()) == dict.fromkeys(STATUS)
    assert project_experiment_status(bare)["analysisRuns"] == [{"name": "check", "analysisRun": "", "phase": ""}]


@pytest.mark.parametrize(
    "odd", [None, [], "x", {"phase": 5, "templateStatuses": [3], "analysisRuns": {}, "availableAt": 1}]
)
def test_a_status_of_the_wrong_shape_counts_as_none(odd: object) -> None:
    """Somebody has patched it by hand: the round goes on."""
    status = parse_experiment_status({"status": odd})

    assert (status.phase, status.available_at, status.runs) == (Phase.UNSET, None, ())


def test_a_duration_that_is_none_is_a_fault() -> None:
    """Argo runs such an experiment for ever."""
    (fault,) = parse_experiment(an_experiment(a_version("one", "web:v1"), duration="5 minutes")).faults

    assert (fault.path, fault.message) == ("spec.duration", 'Invalid value: "5 minutes": must be a duration')


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"duration": "soon"}, ['.duration: Invalid value: "soon": must be a duration']),
        ({"templates": [{"name": "a"}, {"name": "a"}]}, ['.templates[1].name: Duplicate value: "a"']),
        ({"analyses": [{"name": ""}]}, [".analyses[0].name: Required value"]),
        ({}, []),
    ],
)
def test_a_step_whose_experiment_could_never_run_is_refused(changes: Json, told: list[str]) -> None:
    """With a cure; a rollout would wait for it."""
    step = experiment_step("can", **changes)
    step["experiment"] |= changes
    faults = step_experiment_faults({"strategy": {"canary": {"steps": [{"pause": {}}, step]}}})

    assert [str(fault) for fault in faults] == [f"spec.strategy.steps[1].experiment{each}" for each in told]
    assert all(fault.cure for fault in faults)
    assert step_experiment_faults({"strategy": None}) == step_experiment_faults({}) == ()
