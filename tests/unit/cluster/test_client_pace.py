"""The token bucket, in virtual time."""

import asyncio

from rollouts.cluster.pace import Pace
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
