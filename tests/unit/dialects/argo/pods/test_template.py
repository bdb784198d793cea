"""Kubernetes' rules for pod templates, against the answers of Kubernetes' own code (tools/podrules wrote them)."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from rollouts.dialects.argo.pods.template import template_faults
from rollouts.hashing import typed
from tests.golden.validation import is_left_out

ANSWERS = [
    json.loads(line)
    for line in gzip.decompress((Path(__file__).parent / "answers.jsonl.gz").read_bytes()).decode().splitlines()
]


def errors_of(template: Any) -> list[str]:
    """What we find wrong with a template under a selector that selects everything."""
    return [str(fault) for fault in template_faults(typed("PodTemplateSpec", template), {}, "spec.template")]


@pytest.mark.parametrize("answer", ANSWERS, ids=range(len(ANSWERS)))
def test_a_template_gets_kubernetes_own_answer(answer: dict[str, Any]) -> None:
    """Each template gets the texts that Kubernetes gives it, in order; some are left to the API server."""
    expected = [text for text in answer["errors"] if not is_left_out(text)]
    actual = errors_of(answer["template"])

    assert actual == expected


def test_a_selector_that_selects_nothing_comes_first() -> None:
    """No selector selects no pod, and the labels are shown as Go shows none."""
    template = {"spec": {"containers": [{"name": "app", "image": "web"}]}}

    assert [str(fault) for fault in template_faults(template, None, "spec.template")] == [
        "spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`"
    ]
