"""Measurements: from a due metric to its verdict, whatever happens on the way. In virtual time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from analysis.asking import PER_ADDRESS
from analysis.decide import Due, Taken, Task
from analysis.errors import ProviderError
from analysis.model import Arg, Measurement, Metric, Phase, SecretKey
from analysis.requests import Defaults, Json, Program, Request, asked_of
from analysis.runner import LONGEST_TEXT, Job, Runner
from rollouts.simulator.clock import run_virtual, virtual_now

Answer = Callable[[Request], Awaitable[Any]]
LONG_AGO = datetime.fromisoformat("2025-12-31T00:00:00Z")


class Doors:
    """Ports that answer by a function of the test, and count who is asked at once."""

    def __init__(self, answer: Answer) -> None:
        self.defaults = Defaults("http://default.example")
        self.most = 0
        self._answer = answer
        self._asked = 0

    async def ask(self, request: Request) -> Any:
        self._asked += 1
        self.most = max(self.most, self._asked)
        try:
            return await self._answer(request)
        finally:
            self._asked -= 1

    async def close(self) -> None:
        """Nothing to close."""


async def one(_: Request) -> Json:
    return {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {}, "value": [0, "1"]}]}}


def a_job(*, condition: str = "result[0] == 1", provider: str = "prometheus", secret: str = "", **settings: Any) -> Job:
    metric = Metric("rate", provider, {"query": "up", **settings}, success_condition=condition)
    args = (Arg("token", secret=SecretKey("s", "k")),) if secret else ()
    return Job(Due("rate", metric, Task.MEASURE), args, {"token": secret} if secret else {})


def measured(job: Job, answer: Answer = one) -> Taken:
    async def main() -> Taken:
        return await Runner(Doors(answer), virtual_now).measure(job)

    return run_virtual(main())


def test_a_good_value_is_a_success() -> None:
    """The measurement has value, phase, times of whole seconds, and the resolved query beside it."""
    taken = measured(a_job())

    now = datetime.fromisoformat("2026-01-01T00:00:00Z")
    assert taken == Taken("rate", Measurement(Phase.SUCCESSFUL, now, now, "[1]"), {"ResolvedPrometheusQuery": "up"})


def test_a_condition_that_has_no_answer_is_an_error() -> None:
    """The value is kept, and the message says what could not be evaluated."""
    measurement = measured(a_job(condition="result > 1")).measurement

    assert (measurement.phase, measurement.value) == (Phase.ERROR, "[1]")
    assert measurement.message.startswith('could not evaluate successCondition "result > 1": invalid operation')


def test_a_service_that_fails_is_an_error() -> None:
    """Whatever the ports raise of ours becomes the message."""

    async def broken(_: Request) -> Json:
        raise ProviderError("http://x cannot be asked: no route")

    assert measured(a_job(), broken).measurement.message == "http://x cannot be asked: no route"


def test_settings_that_cannot_work_are_an_error() -> None:
    """An unknown provider, or a missing argument, is told in the measurement."""
    unknown, unresolved = a_job(provider="newRelik"), a_job(query="{{args.none}}")

    assert "this version knows cloudWatch, " in measured(unknown).measurement.message
    assert measured(unresolved).measurement.message == "failed to resolve {{args.none}}"


def test_a_service_that_hangs_is_given_up() -> None:
    """The metric's timeout and a little grace, not for ever."""

    async def hang(_: Request) -> Json:
        await asyncio.Event().wait()
        raise AssertionError

    measurement = measured(a_job(timeout=10), hang).measurement

    assert measurement.started is not None
    assert measurement.finished == measurement.started + timedelta(seconds=15)
    assert "did not answer within 15 s" in measurement.message


def test_secrets_never_show() -> None:
    """Their values are blanked in values, messages and metadata."""

    async def telling(_: Request) -> Json:
        raise ProviderError("user hunter2 refused")

    job = a_job(secret="hunter2", query="up{token='{{args.token}}'}")
    taken = measured(job, telling)

    assert taken.measurement.message == "user ***** refused"
    assert taken.metadata == {"ResolvedPrometheusQuery": "up{token='*****'}"}


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("hunter2\n", "hunter2"),  # as `echo hunter2 | base64` makes it
        ('hun"ter\\2', 'hun\\"ter\\\\2'),  # in JSON
        ("hun\nter2", "hun\\nter2"),  # in an error
        ("hun/ter 2", "hun%2Fter%202"),  # in a URL
        ("hun/ter 2", "hun/ter%202"),  # in the path of one
        ("hun/ter 2", "hun%2Fter+2"),  # in a form
        ("hun<ter&2", "hun\\u003cter\\u00262"),  # in JSON as Go writes it
        ("hun<ter&2", "hun%3Cter\\u00262"),  # a URL in such JSON
    ],
)
def test_secrets_do_not_show_in_another_form_either(secret: str, shown: str) -> None:
    """What a service or a library makes of them is blanked, too."""

    async def telling(_: Request) -> Json:
        raise ProviderError(f"refused: <{shown}>")

    assert measured(a_job(secret=secret), telling).measurement.message == "refused: <*****>"


def test_what_is_kept_fits_into_an_object() -> None:
    """An answer may be long: a run that could not be written would never end."""

    async def long(_: Request) -> Json:
        samples = [{"metric": {}, "value": [0, "1"]}] * 100_000
        return {"status": "success", "data": {"resultType": "vector", "result": samples}}

    measurement = measured(a_job(), long).measurement

    assert measurement.phase is Phase.SUCCESSFUL
    assert measurement.value.startswith("[1,1,")
    assert measurement.value.endswith(f"1… and {200_001 - LONGEST_TEXT} characters more")


def test_one_address_is_not_flooded_and_holds_nobody_else() -> None:
    """So many requests to one address at once; another address is asked meanwhile."""

    async def slow(request: Request) -> Json:
        await asyncio.sleep(10 if "slow" in asked_of(request) else 0)
        return await one(request)

    async def main() -> tuple[int, float]:
        doors = Doors(slow)
        runner = Runner(doors, virtual_now)
        many = [asyncio.create_task(runner.measure(a_job(address="http://slow.example"))) for _ in range(40)]
        await asyncio.sleep(1)
        before = asyncio.get_running_loop().time()
        await runner.measure(a_job(address="http://quick.example"))
        waited = asyncio.get_running_loop().time() - before
        await asyncio.gather(*many)
        return doors.most, waited

    assert run_virtual(main()) == (PER_ADDRESS + 1, 0.0)


def test_what_is_pending_can_be_ended() -> None:
    """A measurement that a provider is busy with ends as a success, with Argo's words."""
    pending = Measurement(Phase.RUNNING, datetime.fromisoformat("2025-12-31T00:00:00Z"))
    due = Due("rate", Metric("rate", "prometheus"), Task.TERMINATE, pending)

    ended = measured(Job(due, (), {})).measurement

    assert (ended.phase, ended.message, ended.started) == (Phase.SUCCESSFUL, "Metric Terminated", pending.started)


def busy_plugin(replies: dict[str, Any]) -> tuple[Answer, list[str]]:
    """A metric plugin that says this to each method, and a list of the methods that it was asked."""
    asked: list[str] = []

    async def answer(request: Request) -> Any:
        assert isinstance(request, Program)
        asked.append(request.method)
        return replies[request.method]

    return answer, asked


def of_plugin(task: Task, pending: Measurement | None = None) -> Job:
    metric = Metric("age", "plugin", {"p": {}}, success_condition="result < 3")
    return Job(Due("age", metric, task, pending), (), {})


def test_what_a_provider_is_busy_with_is_gone_on_with() -> None:
    """It keeps its start and what was noted; the value that comes at last is judged."""
    replies = {"run": {"phase": "Running", "resumeAfter": 30, "metadata": {"job": "7"}}, "resume": {"value": 2}}
    answer, asked = busy_plugin(replies)

    pending = measured(of_plugin(Task.MEASURE), answer).measurement
    done = measured(of_plugin(Task.RESUME, replace(pending, started=LONG_AGO)), answer).measurement

    assert pending.started is not None
    assert (pending.phase, pending.resume_at) == (Phase.RUNNING, pending.started + timedelta(seconds=30))
    assert (done.phase, done.value, done.started, done.metadata) == (Phase.SUCCESSFUL, "2", LONG_AGO, {"job": "7"})
    assert asked == ["run", "resume"]


@pytest.mark.parametrize(
    ("reply", "phase", "message"),
    [
        (None, Phase.SUCCESSFUL, "Metric Terminated"),
        ({"phase": "Error", "message": "it hangs"}, Phase.ERROR, "it hangs"),
    ],
)
def test_a_provider_hears_that_nobody_waits(reply: Any, phase: Phase, message: str) -> None:
    """An end that goes well has Argo's words, another one the provider's."""
    answer, asked = busy_plugin({"terminate": reply})
    pending = Measurement(Phase.RUNNING, LONG_AGO, metadata={"job": "7"})

    ended = measured(of_plugin(Task.TERMINATE, pending), answer).measurement

    assert (ended.phase, ended.message, ended.metadata) == (phase, message, {"job": "7"})
    assert asked == ["terminate"]


def test_a_provider_cleans_up_after_itself() -> None:
    """If it has something to take away; others are not asked."""
    answer, asked = busy_plugin({"collect": None})

    async def main() -> list[bool]:
        runner = Runner(Doors(answer), virtual_now)
        jobs = [of_plugin(Task.MEASURE), a_job()]
        for job in jobs:
            await runner.collect(job, 10)
        return [runner.collects(job.due.metric) for job in jobs]

    assert run_virtual(main()) == [True, False]
    assert asked == ["collect"]
