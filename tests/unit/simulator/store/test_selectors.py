"""Label selectors as objects, and the Scale's selector as text."""

from typing import Any

import pytest

from rollouts.cluster.port import Json
from rollouts.simulator.store.builtin import BUILTIN_KINDS
from rollouts.simulator.store.scale import scale_of
from rollouts.simulator.store.selectors import matches_labels

_LABELS = {"app": "web", "tier": "1"}


def _one(key: str, operator: str, *values: str) -> Json:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (None, False),
        ({}, True),
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchLabels": {"app": "db"}}, False),
        (_one("app", "In", "web", "db"), True),
        (_one("app", "NotIn", "web"), False),
        (_one("none", "NotIn", "web"), True),
        (_one("tier", "Exists"), True),
        (_one("tier", "DoesNotExist"), False),
    ],
)
def test_label_selector_objects(selector: Any, expected: bool) -> None:
    """No selector takes nothing, an empty one everything; expressions hold like their words."""
    assert matches_labels(selector, _LABELS) is expected


def test_scale_tells_its_selector_as_text() -> None:
    """A LabelSelector becomes the label query that finds the same pods."""
    kind = next(kind for kind in BUILTIN_KINDS if kind.resource.plural == "deployments")
    expressions = [
        {"key": "tier", "operator": "In", "values": ["2", "1"]},
        {"key": "old", "operator": "DoesNotExist"},
        {"key": "new", "operator": "Exists"},
        {"key": "zone", "operator": "NotIn", "values": ["x"]},
    ]
    selector = {"matchLabels": {"b": "2", "a": "1"}, "matchExpressions": expressions}
    scale = scale_of(kind, {"metadata": {"name": "a"}, "spec": {"replicas": 2, "selector": selector}})

    assert scale["status"]["selector"] == "a=1,b=2,tier in (1,2),!old,new,zone notin (x)"
