"""The leases of the sync loop on a real API server: the very tests that hold in the embedded cluster.

Conflicts, forced applies and managed fields are the server's own here.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from inspect import iscoroutinefunction, signature

import pytest
import pytest_asyncio

from rollouts.cluster import kinds
from rollouts.cluster.client import HttpCluster
from rollouts.cluster.errors import AlreadyExistsError, NotFoundError, TooManyRequestsError
from rollouts.cluster.login import login
from rollouts.cluster.port import Cluster, Collection, Target
from rollouts.simulator.store.catalog import read_definitions
from tests.contract.waiting import PATIENCE, is_established, until, until_gone
from tests.e2e.harness import ROOT, control_plane
from tests.unit.gitsync import test_leases
from tests.unit.gitsync.worlds import NAMESPACE

pytestmark = pytest.mark.e2e

Story = Callable[[Cluster], Awaitable[None]]

OURS = (ROOT / "crds", ROOT / "rollouts" / "simulator" / "schemas" / "httproutes.yaml")
USED = (kinds.SERVICES, kinds.ROLLOUTS, kinds.HTTP_ROUTES, test_leases.AUTOSCALERS)
SPACE = Target(kinds.NAMESPACES, NAMESPACE)
STORIES: list[Story] = [
    story
    for name, story in vars(test_leases).items()
    if name.startswith("test_") and iscoroutinefunction(story) and list(signature(story).parameters) == ["cluster"]
]


def reached() -> HttpCluster:
    """The control plane of this run."""
    return HttpCluster(login(kubeconfig=str(control_plane().kubeconfig)))


async def prepare() -> None:
    """Definitions that are served, and the namespace of the tests, which must not be somebody else's."""
    async with asyncio.timeout(PATIENCE), reached() as cluster:
        await cluster.create(Collection(kinds.NAMESPACES), {"metadata": {"name": NAMESPACE}})
        for definition in [one for path in OURS for one in read_definitions(path)]:
            target = Target(kinds.CUSTOM_RESOURCE_DEFINITIONS, definition["metadata"]["name"])
            with suppress(AlreadyExistsError):
                await cluster.create(Collection(kinds.CUSTOM_RESOURCE_DEFINITIONS), definition)
            await until(cluster, target, is_established)
        for resource in USED:
            await _until_served(cluster, Collection(resource, NAMESPACE))


async def _until_served(cluster: Cluster, collection: Collection) -> None:
    while True:
        try:
            await cluster.list(collection)
        except (NotFoundError, TooManyRequestsError):
            await asyncio.sleep(0.05)  # a server announces a kind a moment before it serves it, and nothing tells of it
        else:
            return


async def tidy() -> None:
    """Take the namespace away, with all that is in it."""
    async with reached() as cluster:
        await cluster.delete(SPACE)


@pytest.fixture(scope="module")
def _definitions() -> Iterator[None]:
    asyncio.run(prepare())
    yield
    asyncio.run(tidy())


@pytest_asyncio.fixture
async def cluster(_definitions: None) -> AsyncIterator[Cluster]:
    """The real one; what a test has made in the namespace is gone when the next one begins."""
    async with reached() as real:
        yield real
        for resource in USED:
            collection = Collection(resource, NAMESPACE)
            for item in (await real.list(collection)).items:
                target = Target(resource, item["metadata"]["name"], NAMESPACE)
                await real.delete(target)
                await until_gone(real, target)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
async def test_leases_hold_on_a_real_api_server(story: Story, cluster: Cluster) -> None:
    """What a rollout drives stays, there as here."""
    async with asyncio.timeout(60):
        await story(cluster)


def test_the_stories_are_found() -> None:
    """A renamed fixture must not silence them."""
    assert len(STORIES) >= 11
