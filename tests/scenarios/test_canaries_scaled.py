"""Canaries beside autoscalers: the target's own rests with it, and a twin of it looks after what serves."""

from rollouts.cluster import kinds
from rollouts.cluster.port import Json, Resource
from tests.builders.canaries import a_canary, a_deployment, steps
from tests.builders.foreign import AUTOSCALERS, SCALED_OBJECTS
from tests.builders.manifests import an_object
from tests.scenarios.foreign import served
from tests.scenarios.holding import held, let_go
from tests.scenarios.playing import scenario
from tests.scenarios.stage import Stage

PAUSED = "autoscaling.keda.sh/paused-replicas"
QUERY = 'sum(rate(requests_total{deployment="web"}[1m]))'


def of(resource: Resource, name: str) -> Json:
    """The reference to an autoscaler."""
    return {"apiVersion": resource.api_version, "kind": resource.kind, "name": name}


async def scaled(stage: Stage, name: str, replicas: int) -> None:
    """An autoscaler has its way."""
    await stage.patch({"spec": {"replicas": replicas}}, name=name, resource=kinds.DEPLOYMENTS, subresource="scale")


@scenario
async def test_two_autoscalers_scale_two_versions(stage: Stage) -> None:
    """Each version has the size that its own wants; the twin's bounds are its own, the rest is the user's at last."""
    wanted = {"type": "Utilization", "averageUtilization": 80}
    metrics = [{"type": "Resource", "resource": {"name": "cpu", "target": wanted}}]
    target = of(kinds.DEPLOYMENTS, "web")
    own = {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 4, "metrics": metrics}
    reference = {**of(AUTOSCALERS, "load"), "primaryScalerReplicas": {"minReplicas": 3}}
    analysis = steps(50, most=50, webhooks=held(stage))
    await stage.apply(a_deployment(), an_object(AUTOSCALERS, "load", spec=own))
    await stage.apply(a_canary(analysis, autoscalerRef=reference))
    await stage.canary_phase("Initialized")
    twin = (await stage.get(AUTOSCALERS, "load-primary"))["spec"]
    assert twin == {**twin, **own, "scaleTargetRef": {**target, "name": "web-primary"}, "minReplicas": 3}

    await scaled(stage, "web-primary", 3)
    await stage.release("web:v2")
    await stage.canary_phase("WaitingPromotion")
    assert stage.world.deployments() == {"web": ("web:v2", 2), "web-primary": ("web:v1", 3)}
    await scaled(stage, "web", 4)
    await stage.patch({"spec": {"maxReplicas": 8}}, name="load", resource=AUTOSCALERS)
    sizes = stage.record(lambda world: world.deployments()["web-primary"][1])
    let_go(stage)
    await stage.canary_phase("Succeeded")

    assert stage.world.deployments() == {"web": ("web:v2", 0), "web-primary": ("web:v2", 3)}
    assert sizes == [3]
    assert (await stage.get(AUTOSCALERS, "load-primary"))["spec"]["maxReplicas"] == 8


@scenario
async def test_kedas_autoscaler_rests_with_its_target(stage: Stage) -> None:
    """It is paused whenever the target has no pods, and its twin asks about the copy."""
    trigger = {"type": "prometheus", "metadata": {"query": QUERY, "threshold": "10"}}
    own = {"scaleTargetRef": {"name": "web"}, "minReplicaCount": 3, "maxReplicaCount": 6, "triggers": [trigger]}
    await served(stage, SCALED_OBJECTS)
    canary = a_canary(steps(50, most=50, webhooks=held(stage)), autoscalerRef=of(SCALED_OBJECTS, "load"))
    target = a_deployment()
    del target["spec"]["replicas"]
    await stage.apply(target, an_object(SCALED_OBJECTS, "load", spec=own), canary)
    await stage.canary_phase("Initialized")
    twin = (await stage.get(SCALED_OBJECTS, "load-primary"))["spec"]
    assert twin["scaleTargetRef"] == {"name": "web-primary"}
    assert twin["triggers"][0]["metadata"]["query"] == QUERY.replace("web", "web-primary")
    assert await paused(stage) == "0"

    await stage.release("web:v2")
    await stage.canary_phase("WaitingPromotion")
    assert await paused(stage) is None
    assert stage.world.deployments()["web"] == ("web:v2", 3)
    let_go(stage)
    await stage.canary_phase("Succeeded")
    assert await paused(stage) == "0"
    assert stage.world.deployments()["web"] == ("web:v2", 0)


async def paused(stage: Stage) -> str | None:
    """At which size KEDA's autoscaler is paused, if it is."""
    annotations = (await stage.get(SCALED_OBJECTS, "load"))["metadata"].get("annotations") or {}
    size: str | None = annotations.get(PAUSED)
    return size
