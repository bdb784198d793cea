"""Contract: a CustomResourceDefinition adds its kinds, and takes them along."""

import pytest

from rollouts.cluster.errors import InvalidError, NotFoundError
from rollouts.cluster.kinds import CUSTOM_RESOURCE_DEFINITIONS, DEPLOYMENTS, NAMESPACES, PODS
from rollouts.cluster.port import Cluster, Collection, Resource, Target
from tests.contract.builders import GROUP, WIDGETS, Bench, a_definition
from tests.contract.waiting import is_established, until, until_discovered, until_gone

_GADGETS = Resource(GROUP, "v1", "gadgets", "Gadget")
_AT = Target(CUSTOM_RESOURCE_DEFINITIONS, f"gadgets.{GROUP}")


@pytest.mark.needs_garbage_collector
async def test_definition_comes_and_goes_with_its_objects(cluster: Cluster, namespace: str) -> None:
    """Established, a definition is discovered and its objects can be made; deleted, it takes them along."""
    await cluster.create(Collection(CUSTOM_RESOURCE_DEFINITIONS), a_definition("gadgets", "Gadget"))
    found = await until(cluster, _AT, is_established)
    await until(cluster, _AT, lambda obj: obj["status"].get("storedVersions") == ["v1"])
    is_discovered = await until_discovered(cluster, _GADGETS)
    await cluster.delete(_AT)
    await until_gone(cluster, _AT)

    assert found["status"]["acceptedNames"]["kind"] == "Gadget"
    assert is_discovered
    with pytest.raises(NotFoundError):
        await cluster.get(Bench(cluster, _GADGETS, namespace).at("a"))


async def test_definition_is_named_for_its_plural_and_group(cluster: Cluster) -> None:
    """Any other name is invalid."""
    body = {**a_definition("gadgets", "Gadget"), "metadata": {"name": "something.else"}}
    with pytest.raises(InvalidError, match=r"metadata\.name"):
        await cluster.create(Collection(CUSTOM_RESOURCE_DEFINITIONS), body)


async def test_discovery_names_scope_and_kind(cluster: Cluster) -> None:
    """Discovery gives every resource with its kind and whether it lives in namespaces, and no subresource."""
    discovered = await cluster.discover()

    assert {WIDGETS, PODS, DEPLOYMENTS, NAMESPACES, CUSTOM_RESOURCE_DEFINITIONS} <= set(discovered)
    assert all("/" not in resource.plural for resource in discovered)
