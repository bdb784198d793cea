"""Malformed templates beside a sound one: the loop goes on, and each is told what is wrong with it."""

import asyncio
from typing import Any

import pytest

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from tests.unit.controller.stories import Shop, a_canary, a_rollout, tell

CONTAINER: Json = {"name": "app", "image": "web:v1"}


def a_mangled(name: str, **pod: Any) -> Json:
    """A canary whose pods are so."""
    rollout = a_rollout(name, canary={})
    rollout["spec"]["template"]["spec"] = pod
    return rollout


@pytest.mark.parametrize(
    ("pod", "expected"),
    [
        ({"containers": [{"name": "a", "livenessProbe": {"httpGet": {"port": []}}}]}, "containers[0].name: Required"),
        ({"containers": "none"}, "spec.template.spec.containers: Required value"),
        ({"containers": [CONTAINER, 5]}, "spec.template.spec.containers[1].name: Required value"),
        ({"containers": [{**CONTAINER, "image": 5}]}, "spec.template.spec.containers[0].image: Required value"),
        ({"containers": [{**CONTAINER, "livenessProbe": []}]}, "livenessProbe: Required value"),
        ({"containers": [CONTAINER], "volumes": [{"name": "Bad"}]}, 'volumes[0].name: Invalid value: "Bad"'),
        ({}, "spec.template.spec.containers: Required value"),
    ],
)
def test_a_malformed_template_is_told_and_harms_nobody(pod: Json, expected: str) -> None:
    """Its rollout is Degraded by the field that is wrong, makes no pod, and another rollout beside it gets Healthy."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await shop.world.apply([a_mangled("odd", **pod), a_canary({"setWeight": 20})])
        await asyncio.sleep(60)

        phase, message = await shop.phase("odd")
        assert (phase, message.partition(": ")[0]) == ("Degraded", "InvalidSpec")
        assert expected in message
        assert await shop.phase() == ("Healthy", "")
        assert await shop.sizes() == {"web:v1": 3}

    tell(story)


def test_unknown_fields_are_no_fault() -> None:
    """A field that this version of Kubernetes does not have is kept, and left out of the hash as Go leaves it."""

    async def story(shop: Shop) -> None:
        await shop.start()
        await shop.world.apply([a_mangled("new", containers=[{**CONTAINER, "fromTheFuture": {"a": 1}}], alsoNew=[1])])
        await asyncio.sleep(60)

        assert await shop.phase("new") == ("Healthy", "")

    tell(story)


def test_a_quantity_that_is_none_takes_along_what_follows() -> None:
    """As in Argo: pods are made of what comes before it in the alphabet, under the hash of just that."""

    async def story(shop: Shop) -> None:
        await shop.start()
        resources = {"limits": {"cpu": "1"}, "requests": {"cpu": "lots"}}
        await shop.world.apply([a_mangled("odd", containers=[{**CONTAINER, "resources": resources, "tty": True}])])
        await asyncio.sleep(60)

        (made,) = await shop.listed(kinds.REPLICA_SETS)
        container = made["spec"]["template"]["spec"]["containers"][0]
        assert (await shop.phase("odd"), container["resources"]) == (("Healthy", ""), {"limits": {"cpu": "1"}})
        assert "tty" not in container

    tell(story)
