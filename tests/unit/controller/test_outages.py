"""An API server that does not answer: rounds are tried again, and the log says so once."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

from structlog.testing import capture_logs

from rollouts.cluster.refusals import unanswered
from tests.unit.controller.stories import Shop, Spy, Write, a_canary, tell


def test_an_outage_fails_many_rounds_and_is_told_in_one_line() -> None:
    """Twenty rollouts wait through three quarters of a minute without a write, and all of them come through."""

    async def story(shop: Shop) -> list[MutableMapping[str, Any]]:
        spy, loop = Spy(shop.store), asyncio.get_running_loop()
        names = [f"web-{number}" for number in range(20)]
        running = await shop.start(spy)
        end = loop.time() + 45

        def no_answer(_write: Write) -> None:
            if loop.time() < end:
                raise unanswered("PATCH", TimeoutError())

        spy.fate = no_answer
        with capture_logs() as told:
            await shop.world.apply([a_canary(name=name) for name in names])
            await asyncio.sleep(120)
        assert {await shop.phase(name) for name in names} == {("Healthy", "")}
        await running.stop()
        return told

    told = tell(story)
    troubles = [line for line in told if line["log_level"] in ("warning", "error")]

    assert [line["event"] for line in troubles] == ["rounds fail, for the API server does not answer"]
    assert "PATCH: no answer from the API server" in troubles[0]["error"]
