"""Ages, pods and the tree, where tests/golden has no case."""

from datetime import timedelta

import pytest

from rollouts.cli.ages import human, since
from rollouts.cli.info import World, rollout_info
from rollouts.cli.pods import pod_line
from rollouts.cli.tree import draw
from rollouts.cluster.port import Json
from tests.builders.cli import NOW
from tests.unit.cli.worlds import a_replica_set, a_rollout


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (599, "9m59s"),
        (600, "10m"),
        (10_799, "179m"),
        (10_800, "3h"),
        (11_100, "3h5m"),
        (28_800, "8h"),
        (172_799, "47h"),
        (172_800, "2d"),
        (190_800, "2d5h"),
        (691_200, "8d"),
        (63_071_999, "729d"),
        (63_072_000, "2y"),
        (63_158_400, "2y1d"),
        (252_288_000, "8y"),
    ],
)
def test_ages_are_kubectls(seconds: int, text: str) -> None:
    """Two units at most, the smaller one only while it matters."""
    assert human(timedelta(seconds=seconds)) == text


def test_an_object_without_a_time_is_as_old_as_go_can_say() -> None:
    """292 years, as in Argo's tree."""
    assert since(None, NOW) == "292y"


def a_pod(*containers: Json, inits: tuple[Json, ...] = (), **status: object) -> Json:
    """A pod of two planned containers."""
    return {
        "metadata": {"name": "p"},
        "spec": {"containers": [{}, {}], "initContainers": [{} for _ in inits]},
        "status": {"containerStatuses": list(containers), "initContainerStatuses": list(inits), **status},
    }


def a_container(ready: bool = False, **state: Json) -> Json:
    """A container's status."""
    return {"ready": ready, "restartCount": 1, "state": state}


@pytest.mark.parametrize(
    ("pod", "sign", "status", "info"),
    [
        (a_pod(a_container(True, running={}), phase="Running"), "✔", "Running", "ready:1/2,restarts:1"),
        (a_pod(a_container(terminated={"signal": 9}), phase="Running"), "✖", "Signal:9", "ready:0/2,restarts:1"),
        (a_pod(phase="Pending"), "◌", "Pending", "ready:0/2"),
        (
            a_pod(a_container(terminated={"reason": "Completed"}), a_container(True, running={}), phase="Running"),
            "✔",
            "Running",
            "ready:1/2,restarts:2",
        ),
        (
            a_pod(inits=(a_container(waiting={"reason": "ImagePullBackOff"}),), phase="Pending"),
            "◌",
            "Init:ImagePullBackOff",
            "ready:0/2,restarts:1",
        ),
        (
            a_pod(a_container(True, running={}), inits=(a_container(terminated={"exitCode": 0}),), phase="Running"),
            "✔",
            "Running",
            "ready:1/2,restarts:1",
        ),
    ],
)
def test_a_pod_in_a_line(pod: Json, sign: str, status: str, info: str) -> None:
    """kubectl's word for it."""
    line = pod_line(pod)

    assert (line.sign, line.status, line.info) == (sign, status, info)


def test_colours_change_nothing_but_the_colour() -> None:
    """Without its escapes the coloured view is the plain one, so columns stay aligned."""
    info = rollout_info(World(a_rollout(), [a_replica_set("new", 2, "v2"), a_replica_set("old", 1, "v1")]), NOW)

    coloured = draw(info, coloured=True)

    assert "\x1b[32m✔\x1b[0m Healthy" in coloured
    assert "web:v2 (\x1b[33mcanary\x1b[0m)" in coloured
    plain = coloured
    for code in (31, 32, 33, 36, 90, 0):
        plain = plain.replace(f"\x1b[{code}m", "")
    assert plain == draw(info)


def test_what_another_rollout_owns_is_not_shown() -> None:
    """Ownership is by uid, not by name."""
    stranger = a_replica_set("new", 1, "v9", owner="other")

    assert rollout_info(World(a_rollout(), [stranger]), NOW).root.children == ()
