"""`lint` on what the API server refuses: the field is named, and what was perhaps meant."""

from pathlib import Path

import pytest

from rollouts.cli.lint_schema import schema_faults
from rollouts.cluster.port import Json
from tests.builders.cli import Outcome, lint_findings, local

CANARY = """\
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: web, namespace: shop}
spec:
  provider: istio
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  service: {port: 80}
  analysis:
    interval: 1m
    threshold: 5
    stepWeights: [10, 50]
    webhooks:
      - {name: gate, url: "http://gate/", type: confirm-promotion}
"""
TEMPLATE = """\
apiVersion: flagger.app/v1beta1
kind: MetricTemplate
metadata: {name: errors, namespace: shop}
spec:
  provider: {type: prometheus, address: "http://prometheus:9090"}
  query: errors
"""


def linted(folder: Path, old: str, new: str) -> tuple[str, str, str]:
    """Severity, path and cure of the only finding once this is changed; references are let be."""
    text = CANARY if old in CANARY else TEMPLATE
    assert old in text
    (folder / "one.yaml").write_text(text.replace(old, new, 1))
    (found,) = [each for each in lint_findings(folder / "one.yaml") if each["rule"] != "reference"]
    return found["severity"], found["path"], found["cure"]


@pytest.mark.parametrize(
    ("old", "new", "path", "cure"),
    [
        ("    threshold: 5\n", "", "spec.analysis.threshold", "set threshold"),
        ("    interval: 1m\n", "", "spec.analysis.interval", "set interval"),
        (
            "    stepWeights: [10, 50]\n",
            "",
            "spec.analysis",
            "set one of iterations, stepWeight, stepWeights",
        ),
        (
            "threshold: 5",
            "threshold: 5\n    iterations: 3",
            "spec.analysis.stepWeights",
            "take stepWeights or iterations out",
        ),
        ("provider: istio", "provider: istioo", "spec.provider", 'did you mean "istio"?'),
        ("confirm-promotion", "confirm-promote", "spec.analysis.webhooks[0].type", 'did you mean "confirm-promotion"'),
        ("interval: 1m", "interval: 1 minute", "spec.analysis.interval", 'did you mean "1m"?'),
        ("interval: 1m", "interval: 2h", "spec.analysis.interval", 'did you mean "120m"?'),
        ("interval: 1m", "interval: soon", "spec.analysis.interval", "write it as 1m or 30s"),
        ("type: prometheus", "type: promtheus", "spec.provider.type", 'did you mean "prometheus"?'),
        ("v1beta1", "v1", "apiVersion", 'did you mean "flagger.app/v1beta1"?'),
        ("flagger.app", "flager.app", "apiVersion", 'did you mean "flagger.app/v1beta1"?'),
        ("kind: Canary", "kind: Canarry", "kind", 'did you mean "Canary"?'),
    ],
)
def test_a_likely_mistake_is_cured(tmp_path: Path, old: str, new: str, path: str, cure: str) -> None:
    """One finding, at its field, with what was meant."""
    severity, at, said = linted(tmp_path, old, new)

    assert (severity, at) == ("error", path)
    assert cure in said


def test_a_weight_over_everything_is_warned_of(tmp_path: Path) -> None:
    """Flagger takes it for 100, and so do we."""
    found = linted(tmp_path, "[10, 50]", "[10, 250]")

    assert found[:2] == ("warning", "spec.analysis.stepWeights[1]")


def said_of(api_version: str, kind: str) -> list[str]:
    """What is wrong with an object of this kind, and what was meant."""
    obj: Json = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}}
    return [f"{fault.message}; {fault.cure}" for fault in schema_faults(obj)]


def test_kinds_and_versions_of_argo_are_told_too() -> None:
    """Those that Argo's other projects serve are none of our business."""
    assert said_of("argoproj.io/v1", "Rollout") == [
        '"argoproj.io/v1" has no Rollout; did you mean "argoproj.io/v1alpha1"?'
    ]
    assert said_of("argoproj.io/v1alpha1", "Rolout") == ['"Rolout" is no kind of argoproj.io; did you mean "Rollout"?']
    assert said_of("argoproj.io/v1alpha1", "Application") == []
    assert said_of("apps/v1", "Deployment") == said_of("serving.knative.dev/v1", "Service") == []


def test_an_unlike_kind_of_argo_may_be_another_projects(tmp_path: Path) -> None:
    """It is warned of only: new projects come."""
    text = "{apiVersion: argoproj.io/v1alpha1, kind: Zeppelin, metadata: {name: x}}"
    (tmp_path / "x.yaml").write_text(text)
    (found,) = lint_findings(tmp_path)

    assert (found["severity"], found["path"]) == ("warning", "kind")
    assert "Rollout" in found["cure"]


def test_where_nothing_is_known_nothing_is_said_to_be_sound(tmp_path: Path) -> None:
    """An empty folder, or one of other objects, is perhaps the wrong one."""
    nothing = "nothing to check: no Rollout, Experiment, Canary or template of theirs in"

    assert local("lint", str(tmp_path)) == Outcome(0, f"{nothing} 0 objects of 0 files\n", "")
    (tmp_path / "x.yaml").write_text("{apiVersion: v1, kind: Secret, metadata: {name: x}}")
    assert local("lint", str(tmp_path)) == Outcome(0, f"{nothing} 1 object of 1 file\n", "")
