"""The words of health. Given by every function of this package; read by the sync loop and the CLI's tree."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Object = Mapping[str, Any]


class State(StrEnum):
    """How an object fares. SUSPENDED: it stands still because somebody wants it to."""

    HEALTHY = "Healthy"
    SUSPENDED = "Suspended"
    PROGRESSING = "Progressing"
    MISSING = "Missing"
    DEGRADED = "Degraded"


@dataclass(frozen=True, slots=True)
class Health:
    """A verdict on one object, and what it rests on (empty when all is well)."""

    state: State
    message: str = ""

    @property
    def is_done(self) -> bool:
        """Nothing more will come by itself: a rollout that waits for a human must not hold up a sync."""
        return self.state in (State.HEALTHY, State.SUSPENDED)


HEALTHY = Health(State.HEALTHY)


def progressing(message: str) -> Health:
    """On its way."""
    return Health(State.PROGRESSING, message)


def degraded(message: str) -> Health:
    """Failed, or failing."""
    return Health(State.DEGRADED, message)


def spec_of(obj: Object) -> Mapping[str, Any]:
    """The spec, empty where there is none."""
    return _section(obj, "spec")


def status_of(obj: Object) -> Mapping[str, Any]:
    """The status, empty where there is none."""
    return _section(obj, "status")


def condition(obj: Object, type_: str) -> Mapping[str, Any]:
    """The condition of this type, empty where there is none."""
    found = status_of(obj).get("conditions")
    every = found if isinstance(found, list) else []
    return next((c for c in every if isinstance(c, Mapping) and c.get("type") == type_), {})


def holds(obj: Object, type_: str, status: str = "True") -> bool:
    """Whether the condition of this type has this status."""
    return condition(obj, type_).get("status") == status


def said(obj: Object, type_: str) -> str:
    """The message of the condition, or its reason where it has no message."""
    found = condition(obj, type_)
    return str(found.get("message") or found.get("reason") or type_)


def count(section: Mapping[str, Any], field: str, default: int = 0) -> int:
    """A number of the section; what is absent or no number counts as the default."""
    value = section.get(field)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def is_unobserved(obj: Object) -> bool:
    """The controller has not seen the newest spec yet. Argo writes the generation as a string: both forms count."""
    observed = status_of(obj).get("observedGeneration")
    generation = obj.get("metadata", {}).get("generation")
    return observed is not None and generation is not None and str(observed) != str(generation)


def _section(obj: Object, name: str) -> Mapping[str, Any]:
    value = obj.get(name)
    return value if isinstance(value, Mapping) else {}
