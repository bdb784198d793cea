"""Fixtures of the contract suite: every test runs over every implementation."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from rollouts.cluster.port import Cluster
from tests.contract.implementations import IMPLEMENTATIONS, REAL, Place


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker of tests that need somebody to collect garbage."""
    config.addinivalue_line("markers", "needs_garbage_collector: on a real cluster, the kube-controller-manager's part")


@pytest_asyncio.fixture(params=[*IMPLEMENTATIONS, *(pytest.param(name, marks=pytest.mark.e2e) for name in REAL)])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    """One implementation with a namespace for this test alone."""
    async with (IMPLEMENTATIONS | REAL)[request.param]() as made:
        if request.node.get_closest_marker("needs_garbage_collector") and not made.has_garbage_collector:
            pytest.skip(f"{request.param} has nobody who collects garbage")
        yield made


@pytest.fixture
def cluster(place: Place) -> Cluster:
    """The implementation's door."""
    return place.cluster


@pytest.fixture
def namespace(place: Place) -> str:
    """A namespace that no other test uses."""
    return place.namespace


@pytest.fixture
def compact(place: Place) -> Callable[[], Awaitable[None]]:
    """Make the cluster forget its past."""
    if place.compact is None:
        pytest.skip("this implementation cannot be asked to compact")
    return place.compact
