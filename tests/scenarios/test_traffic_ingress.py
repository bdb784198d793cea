"""Canaries over Ingresses: a second one for ingress-nginx, annotations for AWS load balancers."""

import json

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from tests.builders.manifests import a_rollout, an_object, canary, pause, services, weight
from tests.scenarios.playing import scenario
from tests.scenarios.sight import Sight
from tests.scenarios.stage import Stage

NGINX = "nginx.ingress.kubernetes.io"
ALB = "alb.ingress.kubernetes.io"
BETA: Json = {"name": "beta", "match": [{"headerName": "x-beta", "headerValue": {"exact": "yes"}}]}


def an_ingress(service: str, port: Json) -> Json:
    """An Ingress that leads to a Service, and elsewhere to another."""
    paths = [_path("/", service, port), _path("/docs", "docs", {"number": 80})]
    return an_object(kinds.INGRESSES, "web", spec={"rules": [{"host": "web.example", "http": {"paths": paths}}]})


def _path(path: str, service: str, port: Json) -> Json:
    return {"path": path, "pathType": "Prefix", "backend": {"service": {"name": service, "port": port}}}


def a_world(ingress: Json, routing: Json, *steps: Json) -> list[Json]:
    """A rollout behind an Ingress, and all that it names."""
    named = {"stableService": "web-stable", "canaryService": "web-canary"}
    strategy = canary(*steps, trafficRouting=routing, scaleDownDelaySeconds=1, **named)
    return [*services("web-stable", "web-canary", "web-root"), ingress, a_rollout(strategy, replicas=2)]


def annotations(world: Sight, name: str) -> Json:
    """The annotations of an Ingress; none while it is not there."""
    found: Json = (world.one(kinds.INGRESSES, name) or {"metadata": {}})["metadata"].get("annotations") or {}
    return found


def led(world: Sight, name: str) -> list[str]:
    """The Services that an Ingress leads to."""
    rules = (world.one(kinds.INGRESSES, name) or {"spec": {}})["spec"].get("rules") or []
    return [path["backend"]["service"]["name"] for rule in rules for path in rule["http"]["paths"]]


def action(world: Sight) -> dict[str, int]:
    """The weights in the action of the root Service."""
    written = annotations(world, "web").get(f"{ALB}/actions.web-root")
    groups = json.loads(written)["ForwardConfig"]["TargetGroups"] if written else []
    return {group["ServiceName"]: group["Weight"] for group in groups}


@scenario
async def test_a_second_ingress_carries_the_canary(stage: Stage) -> None:
    """ingress-nginx: the canary's Ingress follows the weights, is the rollout's, and the user's stays as it is."""
    ingress = an_ingress("web-stable", {"number": 80})
    await stage.apply(*a_world(ingress, {"nginx": {"stableIngress": "web"}}, weight(20), pause(), weight(60), pause()))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    assert annotations(stage.world, "web-web-canary") == {f"{NGINX}/canary": "true", f"{NGINX}/canary-weight": "20"}
    assert led(stage.world, "web-web-canary") == ["web-canary", "docs"]
    await stage.promote()
    await stage.paused(step=3)
    assert annotations(stage.world, "web-web-canary")[f"{NGINX}/canary-weight"] == "60"
    await stage.promote()
    await stage.healthy(image="web:v2")
    await stage.until(lambda world: annotations(world, "web-web-canary").get(f"{NGINX}/canary-weight") in (None, "0"))
    assert led(stage.world, "web") == ["web-stable", "docs"]
    assert annotations(stage.world, "web") == {}
    assert "PatchingCanaryIngress" in stage.world.reasons()
    await stage.delete(kinds.ROLLOUTS)
    await stage.until(lambda world: world.one(kinds.INGRESSES, "web-web-canary") is None)


@scenario
async def test_a_deleted_canary_ingress_comes_back(stage: Stage) -> None:
    """Somebody deletes the canary's Ingress amid a canary: it is made again with its weight."""
    ingress = an_ingress("web-stable", {"number": 80})
    await stage.apply(*a_world(ingress, {"nginx": {"stableIngress": "web"}}, weight(20), pause()))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    uid = (stage.world.one(kinds.INGRESSES, "web-web-canary") or {})["metadata"]["uid"]
    await stage.delete(kinds.INGRESSES, "web-web-canary")
    await stage.until(
        lambda world: (
            (world.one(kinds.INGRESSES, "web-web-canary") or {"metadata": {"uid": uid}})["metadata"]["uid"] != uid
        )
    )
    assert annotations(stage.world, "web-web-canary")[f"{NGINX}/canary-weight"] == "20"


@scenario
async def test_a_load_balancer_is_told_by_annotations(stage: Stage) -> None:
    """ALB: the action of the root Service follows the weights; a header route stands in front until the promotion."""
    ingress = an_ingress("web-root", {"name": "use-annotation"})
    settings = {"ingress": "web", "rootService": "web-root", "servicePort": 80}
    routing: Json = {"alb": settings, "managedRoutes": [{"name": "beta"}]}
    steps = (weight(20), {"setHeaderRoute": BETA}, pause())
    await stage.apply(*a_world(ingress, routing, *steps))
    await stage.healthy(image="web:v1")
    assert action(stage.world) == {"web-canary": 0, "web-stable": 100}
    await stage.set_image("web:v2")
    await stage.paused(step=2)
    assert action(stage.world) == {"web-canary": 20, "web-stable": 80}
    assert led(stage.world, "web") == ["beta", "web-root", "docs"]
    conditions = json.loads(annotations(stage.world, "web")[f"{ALB}/conditions.beta"])
    assert conditions == [{"field": "http-header", "httpHeaderConfig": {"httpHeaderName": "x-beta", "values": ["yes"]}}]
    await stage.promote()
    await stage.healthy(image="web:v2")
    await stage.until(lambda world: action(world) == {"web-canary": 0, "web-stable": 100})
    assert led(stage.world, "web") == ["web-root", "docs"]
    held = json.loads(annotations(stage.world, "web")["rollouts.argoproj.io/managed-alb-annotations"])
    assert held == {"web": [f"{ALB}/actions.web-root"]}


@scenario
async def test_two_routers_carry_what_they_can(stage: Stage) -> None:
    """Both take the weights, one of them the header route too; the rollout rests in its pause, and goes on."""
    settings = {"ingress": "web", "rootService": "web-root", "servicePort": 80}
    routing = {"alb": settings, "nginx": {"stableIngress": "other"}, "managedRoutes": [{"name": "beta"}]}
    other = an_ingress("web-stable", {"number": 80}) | {"metadata": {"name": "other"}}
    front = an_ingress("web-root", {"name": "use-annotation"})
    await stage.apply(other, *a_world(front, routing, weight(20), {"setHeaderRoute": BETA}, pause()))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=2)
    await stage.quiet()
    assert annotations(stage.world, "web-other-canary")[f"{NGINX}/canary-weight"] == "20"
    assert action(stage.world) == {"web-canary": 20, "web-stable": 80}
    assert led(stage.world, "web") == ["beta", "web-root", "docs"]
    await stage.promote()
    await stage.healthy(image="web:v2")
    await stage.until(lambda world: led(world, "web") == ["web-root", "docs"])
