"""Canaries beside a user's Ingress: a second one carries the weight, or the requests that are chosen."""

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from tests.builders.canaries import a_canary, a_deployment, rounds, steps
from tests.builders.manifests import an_object
from tests.scenarios.playing import scenario
from tests.scenarios.sight import Sight
from tests.scenarios.stage import Stage

NGINX = "nginx.ingress.kubernetes.io"
REFERENCE = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "front"}
INSIDERS = {"headers": {"x-user": {"exact": "insider"}}}


def an_ingress() -> Json:
    """The user's Ingress, which leads to the Service of everybody."""
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    return an_object(kinds.INGRESSES, "front", spec={"rules": [{"host": "shop.test", "http": {"paths": paths}}]})


def told(world: Sight, key: str) -> str | None:
    """What the second Ingress tells ingress-nginx under a key; None while it is not there or says nothing of it."""
    second = world.one(kinds.INGRESSES, "front-canary") or {"metadata": {}}
    said: str | None = (second["metadata"].get("annotations") or {}).get(f"{NGINX}/{key}")
    return said


@scenario
async def test_a_second_ingress_carries_the_weight(stage: Stage) -> None:
    """It leads to the new version, follows the weights tick by tick, and the user's Ingress stays as it is."""
    canary = a_canary(steps(20, most=40), provider="nginx", ingressRef=REFERENCE)
    await stage.apply(a_deployment(), an_ingress(), canary)
    await stage.canary_phase("Initialized")
    before = stage.world.one(kinds.INGRESSES, "front")
    weights = stage.record(lambda world: told(world, "canary-weight"))
    await stage.release("web:v2")
    await stage.canary_phase("Succeeded", within=120)

    assert weights == ["0", "20", "40", "0"]
    second = stage.world.one(kinds.INGRESSES, "front-canary")
    assert second is not None
    path = second["spec"]["rules"][0]["http"]["paths"][0]
    assert path["backend"]["service"]["name"] == "web-canary"
    assert [owner["kind"] for owner in second["metadata"]["ownerReferences"]] == ["Canary"]
    assert stage.world.one(kinds.INGRESSES, "front") == before


@scenario
async def test_insiders_are_sent_to_the_new_version(stage: Stage) -> None:
    """Requests with the header go there for all rounds of the run, nobody else does, and none after it."""
    canary = a_canary(rounds(2, match=[INSIDERS]), provider="nginx", ingressRef=REFERENCE)
    await stage.apply(a_deployment(), an_ingress(), canary)
    await stage.canary_phase("Initialized")
    chosen = stage.record(lambda world: (told(world, "canary-by-header"), told(world, "canary-by-header-value")))
    weights = stage.record(lambda world: told(world, "canary-weight"))
    await stage.release("web:v2")
    await stage.canary_phase("Succeeded", within=120)

    assert chosen == [(None, None), ("x-user", "insider"), (None, None)]
    assert weights == ["0"]
    assert stage.world.deployments()["web-primary"] == ("web:v2", 2)
