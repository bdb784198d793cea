"""Recordings: few queries for many moments, and answers as the service would have given them."""

from datetime import timedelta
from itertools import pairwise

import pytest

from analysis.errors import ProviderError, SettingsError
from analysis.recording import AT_ONCE, Recording
from analysis.requests import Program, Query, RangeQuery, Server
from tests.builders.recordings import NOON, Prometheus, a_metric, after, recorded

SERVER = Server("http://prometheus.example")


def test_a_recording_costs_few_queries() -> None:
    """One for the sort of answer, and one range query for each ten thousand moments; none is asked twice."""
    prometheus = Prometheus(rate=lambda at: at)
    tape = recorded(a_metric(), prometheus, seconds=2.5 * AT_ONCE, step=1)
    spans = [(request.start, request.end) for request in prometheus.asked if isinstance(request, RangeQuery)]

    assert (tape.queries, len(prometheus.asked), len(spans)) == (4, 4, 3)
    assert all(before[1] + timedelta(seconds=1) == then[0] for before, then in pairwise(spans))
    assert sum(len(series.values) for series in tape.series) == 25_001


def test_an_instant_is_answered_as_then() -> None:
    """The value of that moment; nothing where nothing was."""
    tape = recorded(a_metric(), Prometheus(rate=lambda at: None if at < 60 else 0.5))

    assert tape.answer(Query(SERVER, "rate", after(30)))["data"]["result"] == []
    assert tape.answer(Query(SERVER, "rate", after(60)))["data"]["result"][0]["value"][1] == "0.5"
    assert tape.answers(Query(SERVER, "rate", NOON))
    assert not tape.answers(Query(SERVER, "rate", after(-1)))


def test_a_refusal_is_told_in_the_services_words() -> None:
    """A query with a mistake is not asked for the whole span first."""

    class Refusing(Prometheus):
        def answer(self, request: object) -> dict[str, object]:
            return {"status": "error", "errorType": "bad_data", "error": "parse error: unexpected end"}

    with pytest.raises(ProviderError, match="metric rate: bad_data: parse error: unexpected end"):
        recorded(a_metric(), Refusing())


def test_a_service_that_knows_no_past_is_refused() -> None:
    """Only PromQL can be asked for what was; the metric is named."""
    metric = a_metric(provider="web", settings={"url": "http://x.example", "jsonPath": "{$.a}"})

    with pytest.raises(SettingsError, match="metric rate: web cannot be asked for what was"):
        recorded(metric, Prometheus())


def test_an_empty_recording_answers_with_nothing() -> None:
    """A span without data is a vector without samples at every moment."""
    tape = recorded(a_metric(), Prometheus(rate=lambda _: None))

    assert isinstance(tape, Recording)
    assert tape.answer(Query(SERVER, "rate", NOON))["data"] == {"resultType": "vector", "result": []}


def a_call() -> Program:
    return Program("ours", "run", {})


def test_other_questions_are_refused() -> None:
    """A recording is no Prometheus: it answers what it was made for."""
    with pytest.raises(ProviderError):
        recorded(a_metric(), Prometheus(rate=lambda _: 1)).answer(a_call())
