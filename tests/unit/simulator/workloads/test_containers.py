"""The life of a container as a function of time."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from rollouts.simulator.clock import EPOCH
from rollouts.simulator.scenario import Behaviour
from rollouts.simulator.workloads.containers import Container, Moment


def a_container(policy: str = "Always", probe_delay: float | None = None, **behaviour: Any) -> Container:
    """A container with this behaviour; times in seconds."""
    times = {name: timedelta(seconds=value) for name, value in behaviour.items() if name in ("ready_after", "run_for")}
    delay = None if probe_delay is None else timedelta(seconds=probe_delay)
    return Container("app", "app:v1", Behaviour(**{**behaviour, **times}), policy, delay)


def after(container: Container, seconds: float) -> Moment:
    """The container so long after its pod's start."""
    return container.at(EPOCH + timedelta(seconds=seconds), EPOCH)


def state(moment: Moment) -> str:
    """The state in one word: running, Completed, CrashLoopBackOff, …"""
    ((kind, detail),) = moment.status["state"].items()
    return str(detail.get("reason", kind))


def story(container: Container, until: float) -> list[tuple[float, str, bool]]:
    """Every state up to a moment, reached by following `changes_at`: (seconds, state, ready)."""
    found: list[tuple[float, str, bool]] = []
    now: datetime | None = EPOCH
    while now is not None and now <= EPOCH + timedelta(seconds=until):
        moment = container.at(now, EPOCH)
        found.append(((now - EPOCH).total_seconds(), state(moment), moment.is_ready))
        now = moment.changes_at
    return found


def test_without_a_probe_it_runs_when_it_is_ready() -> None:
    """A container without a probe is seen creating, then running and ready at once."""
    assert story(a_container(ready_after=2), 100) == [(0, "ContainerCreating", False), (2, "running", True)]


def test_with_a_probe_it_runs_before_it_is_ready() -> None:
    """The probe's initial delay counts where it is longer than the start-up."""
    assert story(a_container(ready_after=2, probe_delay=5), 100) == [(0, "running", False), (5, "running", True)]


def test_a_bad_image_is_backed_off_from() -> None:
    """A pull fails, then waits; the container never starts."""
    story_told = story(a_container(never_ready="image"), 1000)

    assert story_told == [(0, "ErrImagePull", False), (1, "ImagePullBackOff", False)]
    assert not after(a_container(never_ready="image"), 900).has_started


def test_a_bad_command_loops_with_growing_pauses() -> None:
    """Crashes are 10, 20, 40 … seconds apart, and each counts as a restart."""
    looping = a_container(never_ready="command", run_for=1)

    assert story(looping, 35) == [
        (0, "running", False),
        (1, "CrashLoopBackOff", False),
        (11, "running", False),
        (12, "CrashLoopBackOff", False),
        (32, "running", False),
        (33, "CrashLoopBackOff", False),
    ]
    assert after(looping, 33).status["restartCount"] == 2
    assert after(looping, 33).status["lastState"]["terminated"]["exitCode"] == 1


def test_the_pause_between_crashes_ends_at_five_minutes() -> None:
    """However often it crashed, the next try comes within five minutes."""
    moment = after(a_container(never_ready="command"), 86_400)

    assert moment.changes_at is not None
    assert moment.changes_at - (EPOCH + timedelta(days=1)) <= timedelta(minutes=5)


def test_a_failing_probe_runs_for_ever_and_is_never_ready() -> None:
    """It runs, nothing changes, nobody waits for it."""
    assert story(a_container(never_ready="probe"), 1000) == [(0, "running", False)]


@pytest.mark.parametrize(("code", "word"), [(0, "Completed"), (3, "Error")])
def test_a_task_ends_with_its_exit_code(code: int, word: str) -> None:
    """Under policy Never a container runs its time and ends for good."""
    task = a_container("Never", run_for=30, exit_code=code)

    assert (state(after(task, 29)), state(after(task, 30))) == ("running", word)
    assert after(task, 30).exit_code == code


def test_a_task_without_a_duration_takes_a_second() -> None:
    """A Job's container that nobody described ends well after one second."""
    assert after(a_container("Never"), 1).exit_code == 0


def test_on_failure_restarts_until_it_succeeds() -> None:
    """Policy OnFailure restarts a failed container and leaves a good one."""
    assert state(after(a_container("OnFailure", run_for=1, exit_code=1), 1)) == "CrashLoopBackOff"
    assert state(after(a_container("OnFailure", run_for=1), 1)) == "Completed"


def test_a_server_may_crash_after_it_was_ready() -> None:
    """With `run_for` a server is ready until it falls over."""
    assert story(a_container(ready_after=1, run_for=60), 60) == [
        (0, "running", False),
        (1, "running", True),
        (60, "CrashLoopBackOff", False),
    ]


def test_a_program_that_is_not_there_is_backed_off_from() -> None:
    """It fails to start, and is then tried again ever less often; its exit code is the runtime's."""
    missing = a_container(never_ready="start")

    assert story(missing, 12) == [
        (0, "RunContainerError", False),
        (1, "CrashLoopBackOff", False),
        (11, "CrashLoopBackOff", False),
    ]
    assert not after(missing, 0).has_started
    assert after(missing, 2).status["lastState"]["terminated"]["reason"] == "StartError"
    assert after(missing, 2).status["lastState"]["terminated"]["exitCode"] == 128
