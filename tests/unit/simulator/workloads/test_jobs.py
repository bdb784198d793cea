"""Jobs of the embedded cluster: how they end."""

import asyncio
from datetime import datetime
from typing import Any

import pytest

from rollouts.cluster import kinds
from rollouts.cluster.errors import NotFoundError
from rollouts.cluster.port import Json
from rollouts.simulator.clock import EPOCH, virtual_now
from rollouts.simulator.workloads.conditions import condition_of, is_true
from rollouts.simulator.world import World
from tests.builders.simulated import a_job, get, listed, live, merge


async def finished(world: World, job: Json) -> tuple[Json, float]:
    """The Job's status at its end, and how many seconds it took."""
    await world.apply([job])
    await world.settle()
    return (await get(world, kinds.JOBS, "work"))["status"], _since_start(virtual_now())


def _since_start(now: datetime) -> float:
    return round((now - EPOCH).total_seconds(), 1)


def test_a_job_completes_when_its_pods_succeed() -> None:
    """Three completions two at a time take two rounds of thirty seconds."""
    job = a_job(completions=3, parallelism=2, marks={"run_for": "30s"})

    status, took = live(lambda world: finished(world, job))

    assert (status["succeeded"], status.get("active"), status.get("failed")) == (3, None, None)
    assert is_true({"status": status}, "Complete")
    assert took == 60
    assert {"startTime", "completionTime"} <= status.keys()


def test_a_failing_job_gives_up_at_its_limit() -> None:
    """Each failure starts another pod, later each time, until the limit is passed."""
    job = a_job(backoffLimit=2, marks={"run_for": "1s", "exit_code": "3"})

    status, took = live(lambda world: finished(world, job))

    assert status["failed"] == 3
    assert (condition_of({"status": status}, "Failed") or {})["reason"] == "BackoffLimitExceeded"
    assert took >= 1 + 10 + 1 + 20 + 1


def test_restarts_inside_a_pod_count_against_the_limit() -> None:
    """Under policy OnFailure the same pod tries again, and the Job still ends."""
    job = a_job(policy="OnFailure", backoffLimit=2, marks={"run_for": "1s", "exit_code": "1"})

    status, _ = live(lambda world: finished(world, job))

    assert (condition_of({"status": status}, "Failed") or {})["reason"] == "BackoffLimitExceeded"


def test_a_deadline_ends_a_job() -> None:
    """activeDeadlineSeconds stops the pods and fails the Job."""

    async def story(world: World) -> Any:
        status, took = await finished(world, a_job(activeDeadlineSeconds=20, marks={"run_for": "1h"}))
        return (condition_of({"status": status}, "Failed") or {})["reason"], took, await listed(world, kinds.PODS)

    assert live(story) == ("DeadlineExceeded", 20, [])


def test_a_suspended_job_waits() -> None:
    """Suspended, nothing runs; resumed, it completes."""

    async def story(world: World) -> tuple[int, bool]:
        await world.apply([a_job(suspend=True)])
        await world.settle()
        waiting = len(await listed(world, kinds.PODS))
        await merge(world, kinds.JOBS, "work", {"spec": {"suspend": False}})
        await world.settle()
        return waiting, is_true(await get(world, kinds.JOBS, "work"), "Complete")

    assert live(story) == (0, True)


def test_a_finished_job_goes_after_its_time_to_live() -> None:
    """ttlSecondsAfterFinished removes the Job and its pods."""

    async def story(world: World) -> list[Json]:
        await world.apply([a_job(ttlSecondsAfterFinished=60)])
        await world.settle()
        await asyncio.sleep(61)
        with pytest.raises(NotFoundError):
            await get(world, kinds.JOBS, "work")
        return await listed(world, kinds.PODS)

    assert live(story) == []


def test_its_pods_are_found_by_its_name() -> None:
    """Pods carry the labels by which kubectl finds a Job's pods."""

    async def story(world: World) -> Any:
        await world.apply([a_job()])
        await world.settle()
        return len(await listed(world, kinds.PODS, labels="job-name=work,batch.kubernetes.io/job-name=work"))

    assert live(story) == 1
