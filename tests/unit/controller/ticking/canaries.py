"""Canaries of the shop, for stories of the whole controller. Makers; no test in here."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from analysis.ports import InProcessPorts
from analysis.requests import Answer, Defaults, Http
from rollouts.cluster import kinds
from rollouts.cluster.port import Json, Patch, PatchType, Resource, Target
from rollouts.controller.measuring import ClusterPorts
from rollouts.controller.settings import Settings
from rollouts.simulator.clock import virtual_now
from tests.builders.canaries import a_canary, a_deployment, at_most
from tests.builders.canaries import rounds as quick_rounds
from tests.builders.canaries import steps as quick_steps
from tests.unit.controller.stories import Shop

SETTINGS = Settings(is_elected=False)
GOOD = at_most("0", 1)
steps, rounds = (partial(analysis, interval="10s") for analysis in (quick_steps, quick_rounds))


def in_shop(*objects: Json) -> list[Json]:
    """The objects with their namespace."""
    return [{**obj, "metadata": {**obj["metadata"], "namespace": "shop"}} for obj in objects]


def a_delivery(*, image: str = "web:v1", analysis: Json | None = None, **spec: Any) -> list[Json]:
    """A Deployment and its Canary, which goes by 20 % to 40 %."""
    return in_shop(a_deployment(image=image), a_canary(analysis or steps(20, most=40, metrics=[GOOD]), **spec))


async def release(shop: Shop, image: str) -> None:
    """The user writes another image into the target."""
    template = (await shop.get(kinds.DEPLOYMENTS))["spec"]["template"]
    containers = [{**template["spec"]["containers"][0], "image": image}]
    await patch(shop, kinds.DEPLOYMENTS, {"spec": {"template": {"spec": {"containers": containers}}}})


async def patch(shop: Shop, resource: Resource, body: Json, name: str = "web") -> None:
    """A user merges something into an object."""
    await shop.store.patch(Target(resource, name, "shop"), Patch(PatchType.MERGE, body))


async def status(shop: Shop, name: str = "web") -> Json:
    """A Canary's status."""
    found: Json = (await shop.get(kinds.CANARIES, name)).get("status", {})
    return found


async def phase(shop: Shop, name: str = "web") -> str:
    """A Canary's phase."""
    return str((await status(shop, name)).get("phase", ""))


async def deployments(shop: Shop) -> dict[str, tuple[str, int]]:
    """Every Deployment by image and size."""
    return {
        each["metadata"]["name"]: (each["spec"]["template"]["spec"]["containers"][0]["image"], each["spec"]["replicas"])
        for each in await shop.listed(kinds.DEPLOYMENTS)
    }


async def texts(shop: Shop, name: str = "web") -> list[str]:
    """What was told of a Canary, in order."""
    events = [event for event in await shop.listed(kinds.EVENTS) if event["involvedObject"]["name"] == name]
    ours = [event for event in events if event["involvedObject"]["kind"] == kinds.CANARIES.kind]
    return [event["message"] for event in sorted(ours, key=lambda e: int(e["metadata"]["resourceVersion"]))]


def hearing(shop: Shop, reply: Callable[[str], int] = lambda _path: 200) -> list[tuple[str, Json]]:
    """From now on webhooks and chats of the shop answer so; what they hear."""
    heard: list[tuple[str, Json]] = []

    def hear(request: Http) -> Answer:
        if request.method == "GET":
            return Answer(200, json.dumps(shop.measure(dict(request.params)["query"], virtual_now())).encode())
        url = f"{request.server.address}{request.path}"
        heard.append((url, json.loads(request.body)))
        return Answer(reply(url), b"no" if reply(url) > 202 else b"ok")

    def measuring(cluster: Any) -> ClusterPorts:
        return ClusterPorts(InProcessPorts(shop.measure, None, Defaults(), hear), cluster, "argo-rollouts")

    shop.measuring = measuring  # type: ignore[method-assign]  # the shop's own has no webhooks
    return heard
