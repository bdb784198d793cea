"""Questions beside the queue."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from structlog.testing import capture_logs

from rollouts.controller.ask import LONGEST_CHAIN, Conversations, EndlessQuestionsError
from rollouts.controller.kinds.protocol import Key
from rollouts.model.questions import Answer, AskGate, AskMetric, MetricAnswer, Question
from rollouts.simulator.clock import run_virtual

WEB = Key("rollouts", "default", "web")


def a_question(attempt: str = "1") -> Question:
    return AskMetric("latency", "up", attempt)


class Talk:
    """Conversations, a world that answers after ten seconds, and who was woken when."""

    def __init__(self) -> None:
        self.asked: list[Question] = []
        self.woken: list[float] = []
        self.conversations = Conversations(self._wake)

    def put(self, *questions: Question) -> None:
        self.conversations.put(WEB, questions, self._ask)

    async def _ask(self, question: Question) -> Answer:
        self.asked.append(question)
        await asyncio.sleep(10)
        return MetricAnswer(1.0)

    def _wake(self, key: Key) -> None:
        assert key == WEB
        self.woken.append(asyncio.get_running_loop().time())


def play(story: Callable[[Talk], Awaitable[None]]) -> Talk:
    """Run a story, and end what it left."""

    async def main() -> Talk:
        talk = Talk()
        await story(talk)
        await talk.conversations.close()
        return talk

    return run_virtual(main())


def test_an_answer_wakes_its_key_and_is_kept() -> None:
    """The round that asked has ended long ago."""

    async def story(talk: Talk) -> None:
        talk.put(a_question())
        assert talk.conversations.answers(WEB) == {}
        await asyncio.sleep(11)
        assert talk.conversations.answers(WEB) == {a_question(): MetricAnswer(1.0)}

    assert play(story).woken == [10.0]


def test_a_question_in_flight_is_not_asked_again() -> None:
    """A round in between finds it open."""

    async def story(talk: Talk) -> None:
        talk.put(a_question())
        await asyncio.sleep(5)
        talk.put(a_question())
        await asyncio.sleep(10)

    assert len(play(story).asked) == 1


def test_answers_are_used_once() -> None:
    """The next decision asks for itself."""

    async def story(talk: Talk) -> None:
        talk.put(a_question())
        await asyncio.sleep(11)
        talk.conversations.settle(WEB)
        assert talk.conversations.answers(WEB) == {}

    play(story)


def test_nobody_asks_for_ever() -> None:
    """A chain of questions without a decision is broken."""

    async def story(talk: Talk) -> None:
        for number in range(LONGEST_CHAIN):
            talk.put(a_question(str(number)))
            await asyncio.sleep(11)
        with pytest.raises(EndlessQuestionsError, match=f"asked {LONGEST_CHAIN} times"):
            talk.put(a_question("last"))

    play(story)


def test_a_deleted_object_waits_for_no_answer() -> None:
    """Its question is dropped."""

    async def story(talk: Talk) -> None:
        talk.put(a_question())
        await asyncio.sleep(1)
        talk.conversations.forget(WEB)
        await asyncio.sleep(20)
        assert talk.conversations.answers(WEB) == {}

    play(story)


def test_a_question_that_breaks_is_told_and_wakes_its_key() -> None:
    """A defect in asking is seen in the log; the round that follows asks again."""

    async def broken(_: Question) -> Answer:
        raise ZeroDivisionError

    async def story(talk: Talk) -> None:
        with capture_logs() as told:
            talk.conversations.put(WEB, [a_question()], broken)
            await asyncio.sleep(1)
        assert [(line["event"], line["object"]) for line in told] == [("a question broke", "default/web")]
        assert talk.conversations.answers(WEB) == {}

    assert play(story).woken == [0.0]


def test_a_log_shows_no_address_of_a_question_that_broke() -> None:
    """People put tokens into URLs of webhooks."""

    async def broken(_: Question) -> Answer:
        raise ZeroDivisionError

    async def story(talk: Talk) -> None:
        gate = AskGate("smoke", "http://hooks.test/?token=hush", "confirm-rollout", "Progressing", "1")
        with capture_logs() as told:
            talk.conversations.put(WEB, [gate], broken)
            await asyncio.sleep(1)
        assert "hush" not in str(told)
        assert [(line["question"], line["name"]) for line in told] == [("AskGate", "smoke")]

    play(story)


def test_a_question_that_goes_on_breaking_does_not_keep_the_controller_busy() -> None:
    """The second break costs a second, the next two, and so on; an answer ends the row."""

    async def broken(_: Question) -> Answer:
        raise ZeroDivisionError

    async def story(talk: Talk) -> None:
        for _ in range(4):
            talk.conversations.put(WEB, [a_question()], broken)
            await asyncio.sleep(10)
        talk.put(a_question())
        await asyncio.sleep(11)
        talk.conversations.put(WEB, [a_question()], broken)
        await asyncio.sleep(10)

    with capture_logs():
        assert play(story).woken == [0.0, 11.0, 22.0, 34.0, 50.0, 51.0]
