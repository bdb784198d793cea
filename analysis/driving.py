"""Asks what a flow asks, until it is done. Called by all who have one: the runner of metrics, samples, alerts.

The flow decides and the port waits; a flow that is given up is closed, so that nothing of it goes on.
"""

from collections.abc import Awaitable, Callable, Generator
from typing import Any, TypeVar

from analysis.requests import Request

Ask = Callable[[Request], Awaitable[Any]]
Seen = Callable[[Request, Any], None]
_T = TypeVar("_T")


def _unseen(_: Request, __: Any) -> None:
    """Nobody looks on."""


async def drive(flow: Generator[Request, Any, _T], ask: Ask, seen: Seen = _unseen) -> _T:
    """What the flow comes to; `seen` is shown each request and its answer. Errors of `ask` end the flow."""
    try:
        request = next(flow)
        while True:
            answer = await ask(request)
            seen(request, answer)
            request = flow.send(answer)
    except StopIteration as stop:
        outcome: _T = stop.value
        return outcome
    finally:
        flow.close()
