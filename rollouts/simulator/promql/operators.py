"""Binary operators on scalars and vectors, with all ways of matching. Called by the compiler.

Arithmetic and bool comparisons drop the metric's name, filters keep the left side's sample.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from rollouts.simulator.promql import arithmetic
from rollouts.simulator.promql.errors import ExecutionError
from rollouts.simulator.promql.values import (
    Moment,
    Node,
    Sample,
    ScalarNode,
    Vector,
    VectorNode,
    distinct,
    only,
    scalar_of,
    show_labels,
    unnamed,
    vector_of,
    with_label,
    without,
)
from rollouts.simulator.series import NAME, Labels

ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": arithmetic.divide,
    "%": arithmetic.modulo,
    "^": arithmetic.power,
    "atan2": math.atan2,
}
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    ">": lambda left, right: left > right,
    "<": lambda left, right: left < right,
    ">=": lambda left, right: left >= right,
    "<=": lambda left, right: left <= right,
}


@dataclass(frozen=True, slots=True)
class Operator:
    """`symbol`, and whether `bool` turns its comparison into 0 and 1."""

    symbol: str
    gives_bool: bool = False

    def apply(self, left: float, right: float) -> float | None:
        """The result; of a comparison the left value, None where it does not hold."""
        if function := ARITHMETIC.get(self.symbol):
            return function(left, right)
        holds = COMPARISONS[self.symbol](left, right)
        if self.gives_bool:
            return float(holds)
        return left if holds else None

    @property
    def is_comparison(self) -> bool:
        """One of == != > < >= <=."""
        return self.symbol in COMPARISONS

    @property
    def drops_name(self) -> bool:
        """Is the result another thing than the metric was?"""
        return self.gives_bool or not self.is_comparison


@dataclass(frozen=True, slots=True)
class Matching:
    """Which samples meet: `on` these labels, or ignoring them; `many` is the side (left, right, "") of group_…."""

    labels: frozenset[str] = frozenset()
    is_on: bool = False
    many: str = ""
    included: tuple[str, ...] = ()

    def key(self, labels: Labels) -> Labels:
        """What two samples must share to meet."""
        return only(labels, self.labels) if self.is_on else without(labels, self.labels | {NAME})


def binary(operator: Operator, matching: Matching, left: Node, right: Node) -> Node:
    """The node of an operator between two nodes."""
    match left, right:
        case ScalarNode(), ScalarNode():
            return _between_scalars(operator, left.at, right.at)
        case VectorNode(), ScalarNode():
            return _with_scalar(operator, left.at, right.at, is_scalar_left=False)
        case ScalarNode(), VectorNode():
            return _with_scalar(operator, right.at, left.at, is_scalar_left=True)
        case _:
            return _between_vectors(operator, matching, vector_of(left), vector_of(right))


def negative(node: Node) -> Node:
    """The node of a unary minus."""
    if isinstance(node, VectorNode):
        return VectorNode(lambda at: distinct([Sample(unnamed(labels), -value) for labels, value in node.at(at)]))
    value = scalar_of(node)
    return ScalarNode(lambda at: -value(at))


def _between_scalars(
    operator: Operator, left: Callable[[Moment], float], right: Callable[[Moment], float]
) -> ScalarNode:
    def at(moment: Moment) -> float:
        value = operator.apply(left(moment), right(moment))
        return math.nan if value is None else value

    return ScalarNode(at)


def _with_scalar(
    operator: Operator,
    vector: Callable[[Moment], Vector],
    scalar: Callable[[Moment], float],
    *,
    is_scalar_left: bool,
) -> VectorNode:
    def at(moment: Moment) -> Vector:
        number = scalar(moment)
        results = [(sample, _beside(operator, sample.value, number, is_scalar_left)) for sample in vector(moment)]
        kept = [Sample(sample.labels, value) for sample, value in results if value is not None]
        return distinct([Sample(unnamed(labels), value) for labels, value in kept]) if operator.drops_name else kept

    return VectorNode(at)


def _beside(operator: Operator, value: float, number: float, is_scalar_left: bool) -> float | None:
    if not is_scalar_left:
        return operator.apply(value, number)
    result = operator.apply(number, value)
    is_filter = operator.is_comparison and not operator.gives_bool
    return value if is_filter and result is not None else result


def _between_vectors(
    operator: Operator, matching: Matching, left: Callable[[Moment], Vector], right: Callable[[Moment], Vector]
) -> VectorNode:
    if combine := SETS.get(operator.symbol):
        return VectorNode(lambda at: combine(left(at), right(at), matching))
    if matching.many == "right":
        return VectorNode(lambda at: _joined(operator, matching, right(at), left(at)))
    return VectorNode(lambda at: _joined(operator, matching, left(at), right(at)))


def _joined(operator: Operator, matching: Matching, many: Vector, ones: Vector) -> Vector:
    if not many or not ones:
        return []
    partners = _by_key(matching, ones)
    results: Vector = []
    used: set[tuple[Labels, Labels]] = set()
    for sample in many:
        key = matching.key(sample.labels)
        if (partner := partners.get(key)) is None:
            continue
        pair = (partner.value, sample.value) if matching.many == "right" else (sample.value, partner.value)
        value = operator.apply(*pair)
        if value is None:
            continue
        labels = _result_labels(operator, matching, sample.labels, partner.labels)
        _note_use(used, matching, key, labels)
        results.append(Sample(labels, value))
    return results


def _by_key(matching: Matching, ones: Vector) -> dict[Labels, Sample]:
    found: dict[Labels, Sample] = {}
    for sample in ones:
        key = matching.key(sample.labels)
        if key in found:
            side = "left" if matching.many == "right" else "right"
            both = f"[{show_labels(sample.labels)}, {show_labels(found[key].labels)}]"
            raise ExecutionError(
                f"found duplicate series for the match group {show_labels(key)} on the {side} hand-side of the "
                f"operation: {both};many-to-many matching not allowed: matching labels must be unique on one side"
            )
        found[key] = sample
    return found


def _note_use(used: set[tuple[Labels, Labels]], matching: Matching, key: Labels, labels: Labels) -> None:
    mark = (key, labels) if matching.many else (key, ())
    if mark in used:
        raise ExecutionError(
            "multiple matches for labels: grouping labels must ensure unique matches"
            if matching.many
            else "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
        )
    used.add(mark)


def _result_labels(operator: Operator, matching: Matching, many: Labels, one: Labels) -> Labels:
    labels = unnamed(many) if operator.drops_name else many
    if not matching.many:
        labels = only(labels, matching.labels) if matching.is_on else without(labels, matching.labels)
    values = dict(one)
    for name in matching.included:
        labels = with_label(labels, name, values.get(name, ""))
    return labels


def _and(left: Vector, right: Vector, matching: Matching) -> Vector:
    keys = {matching.key(sample.labels) for sample in right}
    return [sample for sample in left if matching.key(sample.labels) in keys]


def _unless(left: Vector, right: Vector, matching: Matching) -> Vector:
    keys = {matching.key(sample.labels) for sample in right}
    return [sample for sample in left if matching.key(sample.labels) not in keys]


def _or(left: Vector, right: Vector, matching: Matching) -> Vector:
    return left + _unless(right, left, matching)


SETS: dict[str, Callable[[Vector, Vector, Matching], Vector]] = {"and": _and, "or": _or, "unless": _unless}
