"""What containers do by their own spec. The same rules on kwok: tests/scenarios/test_pods.py."""

from datetime import timedelta
from typing import Any

import pytest

from rollouts.simulator.scenario import Behaviour
from rollouts.simulator.workloads.programs import behaviour_of, hook_time

DAY = 86_400


def a_container(image: str = "app:v1", **fields: Any) -> dict[str, Any]:
    """A container of a pod's spec."""
    return {"name": "app", "image": image, **fields}


def of_task(*command: str) -> Behaviour:
    """What a container with this command does in a pod that may end."""
    return behaviour_of(a_container(command=list(command)), Behaviour(), ends=True)


@pytest.mark.parametrize("image", ["nginx:does-not-exist", "shop:nonexistent", "shop:v2-argo-error"])
def test_images_that_no_registry_has(image: str) -> None:
    """They are known by their names."""
    assert behaviour_of(a_container(image), Behaviour(), ends=False).never_ready == "image"


def test_a_command_that_is_not_there() -> None:
    """It never starts."""
    assert behaviour_of(a_container(command=["/bad-command"]), Behaviour(), ends=False).never_ready == "start"


def test_a_server_of_which_nothing_is_said_is_as_usual() -> None:
    """Commands of servers mean nothing: they run."""
    usual = Behaviour(ready_after=timedelta(seconds=3))

    assert behaviour_of(a_container(command=["sleep", "5"]), usual, ends=False) == usual


@pytest.mark.parametrize(
    ("words", "seconds", "code"),
    [
        (("sleep", "5"), 6, 0),
        (("sh", "-c", "sleep 2m; sleep 3 && exit 4"), 124, 4),
        (("sh", "-c", "exit 0"), 1, 0),
        (("sleep", "infinity"), 365 * DAY, 0),
    ],
)
def test_tasks_sleep_and_exit(words: tuple[str, ...], seconds: int, code: int) -> None:
    """A task takes the sum of its sleeps and a second, and ends with its exit code."""
    task = of_task(*words)

    assert (task.run_for, task.exit_code) == (timedelta(seconds=seconds), code)


def test_a_task_that_the_scenario_times_keeps_its_time() -> None:
    """A scenario's default goes before the command."""
    usual = Behaviour(run_for=timedelta(seconds=9))

    assert behaviour_of(a_container(command=["sleep", "5"]), usual, ends=True) == usual


@pytest.mark.parametrize(
    ("hook", "seconds"),
    [
        ({"sleep": {"seconds": 7}}, 7),
        ({"exec": {"command": ["/bin/sh", "-c", "sleep 3; sleep 1m"]}}, 63),
        ({"exec": {"command": ["true"]}}, 0),
        ({}, 0),
    ],
)
def test_hooks_sleep(hook: dict[str, Any], seconds: int) -> None:
    """By their sleep action, or by the sleeps of their command."""
    assert hook_time(a_container(lifecycle={"preStop": hook}), "preStop") == timedelta(seconds=seconds)


def test_a_start_waits_for_its_hook() -> None:
    """postStart delays readiness."""
    slow = a_container(lifecycle={"postStart": {"sleep": {"seconds": 4}}})

    assert behaviour_of(slow, Behaviour(), ends=False).ready_after == timedelta(seconds=5)
