"""The token bucket, in virtual time."""

import asyncio

from rollouts.cluster import kinds
from rollouts.cluster.pace import Pace, Paces
from rollouts.simulator.clock import run_virtual


def _moments(requests: int) -> list[float]:
    async def main() -> list[float]:
        pace, loop = Pace(qps=2, burst=3), asyncio.get_running_loop()
        start, moments = loop.time(), []

        async def request() -> None:
            await pace.wait()
            moments.append(round(loop.time() - start, 3))

        await asyncio.gather(*(request() for _ in range(requests)))
        return moments

    return run_virtual(main())


def test_burst_goes_at_once_and_the_rest_in_step() -> None:
    """Three at once, then one every half second, in order."""
    assert _moments(6) == [0.0, 0.0, 0.0, 0.5, 1.0, 1.5]


def test_groups_and_events_do_not_wait_for_each_other() -> None:
    """A flood of events, or of one group's requests, holds nobody else up."""

    async def story() -> tuple[float, float]:
        paces, loop = Paces(qps=1, burst=1), asyncio.get_running_loop()
        began = loop.time()
        for resource in (kinds.EVENTS, kinds.SERVICES, kinds.ROLLOUTS, kinds.LEASES):
            await paces.wait(resource)
        at_once = loop.time() - began
        await paces.wait(kinds.EVENTS)
        return at_once, loop.time() - began

    assert run_virtual(story()) == (0.0, 1.0)
