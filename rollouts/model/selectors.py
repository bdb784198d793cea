"""Kubernetes label selectors: whether one selects. Called wherever objects are found by their labels."""

from collections.abc import Mapping
from typing import Any


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether all of a selector's requirements hold for these labels; what has the wrong type requires nothing."""
    wanted, requirements = selector.get("matchLabels"), selector.get("matchExpressions")
    has_labels = all(labels.get(key) == value for key, value in (wanted if isinstance(wanted, dict) else {}).items())
    listed = requirements if isinstance(requirements, list) else []
    return has_labels and all(_holds(each, labels) for each in listed if isinstance(each, dict))


def _holds(requirement: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = requirement.get("key"), requirement.get("values")
    key, values = key if isinstance(key, str) else "", values if isinstance(values, list) else []
    match requirement.get("operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:
            return True
