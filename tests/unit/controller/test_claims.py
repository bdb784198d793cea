"""ReplicaSets adopted and released, as Argo does. The controller runs on the embedded cluster."""

import asyncio

from rollouts.cluster import kinds
from rollouts.cluster.port import Collection, DeleteOptions, Json, Patch, PatchType, Target
from rollouts.controller.caches import controller_of
from tests.unit.controller.stories import Shop, Spy, a_canary, tell

PAUSE: Json = {"pause": {}}


async def owned(shop: Shop) -> dict[str, bool]:
    """Each ReplicaSet by name, and whether the present rollout owns it."""
    uid = (await shop.rollout())["metadata"]["uid"]
    return {rs["metadata"]["name"]: controller_of(rs) == uid for rs in await shop.listed(kinds.REPLICA_SETS)}


def test_what_an_earlier_rollout_left_is_adopted() -> None:
    """A rollout that is made anew takes over ReplicaSet, pods and revisions, and starts no pod of its own."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await shop.world.apply([a_canary({"setWeight": 20}, PAUSE)])
        await asyncio.sleep(30)
        pods = {pod["metadata"]["uid"] for pod in await shop.listed(kinds.PODS)}
        options = DeleteOptions(propagation="Orphan")
        await shop.store.delete(Target(kinds.ROLLOUTS, "web", "shop"), options)
        await asyncio.sleep(30)
        await shop.world.apply([a_canary({"setWeight": 20}, PAUSE)])
        await asyncio.sleep(30)

        assert list((await owned(shop)).values()) == [True]
        assert {pod["metadata"]["uid"] for pod in await shop.listed(kinds.PODS)} == pods
        assert await shop.phase() == ("Healthy", "")

    tell(story)


def test_an_orphan_that_comes_later_is_adopted() -> None:
    """A ReplicaSet that loses its owner, or never had one, wakes the rollout whose selector finds it."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await shop.world.apply([a_canary(PAUSE)])
        await asyncio.sleep(30)
        (replica_set,) = await shop.listed(kinds.REPLICA_SETS)
        orphan = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": "web-older",
                "namespace": "shop",
                "labels": {**replica_set["metadata"]["labels"], "rollouts-pod-template-hash": "older"},
            },
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": {"app": "web", "rollouts-pod-template-hash": "older"}},
                "template": {
                    "metadata": {"labels": {"app": "web", "rollouts-pod-template-hash": "older"}},
                    "spec": {"containers": [{"name": "web", "image": "web:v0"}]},
                },
            },
        }
        stranger = {**orphan, "metadata": {**orphan["metadata"], "name": "other", "labels": {"app": "other"}}}  # type: ignore[dict-item]  # JSON
        await shop.store.create(Collection(kinds.REPLICA_SETS, "shop"), orphan)
        await shop.store.create(Collection(kinds.REPLICA_SETS, "shop"), stranger)
        await asyncio.sleep(30)

        assert await owned(shop) == {replica_set["metadata"]["name"]: True, "web-older": True, "other": False}

    tell(story)


def test_what_the_selector_does_not_find_is_released() -> None:
    """A changed label lets the ReplicaSet go with its pods; the rollout makes the version anew under another name."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await shop.world.apply([a_canary(PAUSE)])
        await asyncio.sleep(30)
        (before,) = await shop.listed(kinds.REPLICA_SETS)
        name = before["metadata"]["name"]
        body: Json = {"metadata": {"labels": {"app": "lent"}}}
        await shop.store.patch(Target(kinds.REPLICA_SETS, name, "shop"), Patch(PatchType.MERGE, body))
        await asyncio.sleep(60)

        found = await owned(shop)
        assert found.pop(name) is False
        assert list(found.values()) == [True]
        assert (await shop.rollout())["status"]["collisionCount"] == 1
        assert await shop.phase() == ("Healthy", "")

    tell(story)


def test_a_rollout_that_goes_adopts_nothing() -> None:
    """What was deleted behind the caches' back is looked at once more before it becomes an owner."""

    async def story(shop: Shop) -> None:
        spy = Spy(shop.store)
        await shop.start(spy)
        await shop.world.apply([a_canary(PAUSE)])
        await asyncio.sleep(30)
        (replica_set,) = await shop.listed(kinds.REPLICA_SETS)
        await shop.patch({"metadata": {"finalizers": ["example.com/hold"]}})
        await shop.store.delete(Target(kinds.ROLLOUTS, "web", "shop"))
        body: Json = {"metadata": {"ownerReferences": None}}
        target = Target(kinds.REPLICA_SETS, replica_set["metadata"]["name"], "shop")
        await shop.store.patch(target, Patch(PatchType.MERGE, body))
        await asyncio.sleep(60)

        assert not any(controller_of(rs) for rs in await shop.listed(kinds.REPLICA_SETS))

    tell(story)
