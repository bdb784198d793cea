"""Jobs as measurements: what is made, how it is looked at, what becomes of it. Against a cluster of a few lines.

Jobs: https://kubernetes.io/docs/concepts/workloads/controllers/job/ and its API reference; waiting reasons of
containers: https://kubernetes.io/docs/concepts/containers/images/#imagepullbackoff
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest

from analysis.errors import ProviderError, SettingsError
from analysis.model import Measurement, Metric, Phase
from analysis.providers import job
from analysis.requests import Cluster, Defaults, Pending, Request, RunIdentity, Setting, Verb, Verdict

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
UID = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"
RUN = RunIdentity("shop", "web-check", UID)
SPEC = {"backoffLimit": 0, "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "smoke"}]}}}
T = TypeVar("T")
Json = dict[str, Any]


@dataclass
class Jobs:
    """A cluster that knows Jobs and pods; `asked` are the requests."""

    jobs: dict[str, Json] = field(default_factory=dict)
    pods: list[Json] = field(default_factory=list)
    asked: list[Cluster] = field(default_factory=list)

    def play(self, flow: Generator[Request, Any, T]) -> T:
        """What the flow gives in the end."""
        try:
            request = next(flow)
            while True:
                assert isinstance(request, Cluster)
                self.asked.append(request)
                request = flow.send(self.answer(request))
        except StopIteration as stop:
            outcome: T = stop.value
            return outcome

    def answer(self, request: Cluster) -> Any:
        """As Kubernetes does."""
        match request.verb:
            case Verb.CREATE:
                name = request.body["metadata"]["name"]
                return None if name in self.jobs else self.jobs.setdefault(name, request.body)
            case Verb.GET:
                return self.jobs.get(request.name)
            case Verb.LIST:
                return tuple(self.pods if request.plural == "pods" else self.jobs.values())
            case Verb.DELETE:
                return self.jobs.pop(request.name, None) and None


def a_metric(name: str = "smoke", **settings: Any) -> Metric:
    """A metric that runs a Job."""
    return Metric(name, "job", {"spec": SPEC, **settings})


def setting(number: int = 1, *, now: datetime = NOW, **variables: str) -> Setting:
    """A measurement of RUN."""
    return Setting(now, Defaults(variables=variables), RUN, number)


def pending(namespace: str = "") -> Measurement:
    """A measurement whose Job runs."""
    where = {"job-namespace": namespace} if namespace else {}
    return Measurement(Phase.RUNNING, NOW, metadata={"job-name": f"{UID}.smoke.1", **where})


def a_job(*conditions: Json, **metadata: Any) -> Json:
    """A Job of the run."""
    named = {"name": f"{UID}.smoke.1", "labels": {job.RUN_UID: UID}, **metadata}
    return {"metadata": named, "status": {"conditions": list(conditions)}}


def test_a_job_belongs_to_its_run() -> None:
    """Name, labels, annotations and owner are Argo's; what the user wants on it is there too."""
    cluster = Jobs()
    metadata = {"labels": {"team": "a"}, "annotations": {"note": "b"}}
    outcome = cluster.play(job.run(a_metric(metadata=metadata), setting(3)))

    assert outcome == Pending(NOW + timedelta(seconds=1), {"job-name": f"{UID}.smoke.3", "job-namespace": "shop"})
    assert cluster.jobs[f"{UID}.smoke.3"] == {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": f"{UID}.smoke.3",
            "namespace": "shop",
            "labels": {"team": "a", "analysisrun.argoproj.io/uid": UID},
            "annotations": {
                "note": "b",
                "analysisrun.argoproj.io/name": "web-check",
                "analysisrun.argoproj.io/metric-name": "smoke",
            },
            "ownerReferences": [
                {
                    "apiVersion": "argoproj.io/v1alpha1",
                    "kind": "AnalysisRun",
                    "name": "web-check",
                    "uid": UID,
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": SPEC,
    }


def test_a_job_that_was_started_already_is_taken_for_it() -> None:
    """A controller that died between the start and its record goes on with that Job."""
    cluster = Jobs({f"{UID}.smoke.1": a_job()})

    assert isinstance(cluster.play(job.run(a_metric(), setting())), Pending)


def test_a_strangers_job_of_the_same_name_is_an_error() -> None:
    """What is not this run's is never taken for it."""
    cluster = Jobs({f"{UID}.smoke.1": a_job(labels={job.RUN_UID: "other"})})

    with pytest.raises(ProviderError, match=rf'jobs.batch "{UID}.smoke.1" already exists'):
        cluster.play(job.run(a_metric(), setting()))


def test_a_long_name_is_cut_and_told_apart() -> None:
    """A Job's name becomes a label, which has 63 characters; metrics that begin alike keep names of their own."""
    cluster = Jobs()
    for name in ("a-metric-with-a-very-long-name-1", "a-metric-with-a-very-long-name-2"):
        cluster.play(job.run(a_metric(name), setting()))

    assert len(cluster.jobs) == 2
    assert all(len(name) <= 63 and name.startswith(UID) for name in cluster.jobs)


def test_another_namespace_or_cluster_has_no_owner() -> None:
    """Owners live in the same namespace of the same cluster."""
    cluster = Jobs()
    cluster.play(job.run(a_metric(), setting(ARGO_ROLLOUTS_ANALYSIS_JOB_NAMESPACE="jobs")))
    cluster.play(job.run(a_metric(), setting(2, ARGO_ROLLOUTS_ANALYSIS_JOB_KUBECONFIG="/other")))
    here, there = (request.body["metadata"] for request in cluster.asked)

    assert (here["namespace"], there["namespace"]) == ("jobs", "shop")
    assert "ownerReferences" not in here
    assert "ownerReferences" not in there
    assert [request.is_elsewhere for request in cluster.asked] == [False, True]


@pytest.mark.parametrize(
    ("conditions", "phase"),
    [
        ([{"type": "SuccessCriteriaMet", "status": "True"}, {"type": "Complete", "status": "True"}], Phase.SUCCESSFUL),
        ([{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}], Phase.FAILED),
    ],
)
def test_the_end_of_a_job_is_the_verdict(conditions: list[Json], phase: Phase) -> None:
    """No condition of the metric is asked."""
    cluster = Jobs({f"{UID}.smoke.1": a_job(*conditions)})

    outcome = cluster.play(job.resume(a_metric(), pending(), setting()))
    assert isinstance(outcome, Verdict)
    assert (outcome.phase, outcome.metadata) == (phase, {"job-name": f"{UID}.smoke.1"})


@pytest.mark.parametrize(("elapsed", "pause"), [(0, 1), (2, 2), (50, 10), (1800, 60)])
def test_a_job_at_work_is_looked_at_ever_more_seldom(elapsed: int, pause: int) -> None:
    """The pause is the root of twice the time so far."""
    cluster = Jobs({f"{UID}.smoke.1": a_job({"type": "Complete", "status": "False"})})
    now = NOW + timedelta(seconds=elapsed)

    outcome = cluster.play(job.resume(a_metric(), pending(), setting(now=now)))
    assert isinstance(outcome, Pending)
    assert outcome.resume_at == now + timedelta(seconds=pause)


@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff", "InvalidImageName"])
@pytest.mark.parametrize("kind", ["initContainerStatuses", "containerStatuses"])
def test_an_image_that_cannot_be_had_says_nothing(kind: str, reason: str) -> None:
    """The measurement is Inconclusive, and names container, pod and reason."""
    waiting = {"reason": reason, "message": 'Back-off pulling image "x"'}
    running = {"name": "side", "state": {"running": {}}}
    status = {kind: [running, {"name": "smoke", "state": {"waiting": waiting}}]}
    cluster = Jobs(
        {f"{UID}.smoke.1": a_job()}, [{"metadata": {"name": "p"}}, {"metadata": {"name": "q"}, "status": status}]
    )

    outcome = cluster.play(job.resume(a_metric(), pending(), setting()))
    assert isinstance(outcome, Verdict)
    assert outcome.phase is Phase.INCONCLUSIVE
    assert outcome.message == f'container smoke of pod q is waiting: {reason}: Back-off pulling image "x"'
    assert cluster.asked[-1].labels == f"job-name={UID}.smoke.1"


def test_a_job_that_somebody_deleted_is_an_error() -> None:
    """In Argo's words."""
    with pytest.raises(ProviderError, match=rf'job.batch "{UID}.smoke.1" not found'):
        Jobs().play(job.resume(a_metric(), pending(), setting()))


def test_a_measurement_that_names_no_job_is_an_error() -> None:
    """In Argo's words."""
    with pytest.raises(ProviderError, match="job metadata reference missing"):
        Jobs().play(job.resume(a_metric(), Measurement(Phase.RUNNING), setting()))


def test_an_end_deletes_the_job() -> None:
    """In the namespace where it was started, also when the operator has named another one since."""
    cluster = Jobs({f"{UID}.smoke.1": a_job()})
    moved = setting(ARGO_ROLLOUTS_ANALYSIS_JOB_NAMESPACE="new")
    outcome = cluster.play(job.terminate(a_metric(), pending(namespace="old"), moved))

    assert isinstance(outcome, Verdict)
    assert outcome.phase is Phase.INCONCLUSIVE
    assert (cluster.jobs, cluster.asked[0].namespace) == ({}, "old")


def test_an_end_spares_a_strangers_job() -> None:
    """The status of a run is its user's to write: the controller's rights are not lent to whoever names another Job."""
    name = f"{UID}.smoke.1"
    for labels in ({job.RUN_UID: "other"}, {}):
        cluster = Jobs({name: a_job({"type": "Complete", "status": "True"}, labels=labels)})
        cluster.play(job.terminate(a_metric(), pending(namespace="other"), setting()))
        with pytest.raises(ProviderError, match="not found"):
            cluster.play(job.resume(a_metric(), pending(namespace="other"), setting()))

        assert list(cluster.jobs) == [name]


def test_old_jobs_of_the_metric_go() -> None:
    """All but the newest; another metric's and those of the same second by their numbers."""
    mine = {job.METRIC_NAME: "smoke"}
    jobs = [
        a_job(name=f"{UID}.smoke.{number}", annotations=mine, creationTimestamp=f"2026-11-01T12:00:0{second}Z")
        for number, second in ((2, 1), (10, 5), (9, 5), (1, 0))
    ]
    other = a_job(name=f"{UID}.other.1", annotations={job.METRIC_NAME: "other"})
    cluster = Jobs({obj["metadata"]["name"]: obj for obj in (*jobs, other)})
    cluster.play(job.collect(a_metric(), 1, setting()))

    assert set(cluster.jobs) == {f"{UID}.smoke.10", f"{UID}.other.1"}
    assert cluster.asked[0].labels == f"{job.RUN_UID}={UID}"


def test_a_job_without_a_spec_is_a_mistake() -> None:
    """It names the field and the cure."""
    with pytest.raises(SettingsError, match=r"metric smoke: provider.job.spec is empty: give the spec of a Job"):
        Jobs().play(job.run(a_metric(spec={}), setting()))
