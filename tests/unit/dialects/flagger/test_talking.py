"""Webhooks and alerts of Canaries: checksums, listeners, receivers, and where metrics are asked. In both modes."""

import json
from dataclasses import replace
from typing import Any

import pytest

from analysis.requests import Http
from rollouts.dialects.flagger.alerts import receivers_of, sources_of
from rollouts.dialects.flagger.canary import STRICT, parse
from rollouts.dialects.flagger.sources import metric_source_of
from rollouts.dialects.flagger.webhooks import call_of, checksum_of, event_call_of, listeners_of
from rollouts.model.alerts import Severity
from rollouts.model.objects import Json
from rollouts.model.plan import Event
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Check, Progressive
from tests.builders.ticking import START, a_canary, a_run, a_webhook

PROVIDER = {"spec": {"type": "slack", "address": "http://chat", "secretRef": {"name": "keys"}, "proxy": "http://p"}}


def parsed(canary: Json) -> Rollout:
    """The Canary in the common model."""
    return parse(canary, "revision")


def to_the_letter(canary: Json) -> Json:
    """The Canary with the annotation."""
    return {**canary, "metadata": {**canary["metadata"], "annotations": {STRICT: "true"}}}


def body_of(request: Http) -> Json:
    """What a webhook is sent."""
    body: Json = json.loads(request.body)
    return body


def test_a_webhook_may_trust_any_certificate() -> None:
    """With disableTLS, in its own time."""
    rollout = parsed(a_canary(webhooks=[a_webhook("rollout", disableTLS=True, timeout="1m30s")]))
    assert isinstance(rollout.strategy, Progressive)
    request = call_of(rollout, rollout.strategy.gates[0], "Progressing")

    assert (request.server.is_insecure, request.server.timeout.total_seconds()) == (True, 90)


def test_a_checksum_is_that_of_a_run() -> None:
    """It stays while a run goes on, and is another for the next one."""
    here = a_run()
    begun = checksum_of(here.rollout.status)
    here.tick()
    same = checksum_of(here.rollout.status)
    here.release("web:3")
    here.tick()

    assert begun == same != checksum_of(here.rollout.status)


def test_own_listeners_replace_the_operators() -> None:
    """Events go to the Canary's webhooks of that type, or else to everybody's."""
    own, none = parsed(a_canary(webhooks=[a_webhook("event", "ears")])), parsed(a_canary())

    assert [gate.name for gate in listeners_of(own, "http://all")] == ["ears"]
    assert [gate.url for gate in listeners_of(none, "http://all")] == ["http://all"]
    assert listeners_of(none) == ()


def test_an_event_is_told_with_its_moment() -> None:
    """Message, type and milliseconds join the user's metadata; an event's own phase wins."""
    rollout = parsed(a_canary(webhooks=[a_webhook("event", "ears", metadata={"env": "prod", "eventType": "mine"})]))
    (gate,) = listeners_of(rollout)
    body = body_of(event_call_of(rollout, gate, Event("Synced", "m", is_warning=True, phase="Failed"), START))

    assert body["phase"] == "Failed"
    assert body["metadata"] == {
        "env": "prod",
        "eventMessage": "m",
        "eventType": "Warning",
        "timestamp": str(int(START.timestamp()) * 1000),
    }


@pytest.mark.parametrize(
    ("severity", "is_letter", "least"),
    [
        ({}, False, Severity.INFO),
        ({}, True, None),
        ({"severity": "warn"}, True, Severity.WARN),
        ({"severity": "loud"}, False, None),
    ],
)
def test_e09_a_severity_that_is_not_set_is_info(severity: Json, is_letter: bool, least: Severity | None) -> None:
    """As documented; to the letter nothing is ever told then."""
    canary = a_canary(alerts=[{"name": "a", "providerRef": {"name": "p"}, **severity}])
    found = receivers_of(to_the_letter(canary) if is_letter else canary, {"shop/p": PROVIDER})

    assert found is not None
    assert found[0].least is least


def test_receivers_are_those_that_are_named() -> None:
    """In their own namespaces, with what their providers say; a missing one is a fault of its own."""
    refs = [{"name": "p"}, {"name": "q", "namespace": "other"}]
    canary = a_canary(alerts=[{"name": "a", "providerRef": ref} for ref in refs])
    found = receivers_of(canary, {"shop/p": PROVIDER})

    assert sources_of(canary) == ("shop/p", "other/q")
    assert found is not None
    first, second = found
    assert (first.service, first.secret, first.namespace, first.proxy) == ("slack", "keys", "shop", "http://p")
    assert (first.channel, first.username) == ("general", "flagger")
    assert second.fault == "AlertProvider other/q does not exist"
    assert receivers_of(a_canary(), {}) is None


def test_a_template_says_whom_to_ask() -> None:
    """With its own secret and namespace; without a template it is Prometheus, the Canary's own if it names one."""
    provider = {"type": "prometheus", "address": "http://own", "headers": {"X": ["a", "b"]}, "secretRef": {"name": "s"}}
    templates = {"infra/t": {"spec": {"provider": {**provider, "insecureSkipVerify": True}, "query": "up"}}}
    check = Check("errors", "up", source="infra/t", interval="2m")
    canary = a_canary(spec={"metricsServer": "http://mine"})
    found = metric_source_of(canary, check, templates, "http://all")
    usual = metric_source_of(canary, replace(check, source=""), {}, "http://all")

    assert (found.address, found.namespace, found.secret, found.headers) == ("http://own", "infra", "s", (("X", "b"),))
    assert (found.interval, found.is_insecure, found.nothing) == ("2m", True, None)
    assert (usual.service, usual.address) == ("prometheus", "http://mine")
    assert metric_source_of(a_canary(), replace(check, source=""), {}, "http://all").address == "http://all"


def a_templated(query: str, **metric: Any) -> tuple[Json, dict[str, Json]]:
    """A Canary with one metric by a template, and the template."""
    canary = a_canary(metrics=[{"name": "errors", "templateRef": {"name": "t"}, **metric}])
    return canary, {"shop/t": {"spec": {"provider": {"type": "prometheus"}, "query": query}}}


def test_a_template_is_filled_in_for_its_metric() -> None:
    """With the metric's variables, and the usual interval where it names none; to the letter there is none then."""
    canary, templates = a_templated("{{ variables.q }}[{{ interval }}]", templateVariables={"q": "0.9"})
    ours = parse(canary, "r", templates=templates).strategy
    theirs = parse(to_the_letter(canary), "r", templates=templates).strategy

    assert isinstance(ours, Progressive)
    assert isinstance(theirs, Progressive)
    assert (ours.checks[0].query, theirs.checks[0].query) == ("0.9[1m]", "0.9[]")


def test_e18_a_template_that_cannot_be_filled_in_is_a_fault() -> None:
    """Nothing runs on a guess; to the letter, the check fails in the ancestor's words."""
    canary, templates = a_templated("{{ variables.q }}")
    words = (
        'template excution failed: template: tmpl:1:3: executing "tmpl" at <variables>: map has no entry for key "q"'
    )
    (fault,) = parse(canary, "r", templates=templates).faults
    letter = parse(to_the_letter(canary), "r", templates=templates)

    assert fault.path == "spec.analysis.metrics[0].templateRef: MetricTemplate shop/t, spec.query"
    assert fault.message == words
    assert isinstance(letter.strategy, Progressive)
    assert letter.strategy.checks[0].fault == f"Metric template t.shop query render error: {words}"


def test_a_template_that_is_missing_fails_the_tick_to_the_letter() -> None:
    """The check is told of, costs one of the budget, and nobody is asked."""
    canary, _ = a_templated("up")
    here = a_run(to_the_letter(a_canary()))
    here.tick()
    here.canary["spec"] = canary["spec"]
    here.templates = {}
    here.tick()

    assert here.status["failedChecks"] == 1
    assert here.texts() == ['Metric template t.shop error: metrictemplate.flagger.app "t" not found']
    assert here.asked == []
