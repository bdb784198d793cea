"""A test of nGrinder, cloned from another, started and followed. Called by kinds.

A test that is not to go on (its time is over, we end) is stopped there too.
"""

import asyncio
import base64
import binascii
import contextlib
from dataclasses import dataclass

from analysis.errors import DurationError
from analysis.units import parse_duration
from rollouts.loadtester.commands import Outcome
from rollouts.loadtester.errors import LoadTesterError, PayloadError
from rollouts.loadtester.payload import Payload
from rollouts.loadtester.services import Services, base_of

_LOST = ("STOP_BY_ERROR", "CANCELED", "UNKNOWN")
_STOPPING = 5.0
"""Seconds that stopping a test may take."""


@dataclass(frozen=True, slots=True)
class Test:
    """Which test to clone, and how often it is asked about, in seconds."""

    url: str
    clone: int
    headers: dict[str, str]
    interval: float


def test_of(payload: Payload) -> Test:
    """The test that a payload asks for; PayloadError names what is missing or wrong."""
    server, clone, user, password = payload.needed("server", "clone", "username", "passwd")
    if not clone.isdecimal():
        raise PayloadError(f"metadata.clone: {clone} is no number of a test")
    try:
        pair = f"{user}:".encode() + base64.b64decode(password, validate=True)
    except binascii.Error:
        raise PayloadError("metadata.passwd: must be the password in base64") from None
    headers = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    return Test(f"{base_of(server)}/perftest/api", int(clone), headers, _interval(payload))


async def play(test: Test, services: Services, timeout: float) -> Outcome:  # noqa: ASYNC109  # seconds, as of commands
    """Start a clone and ask how it does, until it has ended."""
    started = await _ask(services, test, "POST", f"{test.clone}/clone_and_start")
    number = started.get("id")
    if not isinstance(number, int):
        return Outcome(error=f"{test.url} has started no test: {started}")
    try:
        async with asyncio.timeout(timeout):
            return await _followed(services, test, number)
    except TimeoutError:
        await _stop(services, test, number)
        return Outcome(error=f"test {number} timed out")
    except asyncio.CancelledError:
        await _stop(services, test, number)
        raise


async def _followed(services: Services, test: Test, number: int) -> Outcome:
    while True:
        await asyncio.sleep(test.interval)
        with contextlib.suppress(LoadTesterError):  # one lost answer is no lost test
            status = _status(await _ask(services, test, "GET", f"{number}/status"))
            if status == "FINISHED":
                return Outcome()
            if status in _LOST:
                return Outcome(error=f"test {number} ended as {status}")


def _status(answer: dict[str, object]) -> object:
    tests = answer.get("status")
    first = tests[0] if isinstance(tests, list) and tests else None
    return first.get("status_id") if isinstance(first, dict) else None


async def _stop(services: Services, test: Test, number: int) -> None:
    with contextlib.suppress(LoadTesterError, TimeoutError):
        async with asyncio.timeout(_STOPPING):
            await _ask(services, test, "PUT", f"{number}?action=stop")


async def _ask(services: Services, test: Test, method: str, path: str) -> dict[str, object]:
    answer = await services.ask(method, f"{test.url}/{path}", test.headers)
    if answer.get("success") is False:
        raise LoadTesterError(f"{test.url}/{path} was refused: {answer}")
    return answer


def _interval(payload: Payload) -> float:
    """A duration, or a bare number of seconds; a second where nothing is said."""
    text = payload.metadata.get("pollInterval", "1s")
    try:
        seconds = parse_duration(f"{text}s" if text.isdecimal() else text).total_seconds()
    except DurationError as error:
        raise PayloadError(f"metadata.pollInterval: {error}") from None
    if seconds <= 0:
        raise PayloadError(f"metadata.pollInterval: {text} is no time to wait")
    return seconds
