"""Why a pod does not run, in Kubernetes' own words."""

from typing import Any

import pytest

from rollouts.workloads.pods import trouble_of


def a_container(**parts: Any) -> dict[str, Any]:
    """The status of one container."""
    return {"name": "app", **parts}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    """A container that waits."""
    return a_container(state={"waiting": {"reason": reason, "message": message}})


def unmet(kind: str, reason: str, message: str) -> dict[str, str]:
    """A condition that does not hold."""
    return {"type": kind, "status": "False", "reason": reason, "message": message}


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ({}, ""),
        ({"containerStatuses": [waiting("ImagePullBackOff", "no such image")]}, "ImagePullBackOff: no such image"),
        ({"containerStatuses": [waiting("CrashLoopBackOff")]}, "CrashLoopBackOff"),
        ({"containerStatuses": [waiting("ContainerCreating")]}, ""),
        ({"initContainerStatuses": [waiting("RunContainerError")]}, "RunContainerError"),
        (
            {"containerStatuses": [a_container(state={"running": {}}, lastState={"terminated": {"exitCode": 137}})]},
            "container app ended with exit code 137",
        ),
        (
            {"conditions": [unmet("PodScheduled", "Unschedulable", "0/3 nodes are available")]},
            "Unschedulable: 0/3 nodes are available",
        ),
        (
            {"conditions": [unmet("Ready", "ContainersNotReady", "containers with unready status: [app]")]},
            "ContainersNotReady: containers with unready status: [app]",
        ),
        ({"conditions": [{"type": "Ready", "status": "True"}]}, ""),
    ],
)
def test_the_first_trouble_is_told(status: dict[str, Any], told: str) -> None:
    """A node, then containers in order, then readiness."""
    assert trouble_of({"metadata": {"name": "web"}, "status": status}) == told


def test_a_long_story_is_cut() -> None:
    """It stands in a status."""
    told = trouble_of({"status": {"containerStatuses": [waiting("ErrImagePull", "x" * 1000)]}})

    assert len(told) == 200
    assert told.endswith("…")
