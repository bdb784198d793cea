"""`lint` of metrics: what only a measurement would show, found by trying them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.builders.cli import lint_findings

METRIC = {
    "name": "m",
    "interval": "1m",
    "count": 3,
    "successCondition": "result[0] <= {{args.limit}}",
    "provider": {"prometheus": {"query": "up{app='{{args.app}}'}"}},
}
ARGS: list[dict[str, Any]] = [{"name": "app"}, {"name": "limit"}]


def findings(folder: Path, args: list[dict[str, Any]] | None = None, **changes: Any) -> list[dict[str, Any]]:
    """What is found in a template with this metric."""
    spec = {"args": ARGS if args is None else args, "metrics": [{**METRIC, **changes}]}
    template = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AnalysisTemplate",
        "metadata": {"name": "t"},
        "spec": spec,
    }
    (folder / "template.yaml").write_text(json.dumps(template))
    return lint_findings(folder)


def test_arguments_without_a_value_are_no_mistake(tmp_path: Path) -> None:
    """Whoever uses the template gives them: a number, an address, a duration, a word."""
    web = {"web": {"url": "{{args.app}}", "headers": [{"key": "{{args.app}}", "value": "x"}]}}

    assert findings(tmp_path) == []
    assert findings(tmp_path, provider=web) == []


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        (
            {"provider": {"web": {"url": "ftp://x"}}},
            "spec.metrics[0].provider.web",
            "provider.web.url 'ftp://x' is no URL: it must start with http:// or https://",
        ),
        (
            {"provider": {"prometheus": {"query": "up", "address": "prometheus:9090"}}},
            "spec.metrics[0].provider.prometheus",
            "provider.prometheus.address 'prometheus:9090' is no URL: it must start with http:// or https://",
        ),
        (
            {"successCondition": "result[0] <= {{args.limit}})"},
            "spec.metrics[0].successCondition",
            'unexpected token Bracket(")")',
        ),
        (
            {"failureCondition": "reslut > {{args.limit}}"},
            "spec.metrics[0].failureCondition",
            "unknown name reslut",
        ),
    ],
)
def test_what_a_measurement_would_show_is_found(
    tmp_path: Path, changes: dict[str, Any], path: str, message: str
) -> None:
    """At its field, in the words that the measurement would have."""
    (finding,) = findings(tmp_path, **changes)

    assert (finding["path"], finding["severity"]) == (path, "error")
    assert finding["message"].endswith(message)


def test_an_argument_that_nobody_declares_is_a_warning(tmp_path: Path) -> None:
    """Another template of the same analysis may declare it."""
    (finding,) = findings(tmp_path, args=ARGS[1:])

    assert (finding["severity"], finding["message"]) == ("warning", "failed to resolve {{args.app}}")
    assert finding["cure"] == "declare the argument under spec.args"


def test_a_value_of_its_own_is_the_one_that_is_tried(tmp_path: Path) -> None:
    """A default that breaks the condition is found before it is used."""
    (finding,) = findings(tmp_path, args=[ARGS[0], {"name": "limit", "value": "5 %"}])

    assert (finding["path"], finding["severity"]) == ("spec.metrics[0].successCondition", "error")
