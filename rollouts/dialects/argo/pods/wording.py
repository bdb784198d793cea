"""How Kubernetes words a fault: what kind it is, the value in question, the detail. Called by every rule here."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from rollouts.model.faults import Fault

_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def shown(value: Any) -> str:
    """A value as it stands in a message: text in quotes, numbers plain, objects as compact JSON in Go's order."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).translate(_ESCAPES)


def invalid(path: str, value: Any, detail: str, cure: str = "") -> Fault:
    """The value cannot be used."""
    return Fault(path, f"Invalid value: {shown(value)}: {detail}", cure)


def required(path: str, detail: str = "", cure: str = "") -> Fault:
    """The field is missing or empty."""
    return Fault(path, f"Required value: {detail}" if detail else "Required value", cure)


def duplicate(path: str, value: str) -> Fault:
    """Another one has this value."""
    return Fault(path, f"Duplicate value: {shown(value)}")


def missing(path: str, value: str, detail: str = "") -> Fault:
    """It names something that is not there."""
    return Fault(path, f"Not found: {shown(value)}" + (f": {detail}" if detail else ""))


def forbidden(path: str, detail: str) -> Fault:
    """The field may not be set here."""
    return Fault(path, f"Forbidden: {detail}")


def unsupported(path: str, value: Any, choices: Iterable[str]) -> Fault:
    """The value is none of the known ones, which are named in the order given."""
    return Fault(path, f"Unsupported value: {shown(value)}: supported values: {', '.join(map(shown, choices))}")


def each(path: str, value: Any, details: Iterable[str]) -> Iterator[Fault]:
    """One invalid value for each of its details."""
    return (invalid(path, value, detail) for detail in details)


def negative(path: str, value: int) -> Iterator[Fault]:
    """A number below zero."""
    if value < 0:
        yield invalid(path, value, "must be greater than or equal to 0")
