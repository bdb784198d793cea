"""Restarts and roles of pods, by the whole controller on the embedded cluster."""

import asyncio
from datetime import timedelta
from functools import partial

from rollouts.cluster import kinds
from rollouts.cluster.errors import ForbiddenError, ServerError
from rollouts.cluster.port import Collection, Json, Page, Patch, Query, Resource, Target
from rollouts.controller.settings import Settings
from rollouts.model.reading import rfc3339
from rollouts.simulator.clock import virtual_now
from tests.unit.controller.stories import Shop, Spy, Write, a_canary, a_rollout, a_service, an_object, tell

BUDGETS = Resource("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget")
HALF: tuple[Json, ...] = ({"setWeight": 50}, {"pause": {}})
ROLES: Json = {
    "canaryMetadata": {"labels": {"role": "canary"}, "annotations": {"since": "now"}},
    "stableMetadata": {"labels": {"role": "stable"}},
}


def a_budget(**spec: object) -> Json:
    """A disruption budget of the shop's pods."""
    return an_object(BUDGETS, "web", spec={"selector": {"matchLabels": {"app": "web"}}, **spec})


async def restart(shop: Shop, after: timedelta = timedelta()) -> None:
    """The user asks for new pods."""
    await asyncio.sleep(2)
    await shop.patch({"spec": {"restartAt": rfc3339(virtual_now() + after)}})


async def pods(shop: Shop) -> dict[str, Json]:
    """The pods by name, those on their way out left aside."""
    found = await shop.listed(kinds.PODS)
    return {pod["metadata"]["name"]: pod for pod in found if "deletionTimestamp" not in pod["metadata"]}


async def roles(shop: Shop) -> list[tuple[str, str]]:
    """Image and role of every pod."""
    listed = (await pods(shop)).values()
    return sorted((p["spec"]["containers"][0]["image"], p["metadata"]["labels"].get("role", "")) for p in listed)


async def is_restarted(shop: Shop) -> bool:
    """Whether the last restart is written down as done."""
    rollout = await shop.rollout()
    return bool(rollout["status"].get("restartedAt") == rollout["spec"]["restartAt"])


async def fewest(shop: Shop, seconds: int) -> int:
    """The smallest number of available pods that is seen during so many seconds."""
    counts: list[int] = []
    for _ in range(seconds * 10):
        sets = await shop.listed(kinds.REPLICA_SETS)
        counts.append(sum(rs.get("status", {}).get("availableReplicas", 0) for rs in sets))
        await asyncio.sleep(0.1)
    return min(counts)


def test_a_restart_makes_all_pods_anew() -> None:
    """A quarter at a time, and the rollout is healthy again."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await shop.world.apply([a_rollout(replicas=8, canary={})])
        await asyncio.sleep(30)
        old = await pods(shop)
        await restart(shop)

        assert await fewest(shop, 60) == 6
        assert old.keys().isdisjoint(await pods(shop))
        assert len(await pods(shop)) == 8
        assert await is_restarted(shop)
        assert await shop.phase() == ("Healthy", "")

    tell(story)


def test_the_only_pod_of_a_rollout_is_never_missed() -> None:
    """A second one serves before the first one goes."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await shop.world.apply([a_service("live"), a_rollout(replicas=1, blueGreen={"activeService": "live"})])
        await asyncio.sleep(30)
        old = await pods(shop)
        await restart(shop)

        assert await fewest(shop, 60) == 1
        assert old.keys().isdisjoint(await pods(shop))
        assert await shop.sizes() == {"web:v1": 1}
        assert await shop.phase() == ("Healthy", "")

    tell(story)


def test_a_budget_is_respected_until_it_gives_way() -> None:
    """What the server says is told once; every half minute it is asked again, and meanwhile users scale."""

    async def story(shop: Shop) -> None:
        spy = Spy(shop.store)
        await shop.start(spy)
        await shop.world.apply([a_budget(maxUnavailable=0), a_rollout(replicas=4, canary={})])
        await asyncio.sleep(30)
        old = await pods(shop)
        await restart(shop)
        await asyncio.sleep(100)
        assert await pods(shop) == old
        refusals = [event for event in await shop.listed(kinds.EVENTS) if event["reason"] == "EvictionRefused"]
        assert len({event["message"] for event in refusals}) == 1
        assert 3 <= len([write for write in spy.writes if write.verb == "evict"]) <= 6
        assert await shop.phase() == ("Progressing", "rollout is restarting")

        await shop.patch({"spec": {"replicas": 5}})
        await asyncio.sleep(30)
        assert await shop.sizes() == {"web:v1": 5}
        await shop.store.delete(Target(BUDGETS, "web", "shop"))
        await asyncio.sleep(100)
        assert old.keys().isdisjoint(await pods(shop))
        assert await shop.phase() == ("Healthy", "")

    tell(story)


def test_a_restart_waits_for_its_hour() -> None:
    """It is queued, and lasts over an update that comes before."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await shop.world.apply([a_rollout(replicas=2, canary={})])
        await asyncio.sleep(30)
        old = await pods(shop)
        await restart(shop, timedelta(hours=1))
        await asyncio.sleep(3500)
        assert await pods(shop) == old

        await asyncio.sleep(200)
        assert old.keys().isdisjoint(await pods(shop))
        assert await shop.phase() == ("Healthy", "")

    tell(story)


def test_a_role_that_may_not_see_pods_holds_up_no_update() -> None:
    """The restart waits and says why; the next version arrives."""

    class Blind(Spy):
        async def list(self, collection: Collection, query: Query = Query()) -> Page:
            if collection.resource == kinds.PODS:
                raise ForbiddenError("pods is forbidden")
            return await self._store.list(collection, query)

    async def story(shop: Shop) -> None:
        await shop.start(Blind(shop.store))
        await shop.world.apply([a_canary()])
        await asyncio.sleep(30)
        await restart(shop)
        await asyncio.sleep(30)
        assert await shop.phase() == ("Progressing", "rollout is restarting")

        await shop.use("web:v2")
        await asyncio.sleep(60)
        assert await shop.phase() == ("Healthy", "")

    tell(story)


def test_live_pods_follow_their_role() -> None:
    """Canaries become stable at the promotion without being restarted; the old ones are nothing any more."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await shop.world.apply([a_canary(*HALF, **ROLES)])
        await asyncio.sleep(30)
        assert await roles(shop) == [("web:v1", "stable")] * 3

        await shop.use("web:v2")
        await asyncio.sleep(30)
        assert await roles(shop) == [("web:v1", "stable")] * 2 + [("web:v2", "canary")] * 2
        canaries = {name for name, pod in (await pods(shop)).items() if "v2" in str(pod["spec"])}
        await shop.patch({"status": {"promoteFull": True}}, subresource="status")
        await asyncio.sleep(60)
        assert await roles(shop) == [("web:v2", "stable")] * 3
        assert canaries <= (await pods(shop)).keys()
        assert all("since" not in pod["metadata"].get("annotations", {}) for pod in (await pods(shop)).values())

    tell(story)


def test_a_role_that_loses_its_labels_takes_them_off_its_pods() -> None:
    """The user removes stableMetadata: no new version, and the label goes."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await shop.world.apply([a_canary(*HALF, **ROLES)])
        await asyncio.sleep(30)
        await shop.patch({"spec": {"strategy": {"canary": {"stableMetadata": None}}}})
        await asyncio.sleep(30)

        assert await roles(shop) == [("web:v1", "")] * 3
        (rs,) = await shop.listed(kinds.REPLICA_SETS)
        assert "role" not in rs["spec"]["template"]["metadata"]["labels"]
        assert not [key for key in rs["metadata"]["annotations"] if "metadata" in key]

    tell(story)


def test_a_pod_that_is_refused_is_tried_three_times_and_told() -> None:
    """The rollout does not wait for it; when the server lets it, the pod follows."""

    async def story(shop: Shop) -> None:
        spy = Spy(shop.store)
        await shop.start(spy)
        await shop.world.apply([a_canary(*HALF, **ROLES)])
        await asyncio.sleep(30)

        def fate(write: Write) -> None:
            if write.kind == "Pod":
                raise ForbiddenError("pods is forbidden")

        spy.fate = fate
        await shop.patch({"spec": {"strategy": {"canary": {"stableMetadata": {"labels": {"role": "gold"}}}}}})
        await asyncio.sleep(60)
        assert await roles(shop) == [("web:v1", "stable")] * 3
        assert "ReplicaSetUpdateError" in await shop.reasons()

        spy.fate = lambda _write: None
        await asyncio.sleep(60)
        assert await roles(shop) == [("web:v1", "gold")] * 3

    tell(story)


def test_pods_are_changed_side_by_side_and_tried_again() -> None:
    """No more at once than the flag says; a server in trouble is asked so many times before anybody hears of it."""

    class Slow(Spy):
        busy, busiest = 0, 0
        failed: set[str]

        async def patch(self, target: Target, patch: Patch) -> Json:
            if target.resource != kinds.PODS:
                return await super().patch(target, patch)
            self.busy += 1
            self.busiest = max(self.busy, self.busiest)
            await asyncio.sleep(0.5)
            self.busy -= 1
            if target.name not in self.failed:
                self.failed.add(target.name)
                raise ServerError("etcd is busy")
            return await super().patch(target, patch)

    async def story(shop: Shop) -> None:
        spy = Slow(shop.store)
        spy.failed = set()
        await shop.start(spy, settings=Settings(is_elected=False, metadata_threads=2))
        await shop.world.apply([a_rollout(replicas=6, canary=ROLES)])
        await asyncio.sleep(30)
        await shop.patch({"spec": {"strategy": {"canary": {"stableMetadata": {"labels": {"role": "gold"}}}}}})
        await asyncio.sleep(30)

        assert await roles(shop) == [("web:v1", "gold")] * 6
        assert (spy.busiest, len(spy.failed)) == (2, 6)
        assert "ReplicaSetUpdateError" not in await shop.reasons()

    tell(story)


def test_new_pods_keep_off_the_nodes_of_stable_ones() -> None:
    """The rule is in the canary's template until it is promoted."""

    async def rules(shop: Shop) -> dict[str, str]:
        sets = await shop.listed(kinds.REPLICA_SETS)
        specs = [rs["spec"]["template"]["spec"] for rs in sets]
        return {spec["containers"][0]["image"]: str(spec.get("affinity", "")) for spec in specs}

    async def story(shop: Shop) -> None:
        await shop.start()
        hard: Json = {"requiredDuringSchedulingIgnoredDuringExecution": {}}
        await shop.world.apply([a_canary(*HALF, antiAffinity=hard)])
        await asyncio.sleep(30)
        stable = (await shop.rollout())["status"]["stableRS"]
        assert await rules(shop) == {"web:v1": ""}

        await shop.use("web:v2")
        await asyncio.sleep(30)
        assert stable in (await rules(shop))["web:v2"]
        await shop.patch({"status": {"promoteFull": True}}, subresource="status")
        await asyncio.sleep(60)
        assert await rules(shop) == {"web:v1": "", "web:v2": ""}
        assert await shop.phase() == ("Healthy", "")

    tell(story)


def test_a_controller_that_is_killed_in_a_restart_is_followed_by_one_that_ends_it() -> None:
    """Whatever write was the last one: every pod is new, and none of the new ones went."""
    number = 0
    while tell(partial(_crash, number, is_restart=True)):
        number += 1

    assert number > 10


def test_a_controller_that_is_killed_while_roles_change_is_followed_by_one_that_ends_it() -> None:
    """Whatever write was the last one: no pod is left with a role that it does not have."""
    number = 0
    while tell(partial(_crash, number, is_restart=False)):
        number += 1

    assert number > 10


async def _crash(number: int, shop: Shop, *, is_restart: bool) -> bool:
    """One story in which the controller dies with the answer to this write; whether it came to that."""
    spy = Spy(shop.store)
    running = await shop.start(spy)
    await shop.world.apply([a_canary(*HALF[:1], **ROLES)])
    await asyncio.sleep(30)
    spy.dies_after = len(spy.writes) + number
    await (restart(shop) if is_restart else shop.use("web:v2"))
    dying = asyncio.create_task(spy.died.wait())
    await asyncio.wait({dying}, timeout=60)
    if dying.done():
        await running.kill()
        await shop.start(shop.store)
        await asyncio.sleep(90)
    dying.cancel()
    image = "web:v1" if is_restart else "web:v2"
    assert await roles(shop) == [(image, "stable")] * 3
    assert await shop.phase() == ("Healthy", "")
    assert is_restart is False or await is_restarted(shop)
    return spy.died.is_set()
