"""Every kind's rule, as a table: what an object says of itself, and what we make of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts.health import State, health_of
from rollouts.health.judge import RULES


def an_object(api_version: str, kind: str, spec: Any = None, status: Any = None, generation: int = 2) -> dict[str, Any]:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "it", "generation": generation},
        "spec": spec or {},
        "status": status or {},
    }


def conditions(**statuses: str) -> list[dict[str, str]]:
    return [{"type": type_, "status": status, "message": f"{type_} it is"} for type_, status in statuses.items()]


FULL = {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3, "readyReplicas": 3}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (FULL, State.HEALTHY),
        ({}, State.PROGRESSING),
        (FULL | {"observedGeneration": 1}, State.PROGRESSING),
        (FULL | {"updatedReplicas": 2}, State.PROGRESSING),
        (FULL | {"replicas": 4}, State.PROGRESSING),
        (FULL | {"availableReplicas": 2}, State.PROGRESSING),
        (
            FULL | {"conditions": [{"type": "Progressing", "reason": "ProgressDeadlineExceeded", "status": "False"}]},
            State.DEGRADED,
        ),
    ],
)
def test_deployment(status: dict[str, Any], expected: State) -> None:
    """A Deployment is healthy when every pod has the newest template and is available."""

    assert expected == health_of(an_object("apps/v1", "Deployment", {"replicas": 3}, status)).state


def test_a_paused_deployment_is_suspended() -> None:
    """A Deployment that its owner paused is not waited for."""
    found = health_of(an_object("apps/v1", "Deployment", {"paused": True}))

    assert (found.state, found.is_done) == (State.SUSPENDED, True)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (FULL, State.HEALTHY),
        (FULL | {"availableReplicas": 0}, State.PROGRESSING),
        (FULL | {"conditions": conditions(ReplicaFailure="True")}, State.DEGRADED),
        ({}, State.PROGRESSING),
    ],
)
def test_replica_set(status: dict[str, Any], expected: State) -> None:
    """A ReplicaSet counts its available pods, and a refused pod is a failure."""

    assert expected == health_of(an_object("apps/v1", "ReplicaSet", {"replicas": 3}, status)).state


@pytest.mark.parametrize(
    ("spec", "status", "expected"),
    [
        ({"replicas": 3}, FULL, State.HEALTHY),
        ({"replicas": 3}, FULL | {"readyReplicas": 1}, State.PROGRESSING),
        (
            {"replicas": 3},
            FULL | {"updatedReplicas": 1, "currentRevision": "a", "updateRevision": "b"},
            State.PROGRESSING,
        ),
        (
            {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}},
            FULL | {"updatedReplicas": 1, "currentRevision": "a", "updateRevision": "b"},
            State.HEALTHY,
        ),
        (
            {"replicas": 3, "updateStrategy": {"type": "OnDelete"}},
            FULL | {"updatedReplicas": 0, "currentRevision": "a", "updateRevision": "b"},
            State.HEALTHY,
        ),
    ],
)
def test_stateful_set(spec: dict[str, Any], status: dict[str, Any], expected: State) -> None:
    """A StatefulSet is done when the pods above its partition are ready and new."""

    assert expected == health_of(an_object("apps/v1", "StatefulSet", spec, status)).state


def test_daemon_set() -> None:
    """A DaemonSet waits for the node whose pod is not available yet."""
    status = {"observedGeneration": 2, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1}

    assert health_of(an_object("apps/v1", "DaemonSet", {}, status)).state == State.PROGRESSING
    assert health_of(an_object("apps/v1", "DaemonSet", {}, status | {"numberAvailable": 2})).state == State.HEALTHY


@pytest.mark.parametrize(
    ("spec", "status", "expected"),
    [
        ({}, {}, State.PROGRESSING),
        ({}, {"active": 1}, State.PROGRESSING),
        ({}, {"conditions": conditions(Complete="True")}, State.HEALTHY),
        ({}, {"conditions": conditions(Failed="True")}, State.DEGRADED),
        ({"suspend": True}, {}, State.SUSPENDED),
    ],
)
def test_job(spec: dict[str, Any], status: dict[str, Any], expected: State) -> None:
    """A started Job is not a finished one."""

    assert expected == health_of(an_object("batch/v1", "Job", spec, status)).state


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"phase": "Running", "conditions": conditions(Ready="True")}, State.HEALTHY),
        ({"phase": "Running", "conditions": conditions(Ready="False")}, State.PROGRESSING),
        ({"phase": "Succeeded"}, State.HEALTHY),
        ({"phase": "Failed", "message": "evicted"}, State.DEGRADED),
        ({"containerStatuses": [{"name": "a", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]}, State.DEGRADED),
        ({"containerStatuses": [{"name": "a", "state": {"waiting": {"reason": "Creating"}}}]}, State.PROGRESSING),
    ],
)
def test_pod(status: dict[str, Any], expected: State) -> None:
    """A pod that cannot start is a failure, one that is not ready yet is not."""

    assert expected == health_of(an_object("v1", "Pod", {}, status)).state


def test_service() -> None:
    """Only a load balancer has to wait for its address."""
    balancer = {"type": "LoadBalancer"}
    address = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}

    assert health_of(an_object("v1", "Service")).state == State.HEALTHY
    assert health_of(an_object("v1", "Service", balancer)).state == State.PROGRESSING
    assert health_of(an_object("v1", "Service", balancer, address)).state == State.HEALTHY


@pytest.mark.parametrize(
    ("phase", "expected"), [("Bound", State.HEALTHY), ("Lost", State.DEGRADED), ("Pending", State.PROGRESSING)]
)
def test_claim(phase: str, expected: State) -> None:
    """A claim waits for its volume."""

    assert expected == health_of(an_object("v1", "PersistentVolumeClaim", {}, {"phase": phase})).state


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({}, State.PROGRESSING),
        ({"observedGeneration": "1", "phase": "Healthy"}, State.PROGRESSING),
        ({"observedGeneration": "2", "phase": "Healthy"}, State.HEALTHY),
        ({"observedGeneration": "2", "phase": "Paused"}, State.SUSPENDED),
        ({"observedGeneration": "2", "phase": "Degraded", "message": "aborted"}, State.DEGRADED),
        ({"observedGeneration": "2", "phase": "Progressing"}, State.PROGRESSING),
    ],
)
def test_rollout(status: dict[str, Any], expected: State) -> None:
    """A Rollout's phase counts once its controller saw the newest spec: its observed generation is a string."""

    assert expected == health_of(an_object("argoproj.io/v1alpha1", "Rollout", {}, status)).state


def test_rollout_of_a_workload_that_moved_on() -> None:
    """A Rollout that has not seen its workload's newest template is not healthy yet."""
    obj = an_object(
        "argoproj.io/v1alpha1",
        "Rollout",
        {"workloadRef": {"kind": "Deployment", "name": "web"}},
        {"observedGeneration": "2", "phase": "Healthy", "workloadObservedGeneration": "4"},
    )
    obj["metadata"]["annotations"] = {"rollout.argoproj.io/workload-generation": "5"}

    assert health_of(obj).state == State.PROGRESSING


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        ("Successful", State.HEALTHY),
        ("Inconclusive", State.DEGRADED),
        ("Failed", State.DEGRADED),
        ("Running", State.PROGRESSING),
    ],
)
def test_analysis_run(phase: str, expected: State) -> None:
    """An AnalysisRun is as healthy as its verdict."""

    assert expected == health_of(an_object("argoproj.io/v1alpha1", "AnalysisRun", {}, {"phase": phase})).state


@pytest.mark.parametrize(
    ("spec", "found", "expected"),
    [
        ({}, conditions(Ready="True"), State.HEALTHY),
        ({}, conditions(Ready="False", Reconciling="True"), State.DEGRADED),
        ({}, conditions(Ready="Unknown", Reconciling="True"), State.PROGRESSING),
        ({}, [], State.PROGRESSING),
        ({"suspend": True}, [], State.SUSPENDED),
    ],
)
def test_sync_kinds(spec: dict[str, Any], found: list[dict[str, str]], expected: State) -> None:
    """A source that failed is degraded, although it will be tried again."""
    status = {"observedGeneration": 2, "conditions": found}

    assert expected == health_of(an_object("source.toolkit.fluxcd.io/v1", "GitRepository", spec, status)).state
    assert expected == health_of(an_object("kustomize.toolkit.fluxcd.io/v1", "Kustomization", spec, status)).state


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([], State.HEALTHY),
        (conditions(Ready="True"), State.HEALTHY),
        (conditions(Ready="False"), State.PROGRESSING),
        (conditions(Stalled="True"), State.DEGRADED),
        (conditions(Ready="True", Reconciling="True"), State.PROGRESSING),
    ],
)
def test_any_other_kind(found: list[dict[str, str]], expected: State) -> None:
    """A kind that we do not know is judged by its standard conditions, and is healthy without any."""

    assert expected == health_of(an_object("example.org/v1", "Thing", {}, {"conditions": found})).state


def test_definition_and_autoscaler() -> None:
    """A definition waits to be served; an autoscaler that cannot read its metric is broken."""
    blind = {"conditions": [{"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric"}]}
    crd = "apiextensions.k8s.io/v1", "CustomResourceDefinition"

    assert health_of(an_object(*crd)).state == State.PROGRESSING
    assert health_of(an_object(*crd, {}, {"conditions": conditions(Established="True")})).state == State.HEALTHY
    assert health_of(an_object(*crd, {}, {"conditions": conditions(NamesAccepted="False")})).state == State.DEGRADED
    assert health_of(an_object("autoscaling/v2", "HorizontalPodAutoscaler", {}, blind)).state == State.DEGRADED


def test_absent_and_dying() -> None:
    """What is not there is missing; what is being deleted is on its way."""
    dying = an_object("v1", "ConfigMap")
    dying["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"

    assert health_of(None).state == State.MISSING
    assert health_of(dying).state == State.PROGRESSING


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=8,
)


@given(kind=st.sampled_from(sorted(RULES)), spec=JSON, status=JSON)
def test_no_object_breaks_the_judge(kind: tuple[str, str], spec: Any, status: Any) -> None:
    """Whatever stands in spec and status, there is a verdict."""
    group, name = kind
    obj = an_object(f"{group}/v1" if group else "v1", name, spec, status)

    assert health_of(obj).state in State


@pytest.mark.parametrize(
    ("spec", "promoted", "expected"),
    [
        ({}, "True", State.HEALTHY),
        ({}, "False", State.DEGRADED),
        ({}, "Unknown", State.PROGRESSING),
        ({}, "", State.PROGRESSING),
        ({"suspend": True}, "Unknown", State.SUSPENDED),
    ],
)
def test_canary(spec: dict[str, Any], promoted: str, expected: State) -> None:
    """A Canary is as healthy as its condition Promoted says; one that its user suspends waits for a person."""
    status = {"conditions": [{"type": "Promoted", "status": promoted}]} if promoted else {}
    assert expected == health_of(an_object("flagger.app/v1beta1", "Canary", spec, status)).state
