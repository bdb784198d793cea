"""Questions of a decision, put to the world beside the queue. A round that asks ends; the answer wakes its key.

A question in flight is not asked again, and answers are kept only until a round was decided with them, so a restart
merely asks again. A rollout that asks round after round while nothing happens is stopped by `LONGEST_CHAIN`. A question
that breaks (a defect, not a refusal) is asked again at once, then less and less eagerly.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

from rollouts.controller.kinds.protocol import Key
from rollouts.model.errors import TemporaryError
from rollouts.model.questions import Answer, AskGate, Question
from rollouts.telemetry.logs import log

LONGEST_CHAIN = 8
LONGEST_PAUSE_SECONDS = 32.0

Ask = Callable[[Question], Awaitable[Answer]]
"""Puts one question to the world."""


class EndlessQuestionsError(TemporaryError):
    """A decision asked too many times in a row; the queue's back-off gives the world time to change."""


class Conversations:
    """What each key has asked, and what it was told. `longest_chain`: rounds in a row that may ask."""

    longest_chain = LONGEST_CHAIN

    def __init__(self, wake: Callable[[Key], None]) -> None:
        self._wake = wake
        self._answers: dict[Key, dict[Question, Answer]] = {}
        self._asking: dict[tuple[Key, Question], asyncio.Task[None]] = {}
        self._rounds: dict[Key, int] = {}
        self._broken: dict[Key, int] = {}

    def answers(self, key: Key) -> Mapping[Question, Answer]:
        """What is known by now."""
        return dict(self._answers.get(key, {}))

    def put(self, key: Key, questions: Iterable[Question], ask: Ask) -> None:
        """Ask what is not being asked yet; returns at once."""
        fresh = [question for question in questions if (key, question) not in self._asking]
        if fresh:
            self._count(key)
        for question in fresh:
            self._asking[key, question] = asyncio.create_task(self._put(key, question, ask))

    def settle(self, key: Key, used: Iterable[Question] | None = None) -> None:
        """A round was decided without further questions: its answers are used up; those to `used`, if that is given."""
        left = {} if used is None else {q: a for q, a in self._answers.get(key, {}).items() if q not in set(used)}
        if left:
            self._answers[key] = left
        else:
            self._answers.pop(key, None)
        self._rounds.pop(key, None)

    def forget(self, key: Key) -> None:
        """The object is gone; nobody waits for its answers."""
        self.settle(key)
        self._broken.pop(key, None)
        for asked in [asked for asked in self._asking if asked[0] == key]:
            self._asking.pop(asked).cancel()

    async def close(self) -> None:
        """Stop asking."""
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _count(self, key: Key) -> None:
        self._rounds[key] = self._rounds.get(key, 0) + 1
        if self._rounds[key] > self.longest_chain:
            self.settle(key)
            raise EndlessQuestionsError(f"asked {self.longest_chain} times in a row without coming to a decision")

    def _pause(self, key: Key) -> float:
        """None after the first break in a row, then a second, then twice as long each time."""
        times = self._broken[key] = self._broken.get(key, 0) + 1
        return min(2.0 ** (times - 2), LONGEST_PAUSE_SECONDS) if times > 1 else 0.0

    async def _put(self, key: Key, question: Question, ask: Ask) -> None:
        try:
            self._answers.setdefault(key, {})[question] = await ask(question)
            self._broken.pop(key, None)
        except Exception as error:  # it is asked again; nobody awaits this task
            log().error("a question broke", object=f"{key.namespace}/{key.name}", **_named(question), exc_info=error)
            await asyncio.sleep(self._pause(key))
        finally:
            self._asking.pop((key, question), None)
            self._wake(key)


def _named(question: Question) -> dict[str, str]:
    """What a log may show of it: addresses and queries can hold tokens."""
    name = question.gate if isinstance(question, AskGate) else getattr(question, "name", "")
    return {"question": type(question).__name__, "name": name}
