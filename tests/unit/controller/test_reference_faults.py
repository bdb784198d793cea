"""Mistakes that only other objects show: their texts, their fields and their order."""

from typing import Any

from rollouts.controller.observe import World, reference_faults
from rollouts.dialects.argo.rollout import parse
from rollouts.model.objects import Ref, ref_of
from tests.unit.controller.stories import a_canary, a_service, a_template

Json = dict[str, Any]
PROVIDER = {"prometheus": {"query": "up"}}


def faults_of(rollout: Json, *objects: Json) -> list[str]:
    """What a rollout's references show among these objects."""
    parsed = parse(rollout)
    found: dict[Ref, Json | None] = {}
    for obj in objects:
        obj["metadata"]["namespace"] = parsed.namespace
        found[ref_of(obj)] = obj
    return [str(fault) for fault in reference_faults(World(rollout, parsed, objects=found))]


def a_metric(**fields: Any) -> Json:
    """A metric of an analysis template."""
    return {"name": "errors", "provider": PROVIDER, **fields}


def an_analysis(*templates: str, **fields: Any) -> Json:
    """An analysis that uses these templates."""
    return {"templates": [{"templateName": name} for name in templates], **fields}


def a_template_of(name: str, *metrics: Json, args: list[Json] | None = None) -> Json:
    """An analysis template with these metrics."""
    template: Json = a_template(name)
    template["spec"] = {"metrics": list(metrics), "args": args or []}
    return template


def test_what_is_not_there_is_said_before_anything_else() -> None:
    """Argo looks all references up before it looks into one: a missing template comes before a Service that misfits."""
    wrong = a_service("stable") | {"spec": {"selector": {"app": "other"}}}
    rollout = a_canary({"setWeight": 20}, {"analysis": an_analysis("rate")}, stableService="stable", canaryService="c")

    assert faults_of(rollout, wrong) == [
        'spec.strategy.canary.canaryService: Invalid value: "c": service "c" not found',
        "spec.strategy.canary.steps[1].analysis.templates: Invalid value: \"rate\": AnalysisTemplate 'rate' not found",
        'spec.strategy.canary.stableService: Invalid value: "stable": '
        'Service "stable" has unmatch label "app" in rollout',
    ]


def test_a_service_may_select_what_pods_carry_in_their_role() -> None:
    """The labels of stableMetadata are on every stable pod, so that the stable Service may select them."""
    service = a_service("stable") | {"spec": {"selector": {"role": "stable"}}}
    marked: Json = {"stableService": "stable", "stableMetadata": {"labels": {"role": "stable"}}}

    assert faults_of(a_canary({"setWeight": 20}, **marked), service) == []
    assert len(faults_of(a_canary({"setWeight": 20}, stableService="stable"), service)) == 1


def test_ping_and_pong_are_named_by_their_own_fields() -> None:
    """The two Services that swap roles are looked up like the others."""
    rollout = a_canary({"setWeight": 20}, pingPong={"pingService": "a", "pongService": "b"})

    assert faults_of(rollout) == [
        'spec.strategy.canary.pingPong.pingService: Invalid value: "a": service "a" not found',
        'spec.strategy.canary.pingPong.pongService: Invalid value: "b": service "b" not found',
    ]


def test_an_argument_that_nobody_gives_names_the_templates() -> None:
    """The text is Argo's: which templates, and which argument has no value."""
    template = a_template_of("rate", a_metric(), args=[{"name": "service"}])

    assert faults_of(a_canary({"analysis": an_analysis("rate")}), template) == [
        'spec.strategy.canary.steps[0].analysis.templates: Invalid value: "templateNames: [rate]": '
        "args.service was not resolved"
    ]


def test_a_step_waits_for_no_metric_without_end() -> None:
    """An interval without a count never ends: right beside the steps, wrong in one of them."""
    template = a_template_of("rate", a_metric(interval="10s"))
    endless = "AnalysisTemplate rate has metric errors which runs indefinitely. Invalid value for count: <nil>"

    assert faults_of(a_canary({"analysis": an_analysis("rate")}), template) == [
        f'spec.strategy.canary.steps[0].analysis.templates: Invalid value: "rate": {endless}'
    ]
    assert faults_of(a_canary({"setWeight": 20}, analysis=an_analysis("rate")), template) == []


def test_a_count_that_an_argument_gives_may_be_one() -> None:
    """Argo puts a word in the argument's place, finds no number and refuses; the value is known only to the run."""
    template = a_template_of("rate", a_metric(interval="10s", count="{{args.times}}"), args=[{"name": "times"}])
    analysis = an_analysis("rate", args=[{"name": "times", "value": "3"}])

    assert faults_of(a_canary({"analysis": analysis}), template) == []
