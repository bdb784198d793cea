"""What metric providers ask of the cluster, over the embedded one: answered, refused with the cure, passed on."""

import base64
from typing import Any

import pytest

from analysis.decide import Due, Task
from analysis.errors import NoAnswerError, ProviderError
from analysis.model import Measurement, Metric, Phase
from analysis.ports import InProcessPorts
from analysis.requests import Cluster, Defaults, Http, Request, RunIdentity, Secret, Server, Verb
from analysis.runner import Job, Runner
from rollouts.cluster import kinds
from rollouts.cluster.client import HttpCluster
from rollouts.cluster.errors import ClusterError, ForbiddenError, ServerError
from rollouts.cluster.login import anonymous
from rollouts.cluster.port import Collection, Patch, PatchType, Resource, Target
from rollouts.controller.clock import wall_clock
from rollouts.controller.measuring import ClusterPorts
from rollouts.simulator.api import serve
from rollouts.simulator.store import Store
from tests.unit.controller.stories import an_object
from tests.unit.test_ingress_examples import definition

METRICS = Resource("metrics.keptn.sh", "v1beta1", "keptnmetrics", "KeptnMetric")
ANALYSES = Resource("metrics.keptn.sh", "v1beta1", "analyses", "Analysis")
Json = dict[str, Any]


def a_secret(name: str, namespace: str, **data: bytes) -> Json:
    """A Secret as the API server shows it."""
    body = an_object(kinds.SECRETS, name, data={key: base64.b64encode(value).decode() for key, value in data.items()})
    body["metadata"]["namespace"] = namespace
    return body


def a_job(name: str, labels: Json | None = None) -> Json:
    """A Job of the namespace shop."""
    container = {"name": "a", "image": "a:1"}
    spec = {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}
    body = an_object(kinds.JOBS, name, spec=spec)
    body["metadata"]["labels"] = labels or {}
    return body


def jobs(verb: Verb, **fields: Any) -> Cluster:
    """A question about Jobs."""
    return Cluster(verb, "batch/v1", "jobs", "shop", **fields)


async def a_store(*objects: Json) -> Store:
    """A cluster with two namespaces."""
    store = Store(wall_clock)
    for name in ("shop", "argo-rollouts"):
        await store.create(Collection(kinds.NAMESPACES), {"metadata": {"name": name}})
    for obj in objects:
        await store.create(Collection(kinds.SECRETS, obj["metadata"]["namespace"]), obj)
    return store


def ports(cluster: Any, elsewhere: Any = None) -> ClusterPorts:
    """The ports of a controller in argo-rollouts, with nothing beyond."""
    return ClusterPorts(
        InProcessPorts(lambda _query, _now: {}, None, Defaults("x")), cluster, "argo-rollouts", elsewhere
    )


class Refusing:
    """A cluster that answers everything with an error."""

    def __init__(self, error: ClusterError) -> None:
        self._error = error

    def __getattr__(self, _name: str) -> Any:
        async def refuse(*_: Any) -> Any:
            raise self._error

        return refuse


async def test_a_secret_is_read_beside_the_controller_or_where_it_is_said_to_be() -> None:
    """Its values are texts; what is none is left out."""
    store = await a_store(
        a_secret("datadog", "argo-rollouts", key=b"mine", binary=b"\xff"), a_secret("datadog", "shop", key=b"yours")
    )

    assert await ports(store).ask(Secret("datadog")) == {"key": "mine"}
    assert await ports(store).ask(Secret("datadog", "shop")) == {"key": "yours"}
    assert await ports(store).ask(Secret("none")) is None


async def test_objects_are_made_found_listed_and_deleted() -> None:
    """A name that is taken and an object that is gone are answers, not errors."""
    doors = ports(await a_store())
    created = await doors.ask(jobs(Verb.CREATE, body=a_job("one", {"of": "run"})))
    await doors.ask(jobs(Verb.CREATE, body=a_job("two")))

    assert created["metadata"]["uid"]
    assert await doors.ask(jobs(Verb.CREATE, body=a_job("one"))) is None
    assert (await doors.ask(jobs(Verb.GET, name="one")))["metadata"]["uid"] == created["metadata"]["uid"]
    assert [job["metadata"]["name"] for job in await doors.ask(jobs(Verb.LIST, labels="of=run"))] == ["one"]
    assert await doors.ask(jobs(Verb.GET, name="none")) is None
    assert await doors.ask(jobs(Verb.DELETE, name="none")) is None


async def test_a_deleted_job_takes_its_pods_first() -> None:
    """The deletion is in the foreground: the Job stays until what belongs to it is gone."""
    doors = ports(await a_store())
    await doors.ask(jobs(Verb.CREATE, body=a_job("one")))
    await doors.ask(jobs(Verb.DELETE, name="one"))
    left = await doors.ask(jobs(Verb.GET, name="one"))

    assert left is None or left["metadata"]["finalizers"] == ["foregroundDeletion"]


async def test_jobs_may_run_in_another_cluster() -> None:
    """Only what is asked there goes there."""
    here, there = await a_store(), await a_store()
    doors = ports(here, there)
    await doors.ask(jobs(Verb.CREATE, body=a_job("one"), is_elsewhere=True))

    assert await doors.ask(jobs(Verb.GET, name="one")) is None
    assert await doors.ask(jobs(Verb.GET, name="one", is_elsewhere=True)) is not None


async def test_keptn_is_measured_over_the_clusters_api() -> None:
    """The value of a metric, and an analysis that is made, found to have passed, and deleted."""
    store = await a_store()
    for resource in (METRICS, ANALYSES):
        await store.create(Collection(kinds.CUSTOM_RESOURCE_DEFINITIONS), definition(resource))
    await store.create(Collection(METRICS, "shop"), an_object(METRICS, "latency", status={"value": "12.5"}))
    async with serve(store) as front, HttpCluster(anonymous(front.url)) as cluster:
        read = await keptn(cluster, "keptnmetric/shop/latency", Task.MEASURE)
        begun = await keptn(cluster, "analysis/shop/release/5m", Task.MEASURE)
        made = begun.metadata["analysis"]
        passed = Patch(PatchType.MERGE, {"status": {"state": "Completed", "pass": True}})
        await store.patch(Target(ANALYSES, made, "shop"), passed)
        done = await keptn(cluster, "analysis/shop/release/5m", Task.RESUME, begun)
        left = await store.list(Collection(ANALYSES, "shop"))

    assert (read.phase, read.value, read.message) == (Phase.SUCCESSFUL, "12.5", "")
    assert (begun.phase, done.phase, done.value, left.items) == (Phase.RUNNING, Phase.SUCCESSFUL, "1", ())


async def keptn(cluster: HttpCluster, query: str, task: Task, pending: Measurement | None = None) -> Measurement:
    """A measurement over the real client of the cluster."""
    due = Due("rate", Metric("rate", "keptn", {"query": query}), task, pending)
    runner = Runner(ports(cluster), wall_clock)
    return (await runner.measure(Job(due, (), {}, RunIdentity("shop", "check", "a-run-uid")))).measurement


@pytest.mark.parametrize(
    ("request_", "cure"),
    [
        (Secret("a"), "get secrets in namespace argo-rollouts"),
        (jobs(Verb.CREATE), "create jobs (batch/v1) in namespace shop"),
        (jobs(Verb.LIST), "list jobs (batch/v1) in namespace shop"),
    ],
)
async def test_a_right_that_is_missing_is_named(request_: Request, cure: str) -> None:
    """The measurement's message is all that a user sees of it."""
    with pytest.raises(ProviderError) as told:
        await ports(Refusing(ForbiddenError("forbidden: no rule"))).ask(request_)

    assert str(told.value) == f"forbidden: no rule: allow the controller to {cure}"


async def test_a_server_that_does_not_answer_counts_as_such() -> None:
    """So that its circuit opens."""
    with pytest.raises(NoAnswerError, match="timeout"):
        await ports(Refusing(ServerError("timeout"))).ask(jobs(Verb.LIST))


async def test_everything_else_is_passed_on() -> None:
    """With the operator's defaults, and to its end."""
    doors = ports(await a_store())

    assert doors.defaults == Defaults("x")
    with pytest.raises(ProviderError, match="HTTP requests are not answered here"):
        await doors.ask(Http(Server("http://x")))
    await doors.close()
