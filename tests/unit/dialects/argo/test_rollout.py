"""Rollout manifests as the common model, and the mistakes in them."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollouts.dialects.argo.rollout import parse, selector_text
from rollouts.model.errors import UndecodableError
from rollouts.model.objects import Json
from rollouts.model.strategy import (
    Analyse,
    AnalysisRef,
    ArgValue,
    BlueGreen,
    Canary,
    Pause,
    Quota,
    Router,
    SetWeight,
    TemplateRef,
)

TEMPLATE: Json = {
    "metadata": {"labels": {"app": "shop"}},
    "spec": {"containers": [{"name": "shop", "image": "shop:v1"}]},
}


def a_manifest(strategy: Json, **spec: Any) -> Json:
    """A Rollout with this strategy."""
    fields = {"selector": {"matchLabels": {"app": "shop"}}, "template": deepcopy(TEMPLATE), "strategy": strategy}
    meta = {"name": "shop", "namespace": "default", "uid": "u", "generation": 3}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": meta, "spec": fields | spec}


def faults_of(strategy: Json, **spec: Any) -> list[str]:
    """The mistakes, as a user sees them."""
    return [str(fault) for fault in parse(a_manifest(strategy, **spec)).faults]


def test_a_canary_is_read_with_argos_defaults() -> None:
    """Absent fields have the defaults of Argo's documentation."""
    rollout = parse(a_manifest({"canary": {}}))
    strategy = rollout.strategy

    assert isinstance(strategy, Canary)
    assert (rollout.replicas, rollout.size, rollout.history_limit) == (None, 1, 10)
    assert rollout.progress_deadline == timedelta(seconds=600)
    assert strategy.max_surge == strategy.max_unavailable == Quota(25, is_percent=True)
    assert strategy.scale_down_delay == timedelta(seconds=30)
    assert (rollout.faults, rollout.selector, rollout.generation) == ((), "app=shop", 3)


def test_steps_and_routers_are_read() -> None:
    """Weights, pauses of every form, an inline analysis with arguments, and the plugin's key as our own provider."""
    template = {"templateName": "ok", "clusterScope": True}
    args = [
        {"name": "a", "value": "x"},
        {"name": "h", "valueFrom": {"podTemplateHashValue": "Latest"}},
        {"name": "f", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
    ]
    pauses: list[Json] = [{"pause": {}}, {"pause": {"duration": 30}}, {"pause": {"duration": "1h"}}]
    canary = {
        "canaryService": "c",
        "stableService": "s",
        "trafficRouting": {"plugins": {"argoproj-labs/gatewayAPI": {"httpRoute": "r"}}},
        "steps": [{"setWeight": 5}, *pauses, {"analysis": {"templates": [template], "args": args}}],
    }
    strategy = parse(a_manifest({"canary": canary})).strategy

    assert isinstance(strategy, Canary)
    assert strategy.routers == (Router("gatewayAPI", {"httpRoute": "r"}),)
    assert strategy.steps == (
        SetWeight(5),
        Pause(),
        Pause(timedelta(seconds=30)),
        Pause(timedelta(hours=1)),
        Analyse(
            AnalysisRef(
                (TemplateRef("ok", cluster_scope=True),),
                (ArgValue("a", "x"), ArgValue("h", pod_hash_of="Latest"), ArgValue("f", field_path="metadata.name")),
            )
        ),
    )


def test_a_provider_without_settings_is_a_provider() -> None:
    """Left out, the rollout would weigh pods instead of requests, and nobody would be told."""
    routing = {"canaryService": "c", "stableService": "s", "trafficRouting": {"istio": {}}}
    strategy = parse(a_manifest({"canary": routing})).strategy

    assert isinstance(strategy, Canary)
    assert strategy.routers == (Router("istio", {}),)


def test_a_blue_green_is_read() -> None:
    """Services, promotion and delays."""
    spec = {"activeService": "a", "previewService": "p", "autoPromotionSeconds": 20, "scaleDownDelaySeconds": 5}
    strategy = parse(a_manifest({"blueGreen": spec})).strategy

    assert strategy == BlueGreen(
        "a", "p", auto_promotion_after=timedelta(seconds=20), scale_down_delay=timedelta(seconds=5)
    )


def test_the_status_is_partly_the_users() -> None:
    """Requests that people patch into the status are read from it."""
    manifest = a_manifest({"canary": {"steps": [{"pause": {}}]}})
    paused = {"reason": "CanaryPauseStep", "startTime": "2026-11-01T12:00:00Z"}
    manifest["status"] = {"abort": True, "promoteFull": True, "pauseConditions": [paused], "controllerPause": True}
    status = parse(manifest).status

    assert status.is_aborted
    assert status.promote_fully
    assert status.paused_by_controller
    assert status.pauses[0].since == datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ({}, "spec.strategy.strategy: Required value: Rollout has missing field"),
        ({"canary": {}, "blueGreen": {"activeService": "a"}}, "Multiple Strategies can not be listed"),
        ({"canary": {"steps": [{"setWeight": 150}]}}, "spec.strategy.steps[0].setWeight: Invalid value: 150"),
        ({"canary": {"steps": [{"pause": {"duration": "soon"}}]}}, "spec.strategy.steps[0].pause.duration"),
        ({"canary": {"steps": [{"pause": {"duration": -5}}]}}, "Invalid value: -5: Duration needs to be greater"),
        ({"canary": {"steps": [{}]}}, "Step must have one of the following set"),
        ({"canary": {"steps": [{"setWeight": 5, "pause": {}}]}}, "Step must have one of the following set"),
        ({"canary": {"steps": [{"experiment": {"duration": "soon"}}]}}, "steps[0].experiment.duration: Invalid value"),
        ({"canary": {"canaryService": "x", "stableService": "x"}}, "the same service for the stable and canary"),
        ({"canary": {"trafficRouting": {"nginx": {}}}}, "spec.strategy.stableService"),
        ({"canary": {"maxSurge": 0, "maxUnavailable": 0}}, "MaxSurge and MaxUnavailable both can not be zero"),
        ({"canary": {"dynamicStableScale": True}}, "dynamicStableScale can only be used with traffic routing"),
        ({"canary": {"pingPong": {"pingService": "a", "pongService": "a"}}}, "same service for the ping and pong"),
        ({"blueGreen": {}}, "activeService"),
        ({"blueGreen": {"activeService": "a", "previewService": "a"}}, "the same service for the active and preview"),
    ],
)
def test_a_mistake_in_the_strategy_names_its_field(strategy: Json, expected: str) -> None:
    """The first fault is the one that the condition shows."""
    assert expected in faults_of(strategy)[0]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"selector": None}, "spec.selector: Required value"),
        ({"selector": {}}, "empty selector is invalid"),
        ({"selector": {"matchLabels": {"app": "other"}}}, "`selector` does not match template `labels`"),
        ({"template": None}, "spec.template"),
        ({"replicas": -1}, "spec.replicas: Invalid value: -1"),
        ({"progressDeadlineSeconds": 5, "minReadySeconds": 5}, "must be greater than minReadySeconds"),
    ],
)
def test_a_mistake_in_the_spec_names_its_field(spec: Json, expected: str) -> None:
    """Selector, template and numbers are looked at before the strategy."""
    assert any(expected in fault for fault in faults_of({"canary": {}}, **spec))


@pytest.mark.parametrize("broken", [{"spec": []}, {"metadata": {}, "spec": {}}, {"metadata": 5, "spec": {}}])
def test_what_makes_no_sense_at_all_is_undecodable(broken: Json) -> None:
    """Such an object is reported and left; it never stops the loop."""
    with pytest.raises(UndecodableError):
        parse({"metadata": {"name": "x"}} | broken)


@pytest.mark.parametrize("value", [None, 5, "x", [], {}, True, 1.5])
@pytest.mark.parametrize("field", ["replicas", "strategy", "paused", "restartAt", "minReadySeconds", "template"])
def test_wrong_types_count_as_absent(field: str, value: Any) -> None:
    """A field of the wrong type is never more than a fault."""
    assert parse(a_manifest({"canary": {}}) | {"spec": {field: value}}).name == "shop"


def test_selectors_have_the_form_of_the_scale_subresource() -> None:
    """Autoscalers read this text."""
    selector = {
        "matchLabels": {"b": "2", "a": "1"},
        "matchExpressions": [
            {"key": "c", "operator": "In", "values": ["y", "x"]},
            {"key": "d", "operator": "NotIn", "values": ["z"]},
            {"key": "e", "operator": "Exists"},
            {"key": "f", "operator": "DoesNotExist"},
        ],
    }

    assert selector_text(selector) == "a=1,b=2,c in (x,y),d notin (z),e,!f"
