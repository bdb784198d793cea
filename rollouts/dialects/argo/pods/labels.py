"""Labels, annotations and label selectors: their rules. Called by template and spec."""

from collections.abc import Iterator, Mapping
from typing import Any

from rollouts.dialects.argo.pods import names
from rollouts.dialects.argo.pods.wording import each, forbidden, invalid, required
from rollouts.model.faults import Fault

_WITH_VALUES = ("In", "NotIn")
_WITHOUT_VALUES = ("Exists", "DoesNotExist")
VALUES_MISSING = "must be specified when `operator` is 'In' or 'NotIn'"
VALUES_FORBIDDEN = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
UNKNOWN_OPERATOR = "not a valid selector operator"
MOST_ANNOTATION_BYTES = 256 * 1024


def label_faults(labels: Mapping[str, str], path: str) -> Iterator[Fault]:
    """Keys and values of labels."""
    for key, value in labels.items():
        yield from each(path, key, names.qualified(key))
        yield from each(path, value, names.label_value(value))


def annotation_faults(annotations: Mapping[str, str], path: str) -> Iterator[Fault]:
    """Keys of annotations, in any case, and their size together."""
    for key in annotations:
        yield from each(path, key, names.qualified(key.lower()))
    if sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items()) > MOST_ANNOTATION_BYTES:
        yield Fault(path, f"Too long: may not be more than {MOST_ANNOTATION_BYTES} bytes")


def selector_faults(selector: Mapping[str, Any], path: str) -> Iterator[Fault]:
    """A label selector's labels and expressions."""
    yield from label_faults(selector.get("matchLabels") or {}, f"{path}.matchLabels")
    for index, requirement in enumerate(selector.get("matchExpressions") or ()):
        yield from _requirement(requirement, f"{path}.matchExpressions[{index}]")


def _requirement(requirement: Mapping[str, Any], path: str) -> Iterator[Fault]:
    operator, values = requirement.get("operator", ""), requirement.get("values") or ()
    key = requirement.get("key", "")
    if operator in _WITH_VALUES:
        if not values:
            yield required(f"{path}.values", VALUES_MISSING)
    elif operator in _WITHOUT_VALUES:
        if values:
            yield forbidden(f"{path}.values", VALUES_FORBIDDEN)
    else:
        yield invalid(f"{path}.operator", operator, UNKNOWN_OPERATOR)
    yield from each(f"{path}.key", key, names.qualified(key))
    for index, value in enumerate(values):
        yield from each(f"{path}.values[{index}]", value, names.label_value(value))
