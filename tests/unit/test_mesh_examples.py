"""The examples for meshes run as they stand: controller and embedded cluster, in virtual time."""

import asyncio
from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.port import Json, Resource
from rollouts.model.keys import HASH_LABEL, MANAGED_BY
from rollouts.simulator.traffic.served import Version
from tests.unit.controller.stories import Shop, tell
from tests.unit.test_examples import SCENARIO, SHOP, documents, opened

SERVICES = Resource("networking.istio.io", "v1", "virtualservices", "VirtualService")
RULES = Resource("networking.istio.io", "v1", "destinationrules", "DestinationRule")
ROUTERS = Resource("appmesh.k8s.aws", "v1beta2", "virtualrouters", "VirtualRouter")
NODES = Resource("appmesh.k8s.aws", "v1beta2", "virtualnodes", "VirtualNode")


def definition(kind: str) -> Json:
    """A definition of one of App Mesh's kinds that takes everything."""
    plural = f"{kind.lower()}s"
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1beta2", "served": True, "storage": True, "schema": schema}
    names = {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.appmesh.k8s.aws"},
        "spec": {"group": "appmesh.k8s.aws", "scope": "Namespaced", "names": names, "versions": [version]},
    }


async def http(shop: Shop) -> list[Json]:
    """The HTTP routes of the VirtualService."""
    found: list[Json] = (await shop.get(SERVICES, "shop"))["spec"]["http"]
    return found


async def seen(shop: Shop, look: Any, *, seconds: int) -> list[Any]:
    """What a look sees in turn, each second from now on, without repeats; what lasts for less may be missed."""
    found = [await look(shop)]
    for _ in range(seconds):
        await asyncio.sleep(1)
        now = await look(shop)
        if now != found[-1]:
            found.append(now)
    return found


async def names_and_weight(shop: Shop) -> tuple[list[str], int]:
    """The names of the routes, and the canary's weight in the one that divides."""
    routes = await http(shop)
    (weighted,) = [route for route in routes if route.get("name", "shop") == "shop"]
    weights = [one["weight"] for one in weighted["route"] if "canary" in one["destination"].values()]
    weights += [one["weight"] for one in weighted["route"] if one["destination"]["host"] == "shop-canary"]
    return [route.get("name", "") for route in routes], weights[0]


async def subset_hashes(shop: Shop) -> dict[str, str]:
    """The versions that the subsets lead to."""
    subsets = (await shop.get(RULES, "shop"))["spec"]["subsets"]
    return {subset["name"]: subset["labels"].get(HASH_LABEL, "") for subset in subsets}


async def split(shop: Shop) -> dict[str, int]:
    """The weights of App Mesh's route."""
    (route,) = (await shop.get(ROUTERS, "shop"))["spec"]["routes"]
    targets = route["httpRoute"]["action"]["weightedTargets"]
    return {target["virtualNodeRef"]["name"]: target["weight"] for target in targets}


def test_hosts_testers_and_copies_come_before_weights() -> None:
    """The testers' route and the copies' stand in the order of managedRoutes while their steps last, then weights."""

    async def story(shop: Shop) -> None:
        shop = await opened(shop, "istio-hosts")
        assert await shop.phase("shop") == ("Healthy", "")
        await shop.use(f"{SHOP}:v2", "shop")
        steps = await seen(shop, names_and_weight, seconds=150)
        assert steps == [
            (["pictures", "shop"], 0),
            (["testers", "pictures", "shop"], 0),
            (["testers", "copies", "pictures", "shop"], 0),
            (["testers", "pictures", "shop"], 25),
            (["testers", "pictures", "shop"], 50),
            (["pictures", "shop"], 0),
        ]
        assert await shop.phase("shop") == ("Healthy", "")

    tell(story, SCENARIO)


def test_subsets_follow_the_versions() -> None:
    """Each subset leads to its version, the rule is marked, and what is not ours in it stays."""

    async def story(shop: Shop) -> None:
        shop = await opened(shop, "istio-subsets")
        assert await shop.phase("shop") == ("Healthy", "")
        before = await subset_hashes(shop)
        assert before["stable"]
        await shop.use(f"{SHOP}:v2", "shop")
        await asyncio.sleep(15)
        during = await subset_hashes(shop)
        assert during["stable"] == before["stable"] != during["canary"]
        assert (await names_and_weight(shop))[1] == 10

        await asyncio.sleep(120)
        assert await shop.phase("shop") == ("Healthy", "")
        assert (await subset_hashes(shop))["stable"] == during["canary"]
        assert (await names_and_weight(shop))[1] == 0
        rule = await shop.get(RULES, "shop")
        assert rule["metadata"]["annotations"] == {MANAGED_BY: "shop"}
        assert rule["spec"]["trafficPolicy"] == {"loadBalancer": {"simple": "LEAST_REQUEST"}}

    tell(story, SCENARIO)


def test_users_see_what_the_subsets_say() -> None:
    """Requests of the embedded cluster follow weights and subsets; none is left without an answer."""

    async def story(shop: Shop) -> None:
        shop = await opened(shop, "istio-subsets")
        unanswered = shop.world.traffic.served.by_version[Version()]
        await shop.use(f"{SHOP}:v2", "shop")
        await asyncio.sleep(10)
        before = {version.image: tally for version, tally in shop.world.traffic.served.by_version.items()}
        await asyncio.sleep(10)
        served = {version.image: tally for version, tally in shop.world.traffic.served.by_version.items()}
        requests = {image: served[image].requests - before[image].requests for image in served}
        assert sum(requests.values()) == 200
        assert abs(requests[f"{SHOP}:v2"] - 20) <= 1
        await asyncio.sleep(120)
        assert await shop.phase("shop") == ("Healthy", "")
        assert shop.world.traffic.served.by_version[Version()] == unanswered

    tell(story, SCENARIO)


def test_a_foreign_hand_on_the_mesh_is_set_right() -> None:
    """Weights and subsets that somebody else writes in a pause are what the rollout says again within a second."""

    async def story(shop: Shop) -> None:
        shop = await opened(shop, "istio-subsets")
        await shop.use(f"{SHOP}:v2", "shop")
        await asyncio.sleep(15)
        right = await names_and_weight(shop), await subset_hashes(shop)
        await shop.world.apply(obj for obj in documents("istio-subsets") if obj["kind"] != "Rollout")
        await asyncio.sleep(1)

        assert (await names_and_weight(shop), await subset_hashes(shop)) == right

    tell(story, SCENARIO)


def test_app_mesh_is_found_once_it_is_installed() -> None:
    """The kinds come after the controller; then weights and the nodes' selectors follow the rollout."""

    async def story(shop: Shop) -> None:
        shop = await opened(shop)
        for kind in ("VirtualService", "VirtualRouter", "VirtualNode"):
            await shop.world.apply([definition(kind)])
        await shop.world.apply(documents("appmesh"))
        await asyncio.sleep(40)
        assert await shop.phase("shop") == ("Healthy", "")
        await shop.use(f"{SHOP}:v2", "shop")
        weights = await seen(shop, split, seconds=100)
        assert [one["shop-canary"] for one in weights] == [0, 25, 50, 0]
        assert all(sum(one.values()) == 100 for one in weights)
        assert await shop.phase("shop") == ("Healthy", "")
        stable = (await shop.get(NODES, "shop-stable"))["spec"]["podSelector"]["matchLabels"][HASH_LABEL]
        assert stable == (await shop.rollout("shop"))["status"]["stableRS"]

    tell(story, SCENARIO)


def test_a_rollout_without_its_mesh_is_told_what_is_missing() -> None:
    """Without the VirtualService the rollout is invalid, in Argo's words."""

    async def story(shop: Shop) -> None:
        shop = await opened(shop)
        await shop.world.apply(obj for obj in documents("istio-subsets") if obj["kind"] in ("Rollout", "Service"))
        await asyncio.sleep(30)
        conditions = (await shop.rollout("shop"))["status"]["conditions"]
        told = {one["type"]: one["message"] for one in conditions}["InvalidSpec"]
        path = "spec.strategy.canary.trafficRouting.istio.virtualService.name"
        missing = 'virtualservices.networking.istio.io "shop" not found'
        assert told == f'The Rollout "shop" is invalid: {path}: Invalid value: "shop": {missing}'
        assert len(await shop.listed(kinds.REPLICA_SETS)) == 0

    tell(story, SCENARIO)
