"""Mistakes in a Canary: each names its field and its cure."""

from typing import Any

import pytest

from rollouts.dialects.flagger.canary import parse
from rollouts.model.objects import Json
from tests.builders.ticking import a_canary, a_webhook


def faults(canary: Json) -> list[tuple[str, str]]:
    """Path and message of every fault."""
    return [(fault.path, fault.message) for fault in parse(canary, "").faults]


@pytest.mark.parametrize(
    ("analysis", "path", "message"),
    [
        ({"stepWeights": [20, 10]}, "spec.analysis.stepWeights", "does not rise from step to step"),
        ({"stepWeights": [10, 10, 20]}, "spec.analysis.stepWeights", "does not rise from step to step"),
        ({"stepWeight": 0}, "spec.analysis", "names no way"),
        ({"sessionAffinity": {"path": "/"}}, "spec.analysis.sessionAffinity.cookieName", "is missing"),
        (
            {"sessionAffinity": {"cookieName": "c", "primaryCookieName": "c"}},
            "spec.analysis.sessionAffinity.primaryCookieName",
            "is the cookie of the new version",
        ),
        ({"metrics": [{"name": "errors"}]}, "spec.analysis.metrics[0]", "neither built in nor has a query"),
        ({"metrics": [{"name": "a", "query": "{{ sprig }}"}]}, "spec.analysis.metrics[0].query", '"sprig" not'),
        ({"webhooks": [a_webhook("bless")]}, "spec.analysis.webhooks[0].type", "'bless' is not known"),
        ({"webhooks": [{"name": "x"}]}, "spec.analysis.webhooks[0].url", "is missing"),
        ({"webhooks": [{"name": "x", "url": "http://[abc/"}]}, "spec.analysis.webhooks[0].url", "is no URL"),
        ({"webhooks": [a_webhook("", timeout="5x")]}, "spec.analysis.webhooks[0].timeout", "no duration"),
    ],
)
def test_a_mistake_in_the_analysis_is_named(analysis: dict[str, Any], path: str, message: str) -> None:
    """Path and message lead to the field."""
    (found,) = faults(a_canary(**analysis))

    assert found[0] == path
    assert message in found[1]


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"provider": "gatewayapi"}, "spec.provider"),
        ({"targetRef": {"kind": "Deployment"}}, "spec.targetRef.name"),
        ({"targetRef": {"kind": "StatefulSet", "name": "web"}}, "spec.targetRef.kind"),
        ({"targetRef": {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": "web"}}, "spec.targetRef"),
        ({"autoscalerRef": {"kind": "VPA", "name": "web"}}, "spec.autoscalerRef.kind"),
        ({"provider": "nginx"}, "spec.ingressRef.name"),
        ({"service": {"port": 80, "gatewayRefs": [{}], "delegation": True, "hosts": ["a"]}}, "spec.service.delegation"),
        ({"service": {"gatewayRefs": [{"name": "public"}]}}, "spec.service.port"),
        ({"service": {"port": 80}}, "spec.service.gatewayRefs"),
    ],
)
def test_a_mistake_in_the_spec_is_named(spec: dict[str, Any], path: str) -> None:
    """What this version cannot deliver is refused before anything is touched, with a cure."""
    (found,) = parse(a_canary(spec=spec), "").faults

    assert found.path == path
    assert found.cure


def test_who_cannot_copy_requests_is_not_asked_to() -> None:
    """A mirror that could not be read back would hold the run for ever; the Gateway API has one, weights or not."""
    (found,) = faults(a_canary(provider="traefik", mirror=True))

    assert found == ("spec.analysis.mirror", "traefik cannot mirror")
    assert faults(a_canary(provider="gatewayapi:v1", mirror=True)) == []


def test_an_unknown_provider_is_never_another() -> None:
    """Where Flagger falls back to Istio, the known ones are listed."""
    (found,) = parse(a_canary(provider="itsio"), "").faults

    assert found.message == "'itsio' is not known"
    assert "gloo, istio, knative" in found.cure


def test_a_template_that_is_missing_is_named_where_somebody_has_looked() -> None:
    """Lint sees one file and does not judge; the controller sees the cluster."""
    canary = a_canary(metrics=[{"name": "lag", "templateRef": {"name": "lag", "namespace": "mon"}}])

    assert faults(canary) == []
    (found,) = parse(canary, "", templates={}).faults
    assert found.message == "MetricTemplate mon/lag does not exist"


def test_to_the_letter_nothing_is_refused() -> None:
    """Who wants Flagger's own ways gets them: what it runs is run."""
    canary = a_canary(provider="itsio", stepWeights=[20, 10])
    canary["metadata"]["annotations"] = {"sluice.dev/flagger-strict": "true"}

    assert faults(canary) == []


def test_plain_kubernetes_needs_no_way_and_no_gateway() -> None:
    """What it cannot do is said by events, as Flagger does, not refused."""
    canary = a_canary(provider="kubernetes", iterations=0, spec={"service": {"port": 80}})

    assert faults(canary) == []
