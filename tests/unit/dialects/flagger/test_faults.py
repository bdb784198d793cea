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
        ({"mirror": True}, "spec.analysis.mirror", "not supported"),
        ({"iterations": 2, "match": [{"headers": {}}]}, "spec.analysis.match", "not supported"),
        ({"sessionAffinity": {"cookieName": "c"}}, "spec.analysis.sessionAffinity", "not supported"),
        ({"metrics": [{"name": "errors"}]}, "spec.analysis.metrics[0]", "neither built in nor has a query"),
        ({"metrics": [{"name": "a", "templateRef": {"name": "t"}}]}, "spec.analysis.metrics[0].templateRef", "not"),
        ({"metrics": [{"name": "a", "query": "{{ sprig }}"}]}, "spec.analysis.metrics[0].query", "{{ sprig }}"),
        ({"webhooks": [a_webhook("bless")]}, "spec.analysis.webhooks[0].type", "'bless' is not known"),
        ({"webhooks": [{"name": "x"}]}, "spec.analysis.webhooks[0].url", "is missing"),
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
        ({"targetRef": {"kind": "DaemonSet", "name": "web"}}, "spec.targetRef.kind"),
        ({"autoscalerRef": {"name": "web"}}, "spec.autoscalerRef"),
        ({"service": {"gatewayRefs": [{"name": "public"}]}}, "spec.service.port"),
        ({"service": {"port": 80}}, "spec.service.gatewayRefs"),
    ],
)
def test_a_mistake_in_the_spec_is_named(spec: dict[str, Any], path: str) -> None:
    """What this version cannot deliver is refused before anything is touched, with a cure."""
    (found,) = parse(a_canary(spec=spec), "").faults

    assert found.path == path
    assert found.cure


def test_an_unknown_provider_is_never_another() -> None:
    """Where Flagger falls back to Istio, the known ones are listed."""
    (found,) = parse(a_canary(provider="itsio"), "").faults

    assert (found.message, found.cure) == (
        "'itsio' is not known to this version of Sluice",
        "use one of gatewayapi:v1, kubernetes",
    )


def test_plain_kubernetes_needs_no_way_and_no_gateway() -> None:
    """What it cannot do is said by events, as Flagger does, not refused."""
    canary = a_canary(provider="kubernetes", iterations=0, spec={"service": {"port": 80}})

    assert faults(canary) == []
