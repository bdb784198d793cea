"""Templates and runs of Argo: read, found wrong, and made for a rollout."""

from typing import Any

import pytest

from analysis.errors import ArgumentError
from analysis.model import Arg, Rule, SecretKey, TimeToLive
from rollouts.dialects.argo.analysis import (
    faults_of,
    parse_metric,
    parse_run,
    parse_template,
    render_run,
    template_faults,
)
from rollouts.model.effects import StartAnalysis
from rollouts.model.objects import Json
from rollouts.model.rollout import Rollout
from rollouts.model.status import Status
from rollouts.model.strategy import AnalysisRef, ArgValue, Canary, TemplateRef

PROVIDER = {"prometheus": {"address": "http://p.example", "query": "up{app='{{args.app}}'}"}}


def a_template(name: str = "rate", *, kind: str = "AnalysisTemplate", **spec: Any) -> Json:
    metrics = [{"name": f"{name}-metric", "provider": PROVIDER, "successCondition": "result[0] > 0.9"}]
    return {"kind": kind, "metadata": {"name": name}, "spec": {"metrics": metrics, **spec}}


def a_rollout() -> Rollout:
    return Rollout("Rollout", "shop", "web", "u-1", 3, "new", Canary(), Status(stable="old"))


MANIFEST: Json = {
    "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}},
    "spec": {"selector": {"matchLabels": {"app": "web"}}, "replicas": 5},
}


def rendered(ref: AnalysisRef, *templates: Json, **effect: Any) -> Json:
    start = StartAnalysis("web-new-2-1", "Step", ref, "new", 2, **{"step": 1, **effect})
    return render_run(start, a_rollout(), MANIFEST, templates)


def test_a_run_carries_labels_owner_and_revision() -> None:
    """Selector labels, hash, role, step and the rollout's own instance are labels; the rollout controls the run."""
    ref = AnalysisRef((TemplateRef("rate"),), labels={"team": "x"}, annotations={"note": "y"})

    of_blue = {**MANIFEST["metadata"]["labels"], "argo-rollouts.argoproj.io/controller-instance-id": "blue"}
    manifest = {**MANIFEST, "metadata": {**MANIFEST["metadata"], "labels": of_blue}}
    run = render_run(StartAnalysis("web-new-2-1", "Step", ref, "new", 2, 1), a_rollout(), manifest, [a_template()])

    meta = run["metadata"]
    assert (run["apiVersion"], run["kind"]) == ("argoproj.io/v1alpha1", "AnalysisRun")
    assert (meta["name"], meta["namespace"]) == ("web-new-2-1", "shop")
    assert meta["labels"] == {
        "app": "web",
        "team": "x",
        "rollouts-pod-template-hash": "new",
        "rollout-type": "Step",
        "step-index": "1",
        "argo-rollouts.argoproj.io/controller-instance-id": "blue",
    }
    assert meta["annotations"] == {"note": "y", "rollout.argoproj.io/revision": "2"}
    owner = meta["ownerReferences"][0]
    assert (owner["kind"], owner["name"], owner["uid"], owner["controller"]) == ("Rollout", "web", "u-1", True)


def test_a_background_run_has_no_step() -> None:
    """Only step runs carry a step index, only instances an instance id."""
    labels = rendered(AnalysisRef((TemplateRef("rate"),)), a_template(), step=None)["metadata"]["labels"]

    assert labels == {"app": "web", "rollouts-pod-template-hash": "new", "rollout-type": "Step"}


def test_arguments_come_from_values_hashes_and_fields() -> None:
    """What the template declares is filled from the rollout; its defaults and Secrets stay."""
    declared = [
        {"name": "app"},
        {"name": "old"},
        {"name": "size"},
        {"name": "limit", "value": "9"},
        {"name": "token", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
    ]
    supplied = (
        ArgValue("app", "web"),
        ArgValue("old", pod_hash_of="Stable"),
        ArgValue("size", field_path="spec.replicas"),
        ArgValue("unknown", "left out"),
    )

    run = rendered(AnalysisRef((TemplateRef("rate"),), supplied), a_template(args=declared))

    assert run["spec"]["args"] == [
        {"name": "app", "value": "web"},
        {"name": "old", "value": "old"},
        {"name": "size", "value": "5"},
        {"name": "limit", "value": "9"},
        {"name": "token", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
    ]
    assert run["spec"]["metrics"] == a_template()["spec"]["metrics"]


def test_templates_are_merged_with_those_they_name() -> None:
    """Nested templates come after their parent, each once; the rollout's own rules come first."""
    outer = a_template("outer", templates=[{"templateName": "rate"}, {"templateName": "all", "clusterScope": True}])
    inner = a_template("rate", dryRun=[{"metricName": "rate"}], measurementRetention=[{"metricName": "r", "limit": 3}])
    wide = a_template("all", kind="ClusterAnalysisTemplate", templates=[{"templateName": "rate"}])
    ref = AnalysisRef((TemplateRef("outer"), TemplateRef("rate")), dry_run=({"metricName": "all"},))

    spec = rendered(ref, outer, inner, wide)["spec"]

    assert [metric["name"] for metric in spec["metrics"]] == ["outer-metric", "rate-metric", "all-metric"]
    assert spec["dryRun"] == [{"metricName": "all"}, {"metricName": "rate"}]
    assert spec["measurementRetention"] == [{"metricName": "r", "limit": 3}]


def test_a_run_without_its_template_cannot_be_made() -> None:
    """Templates may vanish between validation and the write."""
    with pytest.raises(ArgumentError, match="template rate not found"):
        rendered(AnalysisRef((TemplateRef("rate"),)))


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        (AnalysisRef((TemplateRef("none"),)), "Invalid value: \"none\": AnalysisTemplate 'none' not found"),
        (
            AnalysisRef((TemplateRef("rate", cluster_scope=True),)),
            "Invalid value: \"rate\": ClusterAnalysisTemplate 'rate' not found",
        ),
        (AnalysisRef((TemplateRef("rate"),)), "args.app was not resolved"),
        (AnalysisRef((TemplateRef("rate"), TemplateRef("twin")), (ArgValue("app", "x"),)), "two metrics have the same"),
        (AnalysisRef((TemplateRef("broken"),)), "unexpected token EOF"),
        (AnalysisRef((TemplateRef("endless"),)), "interval must be specified when count > 1"),
    ],
)
def test_what_is_wrong_with_a_reference_is_said_before_the_run(ref: AnalysisRef, message: str) -> None:
    """Missing templates, arguments without a value, twins and broken metrics are Faults of the rollout."""
    metric = {"name": "m", "provider": PROVIDER}
    templates = [
        a_template(args=[{"name": "app"}]),
        a_template("twin", metrics=[{**metric, "name": "rate-metric"}]),
        a_template("broken", metrics=[{**metric, "successCondition": "result >"}]),
        a_template("endless", metrics=[{**metric, "count": 3}]),
    ]

    faults = template_faults(ref, templates, "spec.strategy.canary.analysis")

    assert len(faults) == 1
    assert faults[0].path.startswith("spec.strategy.canary.analysis")
    assert message in faults[0].message


def test_a_good_reference_has_no_faults() -> None:
    """Arguments that come from a field or a hash count as given."""
    args = (ArgValue("app", field_path="metadata.name"), ArgValue("h", pod_hash_of="Latest"))

    declared = a_template(args=[{"name": "app"}, {"name": "h"}])
    assert template_faults(AnalysisRef((TemplateRef("rate"),), args), [declared]) == ()


def test_a_template_may_consist_of_others_alone() -> None:
    """Without metrics of its own it is no mistake, if it names templates."""
    nested = parse_template(a_template(metrics=[], templates=[{"templateName": "x"}]))

    assert faults_of(nested) == ()
    assert [fault.message for fault in faults_of(parse_template(a_template(metrics=[])))] == ["no metrics specified"]


def test_a_condition_with_arguments_is_not_read_before_they_are_known() -> None:
    """`{{args.x}}` may be anything."""
    metric = {"name": "m", "provider": PROVIDER, "failureCondition": "{{args.condition}}"}

    assert faults_of(parse_template(a_template(metrics=[metric]))) == ()


@pytest.mark.parametrize(
    ("provider", "name"),
    [
        ({"prometheus": {"query": "q"}}, "prometheus"),
        ({"prometheus": {"query": "q"}, "web": {"url": "u"}}, "prometheus,web"),
        ({}, ""),
        ({"plugin": {}}, ""),
        ({"plugin": {"a/b": {}}}, "plugin"),
        ({"prometheus": None, "job": {}}, "job"),
        ("nonsense", ""),
    ],
)
def test_exactly_one_provider_is_wanted(provider: Any, name: str) -> None:
    """Absent ones do not count, several are kept by name for the error."""
    assert parse_metric({"name": "m", "provider": provider}).provider == name


def test_a_run_is_read_as_written() -> None:
    """Arguments, rules, lifetime and the wish to end are taken over; wrong types count as absent."""
    spec = {
        "metrics": [{"name": "m", "provider": PROVIDER, "count": "{{args.n}}", "failureLimit": 2}, "nonsense"],
        "args": [{"name": "a", "value": "1"}, {"name": "s", "valueFrom": {"secretKeyRef": {"name": "n", "key": "k"}}}],
        "dryRun": [{"metricName": "m"}],
        "measurementRetention": [{"metricName": "m", "limit": 3}],
        "terminate": True,
        "ttlStrategy": {"secondsAfterCompletion": 60, "secondsAfterFailure": 5},
    }

    run = parse_run({"spec": spec})

    assert [(metric.count, metric.failure_limit) for metric in run.metrics] == [("{{args.n}}", 2)]
    assert run.args == (Arg("a", "1"), Arg("s", secret=SecretKey("n", "k")))
    assert (run.dry_run, run.retention, run.terminate) == ((Rule("m"),), (Rule("m", 3),), True)
    assert run.time_to_live == TimeToLive(60, 5)
    assert parse_run({"spec": []}).metrics == ()
