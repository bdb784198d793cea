"""What the contract suite runs over: each entry makes a cluster and a namespace of its own for one test.

To add an implementation, write an async context manager that gives a `Place` and enter it in IMPLEMENTATIONS;
`prepared` does what every one needs. Entries of REAL need the control plane of `make e2e` and carry its marker.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime

from rollouts.cluster.client import HttpCluster
from rollouts.cluster.errors import AlreadyExistsError, NotFoundError, TooManyRequestsError
from rollouts.cluster.kinds import CUSTOM_RESOURCE_DEFINITIONS, NAMESPACES
from rollouts.cluster.login import Credentials, anonymous, login
from rollouts.cluster.plain import PlainCluster, connect
from rollouts.cluster.port import Cluster, Collection, Json, Resource, Target
from rollouts.simulator.api import serve
from rollouts.simulator.store import Store
from tests.contract.builders import DEFINITIONS, PLAINS, WIDGETS
from tests.contract.threads import ThreadedCluster
from tests.contract.waiting import is_established, until
from tests.e2e.harness import control_plane

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """A cluster to test. `compact` makes it forget its past, None where that cannot be asked for.

    `has_garbage_collector`: whether somebody collects dependents and empties namespaces there.
    """

    cluster: Cluster
    namespace: str
    compact: Callable[[], Awaitable[None]] | None = None
    has_garbage_collector: bool = True


Implementation = Callable[[], AbstractAsyncContextManager[Place]]


@asynccontextmanager
async def prepared(cluster: Cluster) -> AsyncIterator[str]:
    """The test definitions, served, and a fresh namespace, deleted afterwards."""
    await serve_definitions(cluster)
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": "contract-"}}
    namespace = (await cluster.create(Collection(NAMESPACES), body))["metadata"]["name"]
    try:
        yield namespace
    finally:
        await cluster.delete(Target(NAMESPACES, namespace))


async def serve_definitions(
    cluster: Cluster, definitions: Iterable[Json] = DEFINITIONS, resources: Iterable[Resource] = (WIDGETS, PLAINS)
) -> None:
    """Create definitions (the test's own) where they are missing, and wait until their objects can be listed."""
    for definition in definitions:
        try:
            await cluster.create(Collection(CUSTOM_RESOURCE_DEFINITIONS), definition)
        except AlreadyExistsError:
            continue
    for resource in resources:
        target = Target(CUSTOM_RESOURCE_DEFINITIONS, f"{resource.plural}.{resource.group}")
        await until(cluster, target, is_established)
        while not await _is_listed(cluster, Collection(resource)):  # noqa: ASYNC110  # no event tells of it
            await asyncio.sleep(0.05)  # a real server announces a kind a moment before it serves it


async def _is_listed(cluster: Cluster, collection: Collection) -> bool:
    try:
        await cluster.list(collection)
    except (NotFoundError, TooManyRequestsError):
        return False
    return True


@asynccontextmanager
async def a_store() -> AsyncIterator[Place]:
    """The embedded cluster's store, in process."""
    store = Store(lambda: NOON, seed=1)

    async def compact() -> None:
        store.compact()

    async with prepared(store) as namespace:
        yield Place(store, namespace, compact)


@asynccontextmanager
async def _served() -> AsyncIterator[tuple[Credentials, Callable[[], Awaitable[None]]]]:
    """A store behind the HTTP front."""
    store = Store(lambda: NOON, seed=1)

    async def compact() -> None:
        store.compact()

    async with serve(store) as front:
        yield anonymous(front.url), compact


@asynccontextmanager
async def over_http() -> AsyncIterator[Place]:
    """The controller's client over the HTTP front."""
    async with _served() as (credentials, compact), HttpCluster(credentials) as cluster, prepared(cluster) as namespace:
        yield Place(cluster, namespace, compact)


@asynccontextmanager
async def in_plain() -> AsyncIterator[Place]:
    """The CLI's client over the HTTP front."""
    async with _served() as (credentials, compact):
        with closing(ThreadedCluster(PlainCluster(credentials))) as cluster:
            async with prepared(cluster) as namespace:
                yield Place(cluster, namespace, compact)


@asynccontextmanager
async def the_real_one() -> AsyncIterator[Place]:
    """The controller's client on a real API server."""
    plane = control_plane()
    async with HttpCluster(login(kubeconfig=str(plane.kubeconfig))) as cluster, prepared(cluster) as namespace:
        yield Place(cluster, namespace, plane.compact, plane.has_garbage_collector)


@asynccontextmanager
async def the_real_one_in_plain() -> AsyncIterator[Place]:
    """The CLI's client on a real API server."""
    plane = control_plane()
    with closing(ThreadedCluster(connect(kubeconfig_path=str(plane.kubeconfig)))) as cluster:
        async with prepared(cluster) as namespace:
            yield Place(cluster, namespace, plane.compact, plane.has_garbage_collector)


IMPLEMENTATIONS: dict[str, Implementation] = {"store": a_store, "http": over_http, "plain": in_plain}
REAL: dict[str, Implementation] = {"real": the_real_one, "real-plain": the_real_one_in_plain}
