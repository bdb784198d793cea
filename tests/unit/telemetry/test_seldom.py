"""Lines that are told now and then, in virtual time."""

import asyncio

from rollouts.simulator.clock import run_virtual
from rollouts.telemetry.seldom import Seldom


def test_the_same_line_passes_once_in_a_while() -> None:
    """The first one at once, those in between are counted, another subject is another line."""

    async def story() -> list[object]:
        seldom = Seldom(60)
        found: list[object] = [seldom.passes("a"), seldom.passes("a"), seldom.passes("b")]
        await asyncio.sleep(61)
        return [*found, seldom.passes("a"), seldom.held("a"), seldom.held("a")]

    assert run_virtual(story()) == [True, False, True, True, 1, 0]


def test_after_the_end_of_a_trouble_the_next_one_is_told_at_once() -> None:
    """And whether anybody has to be told of the end."""

    async def story() -> list[bool]:
        seldom = Seldom(60)
        return [seldom.is_over("a"), seldom.passes("a"), seldom.is_over("a"), seldom.passes("a")]

    assert run_virtual(story()) == [False, True, True, True]
