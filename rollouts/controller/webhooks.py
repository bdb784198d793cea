"""Calls webhooks: gates that are asked, and listeners that are told. The shell around the dialect's requests.

One deadline holds for all attempts of a call. What a server cannot do now (429, most 5xx, no connection) is tried again
as often as the user allows, after a pause that doubles or that the server names; any other answer counts. There is no
breaker and no place in a queue: a webhook may take minutes on purpose, and its rollout alone waits for it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from urllib.parse import urlsplit

from tenacity import AsyncRetrying, RetryCallState, RetryError, retry_if_exception_type, stop_after_attempt

from analysis.errors import ProviderError
from analysis.redirects import url_of
from analysis.requests import Answer, Http
from rollouts.model.questions import GateAnswer

Send = Callable[[Http], Awaitable[Answer]]
"""Sends one request. ProviderError where there is no answer."""
Rest = Callable[[float], Awaitable[None]]
"""Waits so many seconds between two attempts."""

LAST_GOOD = 202
LONGEST_PAUSE = timedelta(seconds=30)
LONGEST_TEXT = 1000
"""Characters of an answer that events quote."""
_BUSY, _UNAVAILABLE, _NOT_IMPLEMENTED = 429, 503, 501


class _NotNowError(ProviderError):
    """The server may say something else soon."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("")
        self.pause = _named_pause(answer)


async def call(send: Send, request: Http, retries: int = 0, rest: Rest = asyncio.sleep) -> GateAnswer:
    """What a webhook says, tried at most `retries` times more; whatever goes wrong is a refusal with its reason."""
    attempts = 0

    async def attempt() -> Answer:
        nonlocal attempts
        attempts += 1
        answer = await send(request)
        if _is_passing(answer):
            raise _NotNowError(answer)
        return answer

    again = AsyncRetrying(
        stop=stop_after_attempt(max(retries, 0) + 1),
        wait=_pause,
        retry=retry_if_exception_type(ProviderError),
        sleep=rest,
    )
    why = ""
    try:
        async with asyncio.timeout(request.server.timeout.total_seconds()):
            return _said(await again(attempt))
    except TimeoutError:
        why = ": context deadline exceeded"
    except RetryError as error:
        last = error.last_attempt.exception()
        why = f": {last}" if str(last) else ""
    return GateAnswer(is_open=False, message=f"POST {_shown(request)} giving up after {attempts} attempt(s){why}")


def _said(answer: Answer) -> GateAnswer:
    if answer.status <= LAST_GOOD:
        return GateAnswer(is_open=True)
    text = answer.text
    return GateAnswer(is_open=False, message=text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…")


def _is_passing(answer: Answer) -> bool:
    return answer.status == _BUSY or (answer.status >= 500 and answer.status != _NOT_IMPLEMENTED)


def _named_pause(answer: Answer) -> float | None:
    """Seconds that the server wants to be left alone."""
    told = answer.headers.get("retry-after", "")
    return float(told) if answer.status in (_BUSY, _UNAVAILABLE) and told.isdecimal() else None


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    named = error.pause if isinstance(error, _NotNowError) else None
    usual: float = min(2.0 ** (state.attempt_number - 1), LONGEST_PAUSE.total_seconds())
    return usual if named is None else named


def _shown(request: Http) -> str:
    """The address as the user wrote it, but for a password."""
    parts = urlsplit(url_of(request))
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
