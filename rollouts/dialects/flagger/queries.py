"""What users' own metrics ask, as Go templates filled in. Called by analysis and faults; built-in queries are data.

Functions without arguments say what a query is about: name, namespace, target, service, ingress, route, interval, and
variables, a map of the metric's own. A template that cannot be filled in is told in Go's words.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from analysis import builtin as metrics
from analysis import gotemplate
from analysis.builtin import Target
from analysis.errors import TemplateError

SUCCESS_RATE = metrics.SUCCESS_RATE
BUILTIN = metrics.NAMES
PROBE = "vector(1)"
FUNCTIONS = frozenset(("name", *Target.__slots__, "interval", "variables"))


@dataclass(frozen=True, slots=True)
class Subject:
    """What a query is about, and for how long; `name` is the Canary's."""

    about: Target
    name: str = ""
    interval: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A query, or why there is none (`fault`)."""

    query: str = ""
    fault: str = ""


def rendered(template: str, subject: Subject) -> Rendered:
    """A user's query with its functions replaced."""
    try:
        parsed = gotemplate.parse(template, FUNCTIONS)
    except TemplateError as error:
        return Rendered(fault=f"template parsing failed: {error}")
    try:
        return Rendered(parsed.render(_values(subject)))
    except TemplateError as error:
        return Rendered(fault=f"template excution failed: {error}")


def _values(subject: Subject) -> Mapping[str, Callable[[], Any]]:
    values: dict[str, Any] = {name: getattr(subject.about, name) for name in Target.__slots__}
    values |= {"name": subject.name, "interval": subject.interval, "variables": subject.variables}
    return {name: partial(_same, value) for name, value in values.items()}


def _same(value: Any) -> Any:
    return value
