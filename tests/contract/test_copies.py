"""Contract: what is generated around a target, as servers store it, is what was wanted: a settled world gives no write.

Servers fill in defaults and addresses, and controllers leave notes on objects; none of it may look like drift.
"""

from dataclasses import replace

import pytest

from rollouts.cluster.errors import ConflictError
from rollouts.cluster.kinds import CONFIG_MAPS, DEPLOYMENTS, SERVICES
from rollouts.cluster.port import Cluster, Collection, Json, Resource
from rollouts.controller.resources import Resources
from rollouts.dialects.flagger.generated import copying_of
from rollouts.model import effects as e
from rollouts.model.copying import Copying, Objects
from rollouts.model.objects import owner_reference
from rollouts.workloads import twins
from tests.builders.copying import BOOTSTRAP, PROMOTE, a_config, a_service, reading
from tests.builders.ticking import a_canary

_SCALERS = Resource("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler")
_MAIN = {
    "name": "main",
    "image": "web:1",
    "ports": [{"name": "web", "containerPort": 8080}, {"name": "metrics", "containerPort": 9090}],
    "envFrom": [{"configMapRef": {"name": "env"}}],
}
_CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}
_SCALER: Json = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "web"},
    "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "maxReplicas": 3,
        "metrics": [_CPU],
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 60}},
    },
}


class Around:
    """The objects of one Canary on a server."""

    def __init__(self, cluster: Cluster, copying: Copying) -> None:
        self._resources = Resources(cluster)
        self.copying = copying

    async def objects(self) -> Objects:
        """All that is read, as the server has it now."""
        target = await self._resources.read(self.copying.target)
        refs = (ref for ref in twins.touches(self.copying, target) if ref != self.copying.manifest)
        return {ref: await self._resources.read(ref) for ref in refs}

    async def does(self, effect: e.Effect) -> None:
        """Carry an effect out, again where somebody wrote in between."""
        for _ in range(5):
            try:
                for change in twins.render(effect, self.copying, await self.objects()):
                    await self._resources.carry_out(change)
            except ConflictError:
                continue
            return
        raise AssertionError(f"{effect} was always in conflict")

    async def left(self, effect: e.Effect) -> object:
        """What an effect would still change."""
        return twins.render(effect, self.copying, await self.objects())


async def around(cluster: Cluster, namespace: str) -> Around:
    """Deployment web with an autoscaler, a config and a Service of the user's."""
    owner = await _made(cluster, namespace, CONFIG_MAPS, a_config("owner"))
    await _made(cluster, namespace, CONFIG_MAPS, a_config("env", binaryData={"b": "AAEC"}))
    await _made(cluster, namespace, DEPLOYMENTS, reading(_MAIN))
    service = a_service()
    service["spec"] = {key: value for key, value in service["spec"].items() if key != "clusterIP"}
    service["spec"]["ports"] = [{"name": "http", "port": 80}]
    await _made(cluster, namespace, SERVICES, service)
    wanted = {"port": 80, "targetPort": "web", "portDiscovery": True, "trafficDistribution": "PreferClose"}
    scaler = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "name": "web"}
    canary = a_canary(provider="istio", spec={"service": wanted, "autoscalerRef": scaler})
    canary["metadata"]["namespace"] = namespace
    # A collector of garbage takes what the owner of is not there: a ConfigMap stands in for the Canary.
    stand_in = owner_reference("v1", "ConfigMap", "owner", owner["metadata"]["uid"])
    return Around(cluster, replace(copying_of(canary), owner=stand_in))


async def _made(cluster: Cluster, namespace: str, resource: Resource, body: Json) -> Json:
    meta = {**body["metadata"], "namespace": namespace}
    return await cluster.create(Collection(resource, namespace), {**body, "metadata": meta})


@pytest.mark.parametrize("has_scaler", [False, True])
async def test_every_effect_is_done_once(cluster: Cluster, namespace: str, has_scaler: bool) -> None:
    """From bootstrap over a promotion to giving everything back."""
    here = await around(cluster, namespace)
    if has_scaler:
        await _made(cluster, namespace, _SCALERS, _SCALER)
    else:
        here.copying = replace(here.copying, scaler=None)
    for effect in (*BOOTSTRAP, e.ScaleTarget("web", 0), e.ScaleTarget("web", 3), PROMOTE, e.MatchScaler("web")):
        await here.does(effect)

        assert await here.left(effect) == (), effect

    objects = await here.objects()
    assert twins.drifted(here.copying, objects) == frozenset()
    assert twins.is_served(here.copying, objects)
    await here.does(e.GiveBack())
    assert await here.left(e.GiveBack()) == ()


async def test_a_user_s_service_is_given_back_whole(cluster: Cluster, namespace: str) -> None:
    """Selector, ports with their node ports, annotations."""
    here = await around(cluster, namespace)
    ref = here.copying.service("web")
    before = (await here.objects())[ref]
    for effect in BOOTSTRAP:
        await here.does(effect)

    await here.does(e.GiveBack())

    after = (await here.objects())[ref]
    assert before is not None
    assert after is not None
    assert after["spec"] == before["spec"]
    assert not after["metadata"].get("annotations")
