"""ReplicaSets of a canary: names that are taken, owners that went, old ones, and hands that meddle with them."""

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from tests.builders.manifests import a_pod, a_rollout, an_object, canary, pause, weight
from tests.scenarios.playing import scenario
from tests.scenarios.sight import HASH, Sight, hash_of
from tests.scenarios.stage import Stage
from tests.scenarios.telling import revision_of

STRICT = {"maxSurge": 1, "maxUnavailable": 0}


def pod_names(world: Sight) -> set[str]:
    """The names of all pods."""
    return {pod["metadata"]["name"] for pod in world.pods()}


def set_names(world: Sight) -> set[str]:
    """The names of all ReplicaSets, whoever owns them."""
    return {rs["metadata"]["name"] for rs in world.all(kinds.REPLICA_SETS)}


async def hash_to_be(stage: Stage, image: str) -> str:
    """The hash of a template, as another rollout in the namespace has it."""
    twin: Json = a_rollout(canary(), name="twin", image=image, replicas=0, pod=a_pod("web", image))
    twin["spec"]["selector"] = {"matchLabels": {"app": "web"}}
    await stage.apply(twin)
    await stage.until(lambda world: image in world.sizes("twin"))
    found = hash_of(stage.world.replica_set(image, "twin"))
    await stage.delete(kinds.ROLLOUTS, "twin")
    await stage.until(lambda world: not world.all(kinds.ROLLOUTS) and not world.all(kinds.REPLICA_SETS))
    return found


@scenario
async def test_name_of_a_version_is_taken(stage: Stage) -> None:
    """A ReplicaSet of somebody else has the name: the collision is counted, and the version gets another name."""
    taken = await hash_to_be(stage, "web:v2")
    labels = {"app": "other"}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": a_pod("other", "other:v1")}
    await stage.apply(an_object(kinds.REPLICA_SETS, f"web-{taken}", spec=spec))
    await stage.apply(a_rollout(canary(weight(50), pause(), **STRICT), replicas=2))
    await stage.healthy(image="web:v1")
    assert "collisionCount" not in stage.world.status()
    await stage.set_image("web:v2")
    await stage.paused(step=1)

    assert stage.world.status()["collisionCount"] == 1
    assert hash_of(stage.world.replica_set("web:v2")) != taken
    other = stage.world.one(kinds.REPLICA_SETS, f"web-{taken}") or {}
    assert other["spec"]["template"]["spec"]["containers"][0]["image"] == "other:v1"
    assert "ownerReferences" not in other["metadata"]


@scenario
async def test_orphans_are_adopted(stage: Stage) -> None:
    """A rollout that was deleted without its ReplicaSets and comes again takes them over, and makes no pod."""
    manifest = a_rollout(canary(weight(50), pause(), **STRICT), replicas=2)
    await stage.apply(manifest)
    await stage.healthy(image="web:v1")
    pods, sets = pod_names(stage.world), set_names(stage.world)
    await stage.delete(kinds.ROLLOUTS, propagation="Orphan")
    await stage.until(lambda world: not world.all(kinds.ROLLOUTS))
    await stage.quiet()
    assert pod_names(stage.world) == pods
    await stage.apply(manifest)
    await stage.healthy(image="web:v1")
    await stage.quiet()

    assert (pod_names(stage.world), set_names(stage.world)) == (pods, sets)
    status = stage.world.status()
    assert status["stableRS"] == status["currentPodHash"] == hash_of(stage.world.replica_set("web:v1"))
    assert "collisionCount" not in status


@scenario
async def test_old_versions_are_forgotten(stage: Stage) -> None:
    """revisionHistoryLimit: the oldest versions without pods go, the newest stay for an undo."""
    await stage.apply(a_rollout(canary(**STRICT), replicas=1, revisionHistoryLimit=1))
    await stage.healthy(image="web:v1")
    for number in (2, 3, 4):
        await stage.set_image(f"web:v{number}")
        await stage.healthy(image=f"web:v{number}")
    await stage.until(lambda world: set(world.sizes()) == {"web:v3", "web:v4"})
    assert (revision_of(stage.world, "web:v3"), revision_of(stage.world, "web:v4")) == ("3", "4")
    await stage.undo()
    await stage.healthy(image="web:v3")

    assert revision_of(stage.world, "web:v3") == "5"


@scenario
async def test_steps_change_in_mid_update(stage: Stage) -> None:
    """Other steps in the middle of an update are walked from the first one, with the same version."""
    await stage.apply(a_rollout(canary(weight(50), pause(), **STRICT), replicas=4))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    before = pod_names(stage.world)
    steps = [weight(25), pause(), weight(75), pause()]
    await stage.edit({"op": "replace", "path": "/spec/strategy/canary/steps", "value": steps})
    await stage.until(lambda world: world.available() == {"web:v1": 3, "web:v2": 1})
    await stage.paused(step=1)
    assert len(before & pod_names(stage.world)) == 3
    await stage.promote()
    await stage.paused(step=3)

    assert stage.world.available() == {"web:v1": 1, "web:v2": 3}
    assert set(stage.world.sizes()) == {"web:v1", "web:v2"}


@scenario
async def test_sizes_set_by_hand_are_put_back(stage: Stage) -> None:
    """Who scales a ReplicaSet of a rollout by hand finds it as the rollout wants it."""
    await stage.apply(a_rollout(canary(weight(50), pause(), **STRICT), replicas=4))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    for image, size in (("web:v1", 0), ("web:v2", 4)):
        name = stage.world.replica_set(image)["metadata"]["name"]
        await stage.patch({"spec": {"replicas": size}}, name=name, resource=kinds.REPLICA_SETS)
        await stage.until(lambda world: world.available() == {"web:v1": 2, "web:v2": 2})

    assert (stage.world.phase(), stage.world.step()) == ("Paused", 1)


@scenario
async def test_canary_taken_away_by_hand(stage: Stage) -> None:
    """A ReplicaSet that somebody deletes in mid-update is made again, as the same revision and with the same hash."""
    await stage.apply(a_rollout(canary(weight(50), pause(), **STRICT), replicas=2))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    lost = stage.world.replica_set("web:v2")["metadata"]
    await stage.delete(kinds.REPLICA_SETS, lost["name"])
    await stage.until(lambda world: world.replica_set("web:v2")["metadata"].get("uid") not in (None, lost["uid"]))
    await stage.until(lambda world: world.available() == {"web:v1": 1, "web:v2": 1})

    assert stage.world.replica_set("web:v2")["metadata"]["labels"][HASH] == lost["labels"][HASH]
    assert revision_of(stage.world, "web:v2") == "2"
