"""Workloads that templates are taken from: watched once somebody names one, and heard of when they change."""

import asyncio
from collections.abc import AsyncIterator

from rollouts.cluster import kinds
from rollouts.cluster.port import Collection, Json, Patch, PatchType, Query, Target, WatchEvent
from rollouts.simulator.store import Store
from tests.unit.controller.stories import Shop, Spy, a_canary, an_object, tell

PODS: Json = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "app", "image": "web:v1"}]}}


class Listening(Spy):
    """A cluster in between that notes which kinds are watched, and which objects are read one by one."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.watched: set[str] = set()
        self.read: list[str] = []

    def watch(self, collection: Collection, query: Query = Query()) -> AsyncIterator[WatchEvent]:
        """Pass it on."""
        self.watched.add(collection.resource.kind)
        return self._store.watch(collection, query)

    async def get(self, target: Target) -> Json:
        """Pass it on."""
        self.read.append(target.resource.kind)
        return await self._store.get(target)


def a_deployment(name: str = "origin") -> Json:
    """A Deployment without pods."""
    return an_object(
        kinds.DEPLOYMENTS, name, spec={"replicas": 0, "selector": {"matchLabels": {"app": "web"}}, "template": PODS}
    )


def a_rollout(scale_down: str = "never", to: str = "origin") -> Json:
    """A rollout with the template of a Deployment."""
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": to, "scaleDown": scale_down}
    return an_object(kinds.ROLLOUTS, "web", spec={"replicas": 2, "workloadRef": reference, "strategy": {"canary": {}}})


def test_only_what_is_named_is_watched() -> None:
    """A cluster full of Deployments costs nothing until a rollout refers to one."""

    async def story(shop: Shop) -> None:
        cluster = Listening(shop.store)
        await shop.start(cluster)
        await shop.world.apply([a_deployment(), a_canary(name="own")])
        await asyncio.sleep(30)
        assert "Deployment" not in cluster.watched
        await shop.world.apply([a_rollout()])
        await asyncio.sleep(30)

        assert await shop.phase() == ("Healthy", "")
        assert "Deployment" in cluster.watched
        assert "PodTemplate" not in cluster.watched
        assert cluster.read.count("Deployment") <= 1

    tell(story)


def test_a_change_of_the_template_wakes_its_rollout_and_one_of_the_status_does_not() -> None:
    """Deployments write their status with every pod: nobody here needs to know."""

    async def story(shop: Shop) -> None:
        running = await shop.start()
        await shop.world.apply([a_deployment(), a_deployment("other"), a_rollout()])
        await asyncio.sleep(60)
        looks = running.looks()["web"]
        target = Target(kinds.DEPLOYMENTS, "origin", "shop", "status")
        await shop.store.patch(target, Patch(PatchType.MERGE, {"status": {"readyReplicas": 7}}))
        await shop.store.patch(
            Target(kinds.DEPLOYMENTS, "other", "shop"), Patch(PatchType.MERGE, {"spec": {"paused": True}})
        )
        await asyncio.sleep(5)
        assert running.looks()["web"] == looks
        containers = [{"name": "app", "image": "web:v2"}]
        change = {"spec": {"template": {"spec": {"containers": containers}}}}
        await shop.store.patch(Target(kinds.DEPLOYMENTS, "origin", "shop"), Patch(PatchType.MERGE, change))
        await asyncio.sleep(30)

        assert (await shop.sizes())["web:v2"] == 2

    tell(story)


def test_a_settled_reference_costs_no_write() -> None:
    """An hour of rest."""

    async def story(shop: Shop) -> None:
        spy = Spy(shop.store)
        await shop.start(spy)
        await shop.world.apply([{**a_deployment(), "spec": {**a_deployment()["spec"], "replicas": 2}}])
        await shop.world.apply([a_rollout("onsuccess")])
        await asyncio.sleep(120)
        assert (await shop.get(kinds.DEPLOYMENTS, "origin"))["spec"]["replicas"] == 0
        assert spy.said().count("patch Deployment origin") == 1
        spy.writes.clear()
        await asyncio.sleep(3600)

        assert spy.writes == []

    tell(story)


def test_attempts_are_counted_when_they_end() -> None:
    """A first deploy, one that another took the place of, and an abort; the metrics have Argo's names."""

    async def story(shop: Shop) -> None:
        running = await shop.start()
        await shop.world.apply([a_canary({"setWeight": 50}, {"pause": {}})])
        await asyncio.sleep(30)
        for image in ("web:v2", "web:v3"):
            await shop.use(image)
            await asyncio.sleep(30)
        await shop.patch({"status": {"abort": True}}, subresource="status")
        await asyncio.sleep(30)
        page = running.controller.metrics.render().decode()

        for status in ("Promoted", "Superseded", "Aborted"):
            assert f'rollout_duration_seconds_count{{status="{status}"}} 1.0' in page
            assert f'rollout_progression_duration_seconds_count{{status="{status}"}} 1.0' in page
        assert 'rollout_manual_pause_duration_seconds_count{status="Aborted"} 1.0' in page
        assert 'rollout_manual_pause_duration_seconds_count{status="Promoted"}' not in page

    tell(story)
