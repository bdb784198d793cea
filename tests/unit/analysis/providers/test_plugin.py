"""Metric plugins as a flow: what they are told, what their replies mean, and what is no reply."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analysis.errors import ProviderError, SettingsError
from analysis.model import Measurement, Metric, Phase
from analysis.providers import plugin
from analysis.providers.plugin import outcome_of
from analysis.requests import Flow, Pending, Program, RunIdentity, Setting, Value, Verdict

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SETTING = Setting(NOW, run=RunIdentity("shop", "web-1", "u-1"))
METRIC = Metric("age", "plugin", {"shop/age": {"queue": "q"}}, interval="30s", success_condition="result < 3")
PENDING = Measurement(Phase.RUNNING, NOW, metadata={"job": "7"}, resume_at=NOW + timedelta(seconds=5))


def asked(flow: Flow) -> Program:
    request = next(flow)
    assert isinstance(request, Program)
    return request


def answered(flow: Flow, reply: Any) -> Any:
    next(flow)
    with pytest.raises(StopIteration) as end:
        flow.send(reply)
    return end.value.value


def test_a_plugin_is_told_its_settings_and_whose_metric_it_is() -> None:
    """Plain JSON, with the moment."""
    request = asked(plugin.run(METRIC, SETTING))

    assert (request.name, request.method, request.is_optional) == ("shop/age", "run", False)
    assert request.params == {
        "name": "shop/age",
        "config": {"queue": "q"},
        "metric": {"name": "age", "interval": "30s", "successCondition": "result < 3", "failureCondition": ""},
        "run": {"namespace": "shop", "name": "web-1", "uid": "u-1"},
        "now": "2026-11-01T12:00:00Z",
    }


def test_one_that_was_busy_sees_its_measurement_again() -> None:
    """With the metadata that it gave."""
    request = asked(plugin.resume(METRIC, PENDING, SETTING))

    assert request.method == "resume"
    assert request.params["measurement"] == {
        "startedAt": "2026-11-01T12:00:00Z",
        "resumeAt": "2026-11-01T12:00:05Z",
        "metadata": {"job": "7"},
    }


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ({"value": 3}, Value(3.0, "3")),
        ({"value": None}, Value(None, "null")),
        ({"value": {"a": [1]}, "metadata": {"n": 5}}, Value({"a": [1.0]}, '{"a":[1]}', {"n": "5"})),
        ({"phase": "Failed", "message": "too old", "value": 9}, Verdict(Phase.FAILED, "9", "too old")),
        ({"phase": "Inconclusive"}, Verdict(Phase.INCONCLUSIVE)),
        ({"phase": "Running"}, Pending(NOW + timedelta(seconds=10))),
        ({"resumeAfter": "1m"}, Pending(NOW + timedelta(minutes=1))),
        (
            {"phase": "Running", "resumeAfter": 0, "metadata": {"j": "7"}},
            Pending(NOW + timedelta(seconds=1), {"j": "7"}),
        ),
    ],
)
def test_a_reply_is_a_value_a_verdict_or_a_pause(reply: Any, outcome: Any) -> None:
    """A value alone is judged by the conditions; numbers are floats there."""
    assert answered(plugin.run(METRIC, SETTING), reply) == outcome


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (None, "the reply must be an object"),
        ([1], "the reply must be an object"),
        ({}, "the reply has neither value nor phase"),
        ({"phase": "Good"}, "phase 'Good' is unknown: use one of Running, Error, Failed, Inconclusive, Successful"),
        ({"phase": 5}, "phase 5 is unknown"),
        ({"resumeAfter": "soon"}, "resumeAfter of the reply must be seconds or a duration like 45s, not 'soon'"),
        ({"value": 1, "metadata": ["x"]}, "metadata of the reply must be an object"),
    ],
)
def test_a_reply_of_another_form_is_an_error(reply: Any, why: str) -> None:
    """The plugin is named, and what is expected."""
    with pytest.raises(ProviderError, match=f"^metric plugin p: {why}"):
        outcome_of("p", reply, NOW)


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (None, Verdict(Phase.SUCCESSFUL)),
        ({}, Verdict(Phase.SUCCESSFUL)),
        ({"value": 1}, Verdict(Phase.SUCCESSFUL)),
        ({"phase": "Error", "message": "it hangs"}, Verdict(Phase.ERROR, message="it hangs")),
    ],
)
def test_an_end_is_told_to_whoever_listens(reply: Any, verdict: Verdict) -> None:
    """A plugin need not have the method."""
    assert asked(plugin.terminate(METRIC, PENDING, SETTING)).is_optional
    assert answered(plugin.terminate(METRIC, PENDING, SETTING), reply) == verdict


def test_old_measurements_can_be_cleaned_up() -> None:
    """The plugin is told how many are kept."""
    request = next(plugin.collect(METRIC, 10, SETTING))

    assert isinstance(request, Program)
    assert (request.method, request.is_optional, request.params["keep"]) == ("collect", True, 10)


@pytest.mark.parametrize(("settings", "named"), [({}, "none"), ({"a": {}, "b": {}}, "a, b")])
def test_one_plugin_is_named(settings: Any, named: str) -> None:
    """Neither none nor two."""
    with pytest.raises(SettingsError, match=f"metric age: provider.plugin must name one plugin, it names {named}"):
        next(plugin.run(Metric("age", "plugin", settings), SETTING))
