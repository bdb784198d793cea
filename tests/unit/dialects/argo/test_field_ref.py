"""Fields of a Rollout as arguments of its analyses."""

from typing import Any

import pytest

from analysis.errors import ArgumentError
from rollouts.dialects.argo.field_ref import value_at

ROLLOUT: dict[str, Any] = {
    "kind": "Rollout",
    "metadata": {
        "name": "web",
        "namespace": "shop",
        "labels": {"app": "web", "a.b/c": "d"},
        "annotations": {"note": "x\ny"},
        "generation": 3,
    },
    "spec": {
        "replicas": 0,
        "paused": False,
        "template": {"spec": {"containers": [{"name": "c", "ports": [{"containerPort": 8080}]}]}},
    },
    "status": {"currentStepIndex": 1, "pauseConditions": [{"reason": "CanaryPauseStep"}], "abort": True, "share": 0.5},
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.name", "web"),
        ("metadata.labels['app']", "web"),
        ("metadata.labels['none']", ""),
        ("metadata.annotations['note']", "x\ny"),
        ("metadata.labels", 'a.b/c="d"\napp="web"'),
        ("metadata.uid", ""),
        ("kind", "Rollout"),
        ("spec.replicas", "0"),
        ("spec..replicas", "0"),
        ("spec.template.spec.containers[0].ports[0].containerPort", "8080"),
        ("status.pauseConditions[0].reason", "CanaryPauseStep"),
        ("status.abort", "true"),
        ("status.share", "0.5"),
    ],
)
def test_a_path_leads_to_a_value(path: str, value: str) -> None:
    """Labels and annotations by the downward API's rules, everything else by dots and indexes."""
    assert value == value_at(ROLLOUT, path)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("metadata.generation", "unsupported fieldPath: metadata.generation"),
        ("spec.paused", "invalid path spec.paused in rollout"),
        ("spec.replicas.x", "invalid path spec.replicas.x in rollout"),
        ("spec.template[0]", r"invalid path spec.template\[0\] in rollout"),
        ("spec.a[b]", "invalid path"),
        ("status.none", "invalid path status.none in rollout"),
        ("status.pauseConditions[2].reason", "index 2 out of range"),
        ("status.pauseConditions[0]", r"path status.pauseConditions\[0\] in rollout must terminate in a primitive"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused(path: str, message: str) -> None:
    """In Argo's words; what Go leaves out of its JSON is not there."""
    with pytest.raises(ArgumentError, match=message):
        value_at(ROLLOUT, path)
