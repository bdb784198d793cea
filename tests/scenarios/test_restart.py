"""Pods made anew, marked with their role, and kept apart: what users do to pods without changing the template."""

from rollouts.cluster.port import Json, Resource
from tests.builders.manifests import a_blue_green_world, a_rollout, a_routed_world, an_object, canary, pause, weight
from tests.scenarios.playing import scenario
from tests.scenarios.sight import Sight
from tests.scenarios.stage import Stage

BUDGETS = Resource("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget")
ROLES: Json = {
    "canaryMetadata": {"labels": {"role": "canary"}, "annotations": {"example.com/since": "now"}},
    "stableMetadata": {"labels": {"role": "stable"}},
}


def names(world: Sight, image: str = "") -> set[str]:
    """The pods' names."""
    return {pod["metadata"]["name"] for pod in world.pods(image)}


def roles(world: Sight, image: str) -> list[str]:
    """The roles that the pods of an image are marked with."""
    return [pod["metadata"]["labels"].get("role", "") for pod in world.pods(image)]


def record(world: Sight, image: str) -> str:
    """What a version's ReplicaSet says was put into its pods."""
    annotations = world.replica_set(image)["metadata"].get("annotations") or {}
    return str(annotations.get("rollout.argoproj.io/ephemeral-metadata", ""))


def serving(world: Sight) -> int:
    """Available pods, of whatever version."""
    return sum(world.available().values())


def is_restarted(world: Sight) -> bool:
    """The last restart is written down as done, and all is well."""
    wanted = world.rollout()["spec"].get("restartAt")
    return wanted is not None and world.status().get("restartedAt") == wanted and world.phase() == "Healthy"


def rules(world: Sight, image: str) -> Json:
    """The affinity in a version's template."""
    affinity: Json = world.replica_set(image)["spec"]["template"]["spec"].get("affinity") or {}
    return affinity


@scenario
async def test_restarted_a_few_pods_at_a_time(stage: Stage) -> None:
    """Every pod is new, no more than a quarter was missing, and the rollout is healthy again."""
    await stage.apply(a_rollout(canary(), replicas=4))
    await stage.healthy(image="web:v1")
    old = names(stage.world)
    await stage.seconds(1.5)
    counts = stage.record(serving)
    await stage.restart()
    await stage.until(is_restarted)
    await stage.until(lambda world: serving(world) == 4)

    assert old.isdisjoint(names(stage.world))
    assert min(counts) == 3


@scenario
async def test_restarted_when_its_hour_came(stage: Stage) -> None:
    """A restart in the future is queued, and shown as under way."""
    await stage.apply(a_rollout(canary(), replicas=2))
    await stage.healthy(image="web:v1")
    old = names(stage.world)
    await stage.restart(after=6)
    await stage.until(lambda world: world.message() == "rollout is restarting")
    assert names(stage.world) == old

    await stage.until(is_restarted)
    assert old.isdisjoint(names(stage.world))


@scenario
async def test_restarted_behind_a_spare_pod(stage: Stage) -> None:
    """The only pod of a rollout goes when another one serves, and one is left in the end."""
    await stage.apply(*a_blue_green_world(replicas=1))
    await stage.healthy(image="web:v1")
    old = names(stage.world)
    await stage.seconds(1.5)
    counts = stage.record(serving)
    await stage.restart()
    await stage.until(is_restarted)
    await stage.until(lambda world: world.sizes() == {"web:v1": 1} and len(world.pods()) == 1)

    assert min(counts) == 1
    assert old.isdisjoint(names(stage.world))


@scenario
async def test_restarted_within_a_disruption_budget(stage: Stage) -> None:
    """A budget keeps all pods, which is told; when it gives way, the restart goes on by itself."""
    selector = {"matchLabels": {"app": "web"}}
    await stage.apply(an_object(BUDGETS, "web", spec={"selector": selector, "maxUnavailable": 0}))
    await stage.apply(a_rollout(canary(), replicas=2))
    await stage.healthy(image="web:v1")
    old = names(stage.world)
    await stage.seconds(1.5)
    await stage.restart()
    await stage.until(lambda world: "EvictionRefused" in world.reasons())
    assert names(stage.world) == old

    await stage.delete(BUDGETS)
    await stage.until(is_restarted, within=90)
    assert old.isdisjoint(names(stage.world))


@scenario
async def test_live_pods_change_their_role(stage: Stage) -> None:
    """The pods of a canary say so; at the promotion the same pods are stable, and the old ones are nothing."""
    await stage.apply(a_rollout(canary(weight(50), pause(), **ROLES), replicas=2))
    await stage.healthy(image="web:v1")
    assert roles(stage.world, "web:v1") == ["stable", "stable"]

    await stage.set_image("web:v2")
    await stage.paused(step=1)
    canaries = names(stage.world, "web:v2")
    assert set(roles(stage.world, "web:v2")) == {"canary"}
    await stage.promote()
    await stage.healthy(image="web:v2")
    await stage.until(lambda world: roles(world, "web:v2") == ["stable", "stable"] and not world.pods("web:v1"))

    assert canaries <= names(stage.world)
    notes = [pod["metadata"].get("annotations") or {} for pod in stage.world.pods("web:v2")]
    assert not any("example.com/since" in note for note in notes)
    await stage.until(lambda world: record(world, "web:v2") == '{"labels":{"role":"stable"}}')


@scenario
async def test_new_pods_kept_off_stable_ones(stage: Stage) -> None:
    """The canary's pods avoid the nodes of stable ones until it is promoted."""
    hard: Json = {"requiredDuringSchedulingIgnoredDuringExecution": {}}
    await stage.apply(*a_routed_world(weight(50), pause(), replicas=1, antiAffinity=hard))
    await stage.healthy(image="web:v1")
    assert rules(stage.world, "web:v1") == {}

    await stage.set_image("web:v2")
    await stage.paused(step=1)
    (term,) = rules(stage.world, "web:v2")["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert term["topologyKey"] == "kubernetes.io/hostname"
    assert term["labelSelector"]["matchExpressions"][0]["values"] == [stage.world.status()["stableRS"]]
    nodes = {pod["spec"].get("nodeName") for pod in stage.world.pods()}
    assert len(nodes) == 2 or nodes == {"simulated"}  # the embedded cluster has one node and no scheduler
    await stage.promote()
    await stage.healthy(image="web:v2")
    await stage.until(lambda world: rules(world, "web:v2") == {})
