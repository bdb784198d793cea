"""Canaries of other targets than Deployments: a DaemonSet, a Service, and Knative's."""

from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.port import Json, Resource
from tests.builders.canaries import a_canary, a_deployment, rounds, steps
from tests.builders.foreign import DAEMON_SETS, KNATIVE_SERVICES
from tests.builders.manifests import a_pod, an_object, services
from tests.scenarios.foreign import OFF, keeping, on_nodes, revised, served
from tests.scenarios.holding import held, let_go
from tests.scenarios.playing import scenario
from tests.scenarios.sight import image_of
from tests.scenarios.stage import Stage

IMAGE = "/spec/template/spec/containers/0/image"


def of(resource: Resource, analysis: Json, **fields: Any) -> Json:
    """A Canary of the object of this kind that is called web."""
    target = {"apiVersion": resource.api_version, "kind": resource.kind, "name": "web"}
    return a_canary(analysis, targetRef=target, **fields)


async def use(stage: Stage, resource: Resource, image: str) -> None:
    """The user's next version."""
    await stage.edit({"op": "replace", "path": IMAGE, "value": image}, resource=resource)


async def daemon_sets(stage: Stage) -> dict[str, tuple[str, bool]]:
    """Every DaemonSet: its image, and whether it has pods."""
    found = await stage.listed(DAEMON_SETS)
    chosen = {one["metadata"]["name"]: one["spec"]["template"]["spec"].get("nodeSelector") or {} for one in found}
    return {one["metadata"]["name"]: (image_of(one), OFF not in chosen[one["metadata"]["name"]]) for one in found}


@scenario
async def test_a_daemon_set_is_delivered(stage: Stage) -> None:
    """It rests by being kept off all nodes, which is no new version; then runs, and rests again."""
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": a_pod()}
    async with keeping(stage, DAEMON_SETS, on_nodes):
        await stage.apply(an_object(DAEMON_SETS, "web", spec=spec))
        await stage.apply(of(DAEMON_SETS, steps(50, most=50, webhooks=held(stage))))
        await stage.canary_phase("Initialized")
        assert await daemon_sets(stage) == {"web": ("web:v1", False), "web-primary": ("web:v1", True)}
        await stage.quiet()
        assert stage.world.canary_phase() == "Initialized"

        await use(stage, DAEMON_SETS, "web:v2")
        await stage.canary_phase("WaitingPromotion")
        assert await daemon_sets(stage) == {"web": ("web:v2", True), "web-primary": ("web:v1", True)}
        assert stage.world.weights() == {"web-primary": 50, "web-canary": 50}
        let_go(stage)
        await stage.canary_phase("Succeeded")
        assert await daemon_sets(stage) == {"web": ("web:v2", False), "web-primary": ("web:v2", True)}


@scenario
async def test_a_service_is_delivered(stage: Stage) -> None:
    """A user's Service over pods of others: a copy of it leads to either version, and itself is never touched."""
    (service,) = services("web", app="web-v1")
    await stage.apply(service, of(kinds.SERVICES, steps(50, most=50, webhooks=held(stage))))
    await stage.canary_phase("Initialized")
    assert {stage.world.selector(f"web{end}")["app"] for end in ("", "-primary", "-canary")} == {"web-v1"}
    version = stage.world.one(kinds.SERVICES, "web")

    await stage.patch({"spec": {"selector": {"app": "web-v2"}}}, resource=kinds.SERVICES)
    await stage.canary_phase("WaitingPromotion")
    leads = {end: stage.world.selector(f"web-{end}")["app"] for end in ("primary", "canary")}
    assert leads == {"primary": "web-v1", "canary": "web-v2"}
    assert stage.world.weights() == {"web-primary": 50, "web-canary": 50}
    let_go(stage)
    await stage.canary_phase("Succeeded")
    assert stage.world.selector("web-primary") == {"app": "web-v2"}
    assert stage.world.weights() == {"web-primary": 100, "web-canary": 0}
    now = stage.world.one(kinds.SERVICES, "web")
    assert version is not None
    assert now is not None
    assert now["spec"] == {**version["spec"], "selector": {"app": "web-v2"}}
    assert now["metadata"].get("annotations") == version["metadata"].get("annotations")


@scenario
async def test_knatives_service_is_delivered(stage: Stage) -> None:
    """Its revisions are the versions, its own traffic the route, and nothing else is made."""
    await served(stage, KNATIVE_SERVICES)
    template = {"spec": {"containers": [{"image": "web:v1"}]}}
    async with keeping(stage, KNATIVE_SERVICES, revised):
        await stage.apply(an_object(KNATIVE_SERVICES, "web", spec={"template": template}))
        analysis = steps(50, most=50, webhooks=held(stage))
        canary = of(KNATIVE_SERVICES, analysis, provider="knative")
        del canary["spec"]["service"]
        await stage.apply(canary)
        await stage.canary_phase("Initialized")
        assert await split(stage) == {"latest": 0, "web-web-v1": 100}

        await use(stage, KNATIVE_SERVICES, "web:v2")
        await stage.canary_phase("WaitingPromotion")
        assert await split(stage) == {"latest": 50, "web-web-v1": 50}
        let_go(stage)
        await stage.canary_phase("Succeeded")
        assert await split(stage) == {"latest": 0, "web-web-v2": 100}
    assert stage.world.deployments() == {}
    assert stage.world.all(kinds.SERVICES) == []


async def split(stage: Stage) -> dict[str, int]:
    """The shares of revisions, as Knative's Service wants them."""
    traffic = (await stage.get(KNATIVE_SERVICES))["spec"]["traffic"]
    return {to.get("revisionName", "latest"): to["percent"] for to in traffic}


@scenario
async def test_a_daemon_set_is_rolled_back(stage: Stage) -> None:
    """A version that its webhook refuses is kept off all nodes again, and the primary stays as it is."""
    refuses = {"name": "no", "type": "rollout", "url": stage.hook("no", 403)}
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": a_pod()}
    async with keeping(stage, DAEMON_SETS, on_nodes):
        await stage.apply(an_object(DAEMON_SETS, "web", spec=spec))
        await stage.apply(of(DAEMON_SETS, rounds(3, webhooks=[refuses]), provider="kubernetes"))
        await stage.canary_phase("Initialized")
        await use(stage, DAEMON_SETS, "web:v2")
        await stage.canary_phase("Failed")

        assert await daemon_sets(stage) == {"web": ("web:v2", False), "web-primary": ("web:v1", True)}


@scenario
async def test_without_a_mesh_somebody_always_serves(stage: Stage) -> None:
    """Blue-green by plain Kubernetes: the Service has ready pods behind it while the primary becomes the new one."""
    await stage.apply(a_deployment(), a_canary(rounds(2, webhooks=held(stage)), provider="kubernetes"))
    await stage.canary_phase("Initialized")
    serves = stage.record(lambda world: world.is_served("web"))
    await stage.release("web:v2")
    await stage.canary_phase("WaitingPromotion")
    assert stage.world.deployments() == {"web": ("web:v2", 2), "web-primary": ("web:v1", 2)}
    assert stage.world.selector("web") == {"app": "web-primary"}
    let_go(stage)
    await stage.canary_phase("Succeeded")

    assert stage.world.deployments() == {"web": ("web:v2", 0), "web-primary": ("web:v2", 2)}
    assert serves == [True]
