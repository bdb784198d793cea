"""The arithmetic of a rolling update."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts.simulator.workloads.rolling import Bounds, Held, bounds_of, new_size, old_sizes, sizes_of


def a_deployment(replicas: int = 4, strategy: str = "RollingUpdate", **rolling: Any) -> dict[str, Any]:
    """A Deployment, as far as the arithmetic reads it."""
    return {"spec": {"replicas": replicas, "strategy": {"type": strategy, "rollingUpdate": rolling}}}


@pytest.mark.parametrize(
    ("rolling", "expected"),
    [
        ({}, Bounds(10, 3, 2)),
        ({"maxSurge": 1, "maxUnavailable": 0}, Bounds(10, 1, 0)),
        ({"maxSurge": 0, "maxUnavailable": "1%"}, Bounds(10, 0, 1)),
        ({"maxSurge": "100%", "maxUnavailable": 50}, Bounds(10, 10, 10)),
    ],
)
def test_bounds_round_surge_up_and_unavailable_down(rolling: dict[str, Any], expected: Bounds) -> None:
    """Percentages are of the replicas; both zero would never move, so one pod may be missing."""
    assert bounds_of(a_deployment(10, **rolling)) == expected


def test_the_new_version_grows_as_far_as_the_surge_allows() -> None:
    """Four old pods and a surge of one leave room for one new pod."""
    assert new_size(Bounds(4, 1, 1), Held("new", 0, 0), [Held("old", 4, 4)]) == 1


def test_broken_old_pods_go_first() -> None:
    """An old version that does not work is cleared away before good pods are touched."""
    sizes = old_sizes(Bounds(4, 1, 1), Held("new", 1, 0), [Held("broken", 2, 0), Held("good", 3, 3)])

    assert sizes == {"broken": 0, "good": 3}


def test_recreate_waits_until_the_old_pods_are_gone() -> None:
    """New pods come only when no old one is left."""
    deployment = a_deployment(3, "Recreate")
    new, old = Held("new", 0, 0), [Held("old", 3, 3)]

    assert sizes_of(deployment, new, old, is_clear=False) == {"old": 0, "new": 0}
    assert sizes_of(deployment, new, old, is_clear=True) == {"old": 0, "new": 3}


@given(replicas=st.integers(1, 30), surge=st.integers(0, 10), unavailable=st.integers(0, 10), start=st.integers(0, 30))
def test_an_update_ends_and_keeps_its_bounds(replicas: int, surge: int, unavailable: int, start: int) -> None:
    """From any mixture the new version arrives, never above the surge and never below the floor by our own doing."""
    deployment = a_deployment(replicas, maxSurge=surge, maxUnavailable=unavailable)
    bounds = bounds_of(deployment)
    new, old = Held("new", 0, 0), Held("old", start, start)
    for _ in range(4 * (replicas + start) + 4):
        sizes = sizes_of(deployment, new, [old], is_clear=old.wanted == 0)
        grown, kept = sizes["new"], sizes["old"]
        assert grown <= new.wanted or grown + kept <= bounds.replicas + bounds.surge
        assert kept == old.wanted or new.available + kept >= bounds.replicas - bounds.unavailable
        new, old = Held("new", grown, grown), Held("old", kept, kept)

    assert (new.wanted, old.wanted) == (replicas, 0)
