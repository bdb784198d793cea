"""What changes while a Canary runs or rests: another version, another configuration, back again, and once more."""

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from tests.builders.canaries import a_canary, a_deployment, a_gate, at_most, steps
from tests.builders.manifests import a_pod
from tests.scenarios.playing import scenario
from tests.scenarios.stage import Stage

RESTS = {"web": ("web:v2", 0), "web-primary": ("web:v1", 2)}
PROMOTED = {"web": ("web:v2", 0), "web-primary": ("web:v2", 2)}
SERVED_BY_PRIMARY = {"web-primary": 100, "web-canary": 0}


async def held(stage: Stage, *, image: str = "web:v2", replicas: int = 2) -> None:
    """A version that has 30 % of the requests and waits there for its promotion."""
    gate = a_gate("confirm-promotion", stage.hook("ask", 403))
    await stage.apply(a_deployment(replicas=replicas), a_canary(steps(30, most=30, webhooks=[gate])))
    await stage.canary_phase("Initialized")
    await stage.release(image)
    await stage.canary_phase("WaitingPromotion")
    assert stage.world.weights() == {"web-primary": 70, "web-canary": 30}


@scenario
async def test_a_newer_version_is_tried_from_the_start(stage: Stage) -> None:
    """Everybody goes back first; what was tried before is never promoted."""
    await held(stage)
    weights = stage.record(lambda world: world.weights().get("web-canary"))
    served = stage.record(lambda world: world.deployments()["web-primary"][0])
    await stage.release("web:v3")
    await stage.told(("Normal", "Synced", f"New revision detected! Restarting analysis for web.{stage.namespace}"))
    stage.hook("ask")
    await stage.canary_phase("Succeeded")

    assert weights == [30, 0, 30, 0]
    assert served == ["web:v1", "web:v3"]


@scenario
async def test_a_version_that_is_taken_back_is_judged_no_more(stage: Stage) -> None:
    """The target is as it was promoted: traffic goes back, the target rests, and no run follows."""
    await held(stage)
    await stage.release("web:v1")
    await stage.canary_phase("Failed")
    await stage.quiet(3)

    assert stage.world.canary_phase() == "Failed"
    assert stage.world.weights() == SERVED_BY_PRIMARY
    assert stage.world.deployments() == {"web": ("web:v1", 0), "web-primary": ("web:v1", 2)}


@scenario
async def test_a_version_that_failed_is_tried_again(stage: Stage) -> None:
    """Back to what is promoted starts nothing; what failed, put in once more, is a new run."""
    errors = stage.says("errors", 9)
    await stage.apply(a_deployment(), a_canary(steps(50, most=50, metrics=[at_most(errors, 1)])))
    await stage.canary_phase("Initialized")
    await stage.release("web:v2")
    await stage.canary_phase("Failed")
    assert stage.world.deployments() == RESTS

    await stage.release("web:v1")
    await stage.quiet(3)
    assert stage.world.canary_phase() == "Failed"
    stage.says("errors", 0)
    await stage.release("web:v2")
    await stage.canary_phase("Succeeded")
    assert stage.world.deployments() == PROMOTED
    assert stage.world.weights() == SERVED_BY_PRIMARY


@scenario
async def test_a_fix_follows_what_failed(stage: Stage) -> None:
    """A third version is tried after the second has failed, and counts from zero."""
    errors = stage.says("errors", 9)
    await stage.apply(a_deployment(), a_canary(steps(50, most=50, metrics=[at_most(errors, 1)])))
    await stage.canary_phase("Initialized")
    await stage.release("web:v2")
    await stage.canary_phase("Failed")
    stage.says("errors", 0)
    await stage.release("web:v3")
    await stage.canary_phase("Succeeded")

    assert stage.world.deployments() == {"web": ("web:v3", 0), "web-primary": ("web:v3", 2)}
    assert stage.world.canary_status()["failedChecks"] == 0


@scenario
async def test_a_size_is_no_new_version(stage: Stage) -> None:
    """Who scales the target, or labels it, starts no run."""
    await stage.apply(a_deployment(), a_canary(steps(50)))
    await stage.canary_phase("Initialized")
    phases = stage.record(lambda world: world.canary_phase())
    await stage.patch({"metadata": {"labels": {"team": "shop"}}}, resource=kinds.DEPLOYMENTS)
    await stage.patch({"spec": {"replicas": 1}}, resource=kinds.DEPLOYMENTS)
    await stage.quiet(3)

    assert phases == ["Initialized"]


def a_config(kind: Json, name: str, value: str) -> Json:
    """A ConfigMap or Secret of one key."""
    return {**kind, "metadata": {"name": name}, "data": {"greeting": value}}


CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap"}
SECRET = {"apiVersion": "v1", "kind": "Secret", "type": "Opaque"}
HELLO, WELCOME = "aGVsbG8=", "d2VsY29tZQ=="


async def said(stage: Stage) -> tuple[str, str, str, str]:
    """What the primary and the target are told: each by ConfigMap and Secret."""
    found = [
        (await stage.get(kind, f"{name}{side}"))["data"]["greeting"]
        for side in ("-primary", "")
        for kind, name in ((kinds.CONFIG_MAPS, "words"), (kinds.SECRETS, "secrets"))
    ]
    first, second, third, fourth = found
    return first, second, third, fourth


async def configured(stage: Stage) -> None:
    """A target that reads a ConfigMap and a Secret, each in its own way."""
    volume = {"name": "words", "configMap": {"name": "words"}}
    reading = {"envFrom": [{"secretRef": {"name": "secrets"}}]}
    pod = a_pod(container=reading, volumes=[volume])
    objects = (a_config(CONFIG_MAP, "words", "hello"), a_config(SECRET, "secrets", HELLO))
    await stage.apply(*objects, a_deployment(pod=pod), a_canary(steps(50, most=50)))
    await stage.canary_phase("Initialized")


@scenario
async def test_a_changed_config_is_tried_like_a_version(stage: Stage) -> None:
    """The primary reads copies, so what serves is told the new words only once they were judged; a Secret too."""
    await configured(stage)
    assert await said(stage) == ("hello", HELLO, "hello", HELLO)
    phases = stage.record(lambda world: world.canary_phase())
    await stage.apply(a_config(CONFIG_MAP, "words", "welcome"))
    await stage.canary_phase("Succeeded")
    assert await said(stage) == ("welcome", HELLO, "welcome", HELLO)
    assert phases == ["Initialized", "Progressing", "Promoting", "Finalising", "Succeeded"]

    await stage.apply(a_config(SECRET, "secrets", WELCOME))
    await stage.canary_phase("Progressing")
    await stage.canary_phase("Succeeded")
    assert await said(stage) == ("welcome", WELCOME, "welcome", WELCOME)
    tracked = stage.world.canary_status()["trackedConfigs"]
    assert sorted(tracked) == ["configmap/words", "secret/secrets"]


@scenario
async def test_nobody_else_is_told_of_a_config_before_it_is_judged(stage: Stage) -> None:
    """While the new words wait for approval, the primary's copy says the old ones."""
    await configured(stage)
    gate = a_gate("confirm-promotion", stage.hook("ask", 403))
    await stage.apply(a_canary(steps(50, most=50, webhooks=[gate])))
    await stage.apply(a_config(CONFIG_MAP, "words", "welcome"))
    await stage.canary_phase("WaitingPromotion")
    assert await said(stage) == ("hello", HELLO, "welcome", HELLO)

    stage.hook("ask")
    await stage.canary_phase("Succeeded")
    assert await said(stage) == ("welcome", HELLO, "welcome", HELLO)
    pods = [pod for pod in stage.world.pods() if pod["metadata"]["labels"]["app"] == "web-primary"]
    assert {pod["spec"]["volumes"][0]["configMap"]["name"] for pod in pods} == {"words-primary"}


@scenario
async def test_a_config_that_changes_in_mid_run_begins_it_again(stage: Stage) -> None:
    """What was measured before it changed says nothing about it."""
    await configured(stage)
    gate = a_gate("confirm-promotion", stage.hook("ask", 403))
    await stage.apply(a_canary(steps(50, most=50, webhooks=[gate])))
    await stage.release("web:v2")
    await stage.canary_phase("WaitingPromotion")
    weights = stage.record(lambda world: world.weights().get("web-canary"))
    await stage.apply(a_config(CONFIG_MAP, "words", "welcome"))
    await stage.told(("Normal", "Synced", f"New revision detected! Restarting analysis for web.{stage.namespace}"))
    stage.hook("ask")
    await stage.canary_phase("Succeeded")

    assert weights == [50, 0, 50, 0]
    assert await said(stage) == ("welcome", HELLO, "welcome", HELLO)
    assert stage.world.deployments() == PROMOTED
