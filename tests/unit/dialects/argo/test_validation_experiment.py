"""Experiments that cannot work: which mistake is told first, and in which words."""

from typing import Any

import pytest

from rollouts.dialects.argo.validation_experiment import experiment_faults

GOOD = {"name": "a", "selector": {"matchLabels": {"app": "a"}}}


def told(*templates: Any, **spec: Any) -> list[str]:
    faults = experiment_faults({"metadata": {"name": "exp"}, "spec": {"templates": [*templates], **spec}})
    return [fault.message for fault in faults]


def test_a_good_experiment_has_no_faults() -> None:
    """Names, selectors and times that fit are taken."""
    assert told(GOOD, {**GOOD, "name": "b", "minReadySeconds": 600}) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"selector": None}, "Rollout has missing field '.Spec.Templates[0].Selector'"),
        ({"selector": {}}, "This experiment is selecting all pods at index 0. A non-empty selector is required."),
        (
            {"minReadySeconds": 601},
            "MinReadySeconds cannot be longer than ProgressDeadlineSeconds. Check template index 0",
        ),
        ({"name": ""}, "Experiment exp has empty template name at index 0"),
    ],
)
def test_each_mistake_has_argos_words(changes: dict[str, Any], message: str) -> None:
    """What clients read is what they know."""
    assert told({**GOOD, **changes}) == [message]


def test_selectors_and_times_come_before_names() -> None:
    """Of several mistakes the first is the one that Argo shows."""
    first, second = told(GOOD, {**GOOD, "minReadySeconds": 31}, progressDeadlineSeconds=30)

    assert first == "MinReadySeconds cannot be longer than ProgressDeadlineSeconds. Check template index 1"
    assert second == "Experiment exp has repeated template name 'a' in templates"
