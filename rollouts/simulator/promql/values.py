"""The values that flow between the nodes of a compiled query, and the nodes themselves.

PromQL is statically typed, so a query compiles into four kinds of node; each gives its value for one moment (unix
milliseconds). Times are whole milliseconds throughout, as in Prometheus: windows then end where it ends them.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from rollouts.simulator.promql.errors import BadDataError, ExecutionError
from rollouts.simulator.series import NAME, Labels

Moment = int
"""Unix milliseconds."""


class Sample(NamedTuple):
    """One element of an instant vector."""

    labels: Labels
    value: float


Vector = list[Sample]


class Window(NamedTuple):
    """What a range selector saw of one series: one sample or more in [start, end]; `at` is the moment asked for."""

    labels: Labels
    times: Sequence[int]
    values: Sequence[float]
    start: Moment
    end: Moment
    at: Moment


class Selection(Protocol):
    """What `timestamp` and `absent` want to know of a bare selector."""

    def stamps(self, at: Moment) -> Vector:
        """Like the instant vector, with each sample's own time in seconds for its value."""
        ...

    def fixed_labels(self) -> Labels:
        """The labels that the selector asks for by equality."""
        ...


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A number for each moment."""

    at: Callable[[Moment], float]


@dataclass(frozen=True, slots=True)
class VectorNode:
    """An instant vector for each moment; `selection` if it is a bare selector."""

    at: Callable[[Moment], Vector]
    selection: Selection | None = None


@dataclass(frozen=True, slots=True)
class MatrixNode:
    """A window a series for each moment; `selection` unless it is a subquery."""

    at: Callable[[Moment], list[Window]]
    selection: Selection | None = None


@dataclass(frozen=True, slots=True)
class StringNode:
    """A constant text."""

    text: str


Node = ScalarNode | VectorNode | MatrixNode | StringNode


def scalar_of(node: Node) -> Callable[[Moment], float]:
    """The node's function if it is a scalar."""
    if not isinstance(node, ScalarNode):
        raise BadDataError("expected a scalar here")
    return node.at


def vector_of(node: Node) -> Callable[[Moment], Vector]:
    """The node's function if it is an instant vector."""
    if not isinstance(node, VectorNode):
        raise BadDataError("expected an instant vector here")
    return node.at


def matrix_of(node: Node) -> Callable[[Moment], list[Window]]:
    """The node's function if it is a range vector."""
    if not isinstance(node, MatrixNode):
        raise BadDataError("expected a range vector here")
    return node.at


def text_of(node: Node) -> str:
    """The node's text if it is a string."""
    if not isinstance(node, StringNode):
        raise BadDataError("expected a string literal here")
    return node.text


def without(labels: Labels, names: Collection[str]) -> Labels:
    """The label set less these."""
    return tuple(pair for pair in labels if pair[0] not in names)


def only(labels: Labels, names: Collection[str]) -> Labels:
    """Of the label set, just these."""
    return tuple(pair for pair in labels if pair[0] in names)


def unnamed(labels: Labels) -> Labels:
    """The label set less the metric's name."""
    return without(labels, (NAME,))


def with_label(labels: Labels, name: str, value: str) -> Labels:
    """The label set with this label set, or removed where the value is empty."""
    rest = without(labels, (name,))
    return tuple(sorted((*rest, (name, value)))) if value else rest


def distinct(vector: Vector) -> Vector:
    """The vector itself, if no two samples share a label set."""
    if len({sample.labels for sample in vector}) < len(vector):
        raise ExecutionError("vector cannot contain metrics with the same labelset")
    return vector


def show_labels(labels: Labels) -> str:
    """A label set as Prometheus prints it: `name{a="b"}`."""
    named = dict(labels)
    name = named.pop(NAME, "")
    inner = ", ".join(f'{key}="{value}"' for key, value in named.items())
    return f"{name}{{{inner}}}" if inner or not name else name
