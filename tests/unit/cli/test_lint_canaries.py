"""`lint` on Canaries, MetricTemplates and AlertProviders: where a mistake stands, and how it is mended."""

from pathlib import Path
from typing import Any

import pytest

from tests.builders.cli import Outcome, lint_findings, local

CANARY = """\
# the web
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: web, namespace: shop}
spec:
  provider: kubernetes
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  autoscalerRef: {apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, name: web}
  service:
    port: 80
  analysis:
    interval: 1m
    threshold: 5
    iterations: 10
    metrics:
      - name: errors
        templateRef: {name: errors, namespace: checks}
        templateVariables: {most: "5"}
        thresholdRange: {max: 1}
    webhooks:
      - name: smoke
        url: http://loadtester/
    alerts:
      - name: chat
        providerRef: {name: chat}
"""
BESIDE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
---
apiVersion: flagger.app/v1beta1
kind: MetricTemplate
metadata: {name: errors, namespace: checks}
spec:
  provider: {type: prometheus, address: "http://prometheus:9090"}
  query: errors{namespace="{{ namespace }}"} > {{ variables.most }}
---
apiVersion: flagger.app/v1beta1
kind: AlertProvider
metadata: {name: chat, namespace: shop}
spec:
  type: slack
  address: https://hooks.example.test/x
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A folder without a mistake."""
    (tmp_path / "canary.yaml").write_text(CANARY)
    (tmp_path / "beside.yaml").write_text(BESIDE)
    return tmp_path


def change(app: Path, old: str, new: str) -> None:
    """Write something else where this stands."""
    for file in ("canary.yaml", "beside.yaml"):
        text = (app / file).read_text()
        if old in text:
            (app / file).write_text(text.replace(old, new, 1))
            return
    raise AssertionError(f"{old} stands nowhere")


def test_a_sound_canary_has_no_findings(app: Path) -> None:
    """Its target, autoscaler, template and provider are all there."""
    assert local("lint", str(app)) == Outcome(0, "no mistakes in 5 objects of 2 files\n", "")


@pytest.mark.parametrize(
    ("old", "new", "rule", "line", "path"),
    [
        ("threshold: 5", "treshold: 5", "schema", 11, "spec.analysis.threshold"),
        ("provider: kubernetes", "provider: linkerd2", "schema", 6, "spec.provider"),
        ("interval: 1m", "interval: 1h", "schema", 12, "spec.analysis.interval"),
        ("    port: 80", "    portName: http", "schema", 9, "spec.service.port"),
        ("name: smoke", "type: later\n        name: smoke", "schema", 21, "spec.analysis.webhooks[0].type"),
        ("thresholdRange", "thresholdrange", "schema", 19, "spec.analysis.metrics[0].thresholdrange"),
        ("kind: Deployment, name: web", "kind: Deployment, name: wbe", "reference", 7, "spec.targetRef.name"),
        (
            "HorizontalPodAutoscaler, name: web",
            "HorizontalPodAutoscaler, name: x",
            "reference",
            8,
            "spec.autoscalerRef.name",
        ),
        (
            "templateRef: {name: errors",
            "templateRef: {name: erors",
            "reference",
            17,
            "spec.analysis.metrics[0].templateRef.name",
        ),
        (
            "providerRef: {name: chat",
            "providerRef: {name: chit",
            "reference",
            25,
            "spec.analysis.alerts[0].providerRef.name",
        ),
        ("{matchLabels: {app: web}}", "{matchLabels: {tier: web}}", "reference", 7, "spec.targetRef"),
        ("namespace }}", "namespace }", "validation", 15, "spec.query"),
        ("type: slack", "type: irc", "schema", 21, "spec.type"),
        ("  address: https://hooks.example.test/x\n", "", "schema", 20, "spec"),
    ],
)
def test_each_mistake_is_found_where_it_stands(app: Path, old: str, new: str, rule: str, line: int, path: str) -> None:
    """Line and field path, by the definition, the dialect, or the other objects."""
    change(app, old, new)
    found = lint_findings(app)

    assert (rule, line, path) in [(each["rule"], each["line"], each["path"]) for each in found]


def by_path(app: Path, path: str) -> dict[str, Any]:
    """The finding at this path."""
    return next(each for each in lint_findings(app) if each["path"] == path)


def test_names_that_were_perhaps_meant_are_told(app: Path) -> None:
    """The nearest of the same kind."""
    change(app, "templateRef: {name: errors", "templateRef: {name: erors")

    assert by_path(app, "spec.analysis.metrics[0].templateRef.name")["cure"] == 'did you mean "errors"?'


def test_a_query_that_lacks_a_variable_is_told_with_the_canary(app: Path) -> None:
    """The template is sound by itself; only this Canary does not give what it wants."""
    change(app, 'templateVariables: {most: "5"}', "templateVariables: {}")
    found = lint_findings(app)

    assert [each["file"].rpartition("/")[2] for each in found] == ["canary.yaml"]
    assert "most" in found[0]["message"]


def test_what_a_service_of_metrics_needs_is_told(app: Path) -> None:
    """Without it the template would never be asked."""
    change(app, 'type: prometheus, address: "http://prometheus:9090"', "type: datadog")

    assert by_path(app, "spec.provider.secretRef")["message"] == "is missing, and datadog needs it"


def test_two_canaries_may_not_have_one_target(app: Path) -> None:
    """Nor make the same Services."""
    (app / "other.yaml").write_text(CANARY.replace("name: web, namespace", "name: other, namespace", 1))
    messages = {each["message"] for each in lint_findings(app)}

    assert messages == {
        "Deployment web is delivered by Canary other too",
        "Deployment web is delivered by Canary web too",
    }


def test_services_that_collide_are_told(app: Path) -> None:
    """Two Canaries of different targets with one Service, and a Service that the Canary makes itself."""
    change(app, "port: 80", "name: front\n    port: 80")
    other = CANARY.replace("name: web", "name: api").replace("port: 80", "name: front\n    port: 80")
    (app / "other.yaml").write_text(other)
    (app / "more.yaml").write_text(BESIDE.partition("---")[0].replace("name: web", "name: api"))
    taken = (
        "{apiVersion: v1, kind: Service, metadata: {name: front-primary, namespace: shop}, spec: {ports: [{port: 80}]}}"
    )
    (app / "service.yaml").write_text(taken)
    messages = {each["message"] for each in lint_findings(app) if each["path"] == "spec.service.name"}

    assert messages == {
        "Canary api makes Service front, front-canary, front-primary too",
        "Canary web makes Service front, front-canary, front-primary too",
        "Service front-primary is made by this Canary, and is among the manifests",
    }


def test_the_users_own_service_is_adopted_and_no_mistake(app: Path) -> None:
    """The one that everybody calls may be there before."""
    service = "{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {ports: [{port: 80}]}}"
    (app / "service.yaml").write_text(service)

    assert lint_findings(app) == []
