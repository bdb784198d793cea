"""Controllers side by side: apart by instance id, by namespace, and by what they are told to run."""

import asyncio
from collections.abc import AsyncIterator

from rollouts.cluster import kinds
from rollouts.cluster.port import Collection, Json, Page, Query, Target, WatchEvent
from rollouts.controller.settings import Settings
from rollouts.model.keys import INSTANCE_LABEL
from rollouts.simulator.store import Store
from tests.unit.controller.stories import Shop, Spy, a_canary, a_routed_canary, a_template, tell

STEPS: tuple[Json, ...] = ({"setWeight": 50}, {"analysis": {"templates": [{"templateName": "fine"}]}})


def of_instance(manifest: Json, instance: str) -> Json:
    """The same object for another controller."""
    manifest["metadata"]["labels"] = {INSTANCE_LABEL: instance}
    return manifest


class Reader(Spy):
    """A spy that notes what is read, too: kind and namespace of each list and watch."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.read: set[tuple[str, str | None]] = set()

    async def list(self, collection: Collection, query: Query = Query()) -> Page:
        self.read.add((collection.resource.kind, collection.namespace))
        return await self._store.list(collection, query)

    async def watch(self, collection: Collection, query: Query = Query()) -> AsyncIterator[WatchEvent]:
        self.read.add((collection.resource.kind, collection.namespace))
        async for event in self._store.watch(collection, query):
            yield event


def test_two_instances_touch_only_their_own() -> None:
    """The label decides, also for what a rollout starts; without an id only unlabelled objects count."""

    async def story(shop: Shop) -> tuple[Spy, Spy]:
        plain, blue = Spy(shop.store), Spy(shop.store)
        await shop.start(plain)
        await shop.start(blue, settings=Settings(is_elected=False, instance_id="blue"))
        theirs = of_instance(a_canary(*STEPS, name="api"), "blue")
        await shop.world.apply([a_template("fine"), a_canary(*STEPS), theirs])
        await asyncio.sleep(30)
        await shop.use("web:v2")
        await shop.use("web:v2", name="api")
        await asyncio.sleep(90)
        assert (await shop.phase(), await shop.phase("api")) == (("Healthy", ""), ("Healthy", ""))
        return plain, blue

    plain, blue = tell(story)

    assert {write.name.partition("-")[0].partition(".")[0] for write in plain.writes} == {"web"}
    assert {write.name.partition("-")[0].partition(".")[0] for write in blue.writes} == {"api"}
    assert any(write.kind == "AnalysisRun" for write in blue.writes)


def test_a_namespaced_controller_reads_nothing_beyond_its_namespace() -> None:
    """No cluster-scoped kind, no other namespace: a Role is enough."""

    async def story(shop: Shop) -> Reader:
        reader = Reader(shop.store)
        await shop.store.create(Collection(kinds.NAMESPACES), {"metadata": {"name": "other"}})
        elsewhere = a_canary(name="api")
        elsewhere["metadata"]["namespace"] = "other"
        await shop.start(reader, settings=Settings(is_elected=False, namespace="shop"))
        await shop.world.apply([a_template("fine"), *a_routed_canary(*STEPS), elsewhere])
        await asyncio.sleep(30)
        await shop.use("web:v2")
        await asyncio.sleep(90)
        assert await shop.phase() == ("Healthy", "")
        assert "status" not in await shop.store.get(Target(kinds.ROLLOUTS, "api", "other"))
        return reader

    reader = tell(story)

    assert {namespace for _, namespace in reader.read} == {"shop"}
    assert "ClusterAnalysisTemplate" not in {kind for kind, _ in reader.read}


def test_a_controller_of_analyses_leaves_rollouts_alone() -> None:
    """--controllers analysis: as Argo, for those who run AnalysisRuns apart."""

    async def story(shop: Shop) -> Spy:
        spy = Spy(shop.store)
        await shop.start(spy, settings=Settings(is_elected=False, is_analysis_only=True))
        metric = a_template("fine")["spec"]["metrics"]
        run = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun", "spec": {"metrics": metric}}
        await shop.world.apply([a_canary(*STEPS), {**run, "metadata": {"name": "run", "namespace": "shop"}}])
        await asyncio.sleep(60)
        assert (await shop.get(kinds.ANALYSIS_RUNS, "run"))["status"]["phase"] == "Successful"
        return spy

    assert {write.name.partition(".")[0] for write in tell(story).writes} == {"run"}
