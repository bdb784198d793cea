"""Manifests for the embedded cluster, and a way to tell a story in it. All objects lie in namespace `shop`."""

from collections.abc import Callable, Coroutine, Iterable
from datetime import timedelta
from typing import Any, TypeVar

from rollouts.cluster import kinds
from rollouts.cluster.port import Collection, Json, Patch, PatchType, Query, Resource, Target
from rollouts.simulator.clock import run_virtual, virtual_now
from rollouts.simulator.scenario import PREFIX, Scenario
from rollouts.simulator.world import World

T = TypeVar("T")
NAMESPACE = "shop"


def live(story: Callable[[World], Coroutine[Any, Any, T]], scenario: Scenario = Scenario(requests_per_second=0)) -> T:  # noqa: B008  # frozen
    """Run a story in a world of its own, in virtual time; its rounds must not have failed."""

    async def main() -> T:
        async with World(scenario, now=virtual_now) as world:
            result = await story(world)
            assert world.failures == {}
            return result

    return run_virtual(main())


def a_pod_spec(image: str = "app:v1", **spec: Any) -> Json:
    """The spec of a pod with one container."""
    return {"containers": [{"name": "app", "image": image}], **spec}


def _template(name: str, image: str, annotations: dict[str, str], pod: Json) -> Json:
    marks = {PREFIX + key.replace("_", "-"): value for key, value in annotations.items()}
    return {"metadata": {"labels": {"app": name}, "annotations": marks}, "spec": a_pod_spec(image, **pod)}


def _workload(resource: Resource, name: str, spec: Json) -> Json:
    meta = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": meta, "spec": spec}


def a_deployment(
    name: str = "web",
    image: str = "app:v1",
    replicas: int = 3,
    *,
    pod: Json | None = None,
    marks: dict[str, str] | None = None,
    **spec: Any,
) -> Json:
    """A Deployment; `marks` are the simulator's annotations of its pods, `pod` more of their spec."""
    template = _template(name, image, marks or {}, pod or {})
    selector = {"matchLabels": {"app": name}}
    return _workload(
        kinds.DEPLOYMENTS, name, {"replicas": replicas, "selector": selector, "template": template, **spec}
    )


def a_replica_set(name: str = "web", image: str = "app:v1", replicas: int = 2, **spec: Any) -> Json:
    """A ReplicaSet with labels `app` and rollouts-pod-template-hash (both its name)."""
    template = _template(name, image, {}, {})
    template["metadata"]["labels"]["rollouts-pod-template-hash"] = name
    selector = {"matchLabels": {"app": name}}
    return _workload(
        kinds.REPLICA_SETS, name, {"replicas": replicas, "selector": selector, "template": template, **spec}
    )


def a_job(name: str = "work", *, marks: dict[str, str] | None = None, policy: str = "Never", **spec: Any) -> Json:
    """A Job of one-container pods."""
    template = _template(name, "work:v1", marks or {}, {"restartPolicy": policy})
    return _workload(kinds.JOBS, name, {"template": template, **spec})


def a_service(name: str = "web", selects: str = "web", rate: float | None = None, **spec: Any) -> Json:
    """A Service for pods with label app; with `rate` it is addressed directly."""
    service = _workload(
        kinds.SERVICES, name, {"selector": {"app": selects}, "ports": [{"port": 80, "targetPort": 8080}], **spec}
    )
    if rate is not None:
        service["metadata"]["annotations"] = {f"{PREFIX}traffic": str(rate)}
    return service


def a_route(name: str = "web", /, **weights: int) -> Json:
    """An HTTPRoute with one rule to Services by weight."""
    refs = [{"name": service, "port": 80, "weight": weight} for service, weight in weights.items()]
    return _workload(kinds.HTTP_ROUTES, name, {"rules": [{"backendRefs": refs}]})


def a_budget(name: str = "web", selects: str = "web", **spec: Any) -> Json:
    """A PodDisruptionBudget."""
    resource = Resource("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget")
    return _workload(resource, name, {"selector": {"matchLabels": {"app": selects}}, **spec})


async def get(world: World, resource: Resource, name: str = "web") -> Json:
    """An object as it is now."""
    return await world.cluster.get(Target(resource, name, NAMESPACE))


async def listed(world: World, resource: Resource, labels: str = "") -> list[Json]:
    """The objects of a kind."""
    page = await world.cluster.list(Collection(resource, NAMESPACE), Query(labels=labels))
    return list(page.items)


async def merge(world: World, resource: Resource, name: str, body: Json) -> Json:
    """Patch an object."""
    return await world.cluster.patch(Target(resource, name, NAMESPACE), Patch(PatchType.MERGE, body))


async def scale(world: World, resource: Resource, name: str, replicas: int) -> None:
    """Ask for so many pods."""
    await merge(world, resource, name, {"spec": {"replicas": replicas}})


def names(objects: Iterable[Json]) -> list[str]:
    """Their names."""
    return [obj["metadata"]["name"] for obj in objects]


def seconds(count: float) -> timedelta:
    """So many seconds."""
    return timedelta(seconds=count)
