"""Calls of webhooks: which answers count, which are asked for again, and for how long."""

import asyncio
from datetime import timedelta

import pytest

from analysis.errors import NoAnswerError
from analysis.requests import Answer, Http, Server
from rollouts.controller import webhooks
from rollouts.model.questions import GateAnswer

REQUEST = Http(Server("http://joe:pw@hook", timeout=timedelta(seconds=10)), "POST", "/go?x=1", body=b"{}")
GAVE_UP = "POST http://hook/go?x=1 giving up after {} attempt(s)"


class Server3:
    """Says one thing after the other, the last one for ever; notes calls and pauses."""

    def __init__(self, *says: Answer | Exception) -> None:
        self._says = list(says)
        self.calls = 0
        self.pauses: list[float] = []

    async def send(self, _: Http) -> Answer:
        """The next answer."""
        self.calls += 1
        said = self._says.pop(0) if len(self._says) > 1 else self._says[0]
        if isinstance(said, Exception):
            raise said
        return said

    async def rest(self, seconds: float) -> None:
        """No pause, but a note of it."""
        self.pauses.append(seconds)

    async def called(self, retries: int = 0) -> GateAnswer:
        """What the call comes to."""
        return await webhooks.call(self.send, REQUEST, retries, rest=self.rest)


@pytest.mark.parametrize("status", [200, 201, 202])
async def test_a_gate_is_open_up_to_202(status: int) -> None:
    """Whatever the body says."""
    assert await Server3(Answer(status, b"no")).called() == GateAnswer(is_open=True)


@pytest.mark.parametrize("status", [203, 204, 301, 400, 403, 404, 501])
async def test_any_other_answer_counts_at_once(status: int) -> None:
    """It is a refusal with the body as its reason, and nobody asks again."""
    server = Server3(Answer(status, b"not yet"))

    assert await server.called(retries=3) == GateAnswer(is_open=False, message="not yet")
    assert server.calls == 1


@pytest.mark.parametrize("status", [429, 500, 503, 599])
async def test_what_passes_is_asked_again(status: int) -> None:
    """As often as the user allows, with pauses that double; then the attempts are told."""
    server = Server3(Answer(status, b"busy"))

    assert await server.called(retries=3) == GateAnswer(is_open=False, message=GAVE_UP.format(4))
    assert server.pauses == [1.0, 2.0, 4.0]


async def test_a_retry_that_is_answered_counts() -> None:
    """A server that came back opens the gate."""
    server = Server3(Answer(503, b""), NoAnswerError("gone"), Answer(200, b""))

    assert await server.called(retries=2) == GateAnswer(is_open=True)


async def test_a_server_names_its_pause() -> None:
    """Retry-After in seconds is obeyed where a server is busy."""
    server = Server3(Answer(429, b"", {"retry-after": "7"}), Answer(200, b""))
    await server.called(retries=1)

    assert server.pauses == [7.0]


async def test_no_answer_is_a_refusal_with_its_reason() -> None:
    """No password is told."""
    answer = await Server3(NoAnswerError("http://hook cannot be asked: refused")).called()

    assert answer.message == f"{GAVE_UP.format(1)}: http://hook cannot be asked: refused"


async def test_one_deadline_holds_for_all_attempts() -> None:
    """Pauses count, too."""

    async def never(_: Http) -> Answer:
        await asyncio.Event().wait()
        raise AssertionError

    request = Http(Server("http://hook", timeout=timedelta(milliseconds=1)), "POST", "/go?x=1")
    answer = await webhooks.call(never, request, 5)

    assert answer == GateAnswer(is_open=False, message=f"{GAVE_UP.format(1)}: context deadline exceeded")


async def test_a_long_reason_is_cut() -> None:
    """Events have room for little."""
    answer = await Server3(Answer(403, b"x" * 5000)).called()

    assert answer.message == "x" * webhooks.LONGEST_TEXT + "…"
