"""Aggregations: one sample a group, or (topk, bottomk) a few samples of each. Called by the compiler."""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rollouts.simulator.promql import arithmetic
from rollouts.simulator.promql.errors import BadDataError, ExecutionError
from rollouts.simulator.promql.render import plain_number
from rollouts.simulator.promql.values import (
    Node,
    Sample,
    Vector,
    VectorNode,
    distinct,
    only,
    scalar_of,
    text_of,
    vector_of,
    with_label,
    without,
)
from rollouts.simulator.series import NAME, Labels


def _spread(values: Sequence[float]) -> float:
    # Prometheus 2: a sample alone has none, not even an infinite one.
    return arithmetic.variance(values) if len(values) > 1 else 0.0


SUMMARIES: dict[str, Callable[[Sequence[float]], float]] = {
    "avg": arithmetic.mean,
    "count": lambda values: float(len(values)),
    "group": lambda _: 1.0,
    "max": arithmetic.highest,
    "min": arithmetic.lowest,
    "stddev": lambda values: arithmetic.guarded(math.sqrt, _spread(values)),
    "stdvar": _spread,
    "sum": arithmetic.total,
}
"""Aggregations of the group's values and nothing else."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """`by (names)`, or `without (names)`."""

    names: frozenset[str] = frozenset()
    is_without: bool = False

    def key(self, labels: Labels) -> Labels:
        """The labels that a sample's group bears."""
        return without(labels, self.names | {NAME}) if self.is_without else only(labels, self.names)

    def groups(self, vector: Vector) -> dict[Labels, Vector]:
        """The samples by group, in order of their first."""
        found: dict[Labels, Vector] = defaultdict(list)
        for sample in vector:
            found[self.key(sample.labels)].append(sample)
        return found


def aggregation(operator: str, source: Node, grouping: Grouping, parameter: Node | None) -> VectorNode:
    """The node of an aggregation; BadDataError names an operator that we do not have."""
    vector = vector_of(source)
    if summary := SUMMARIES.get(operator):
        return VectorNode(lambda at: _summed_up(vector(at), grouping, summary))
    if parameter is None:
        raise BadDataError(f"aggregation {operator}() is not supported")
    return _with_parameter(operator, vector, grouping, parameter)


def _with_parameter(operator: str, vector: Callable[[int], Vector], grouping: Grouping, parameter: Node) -> VectorNode:
    match operator:
        case "quantile":
            share = scalar_of(parameter)
            return VectorNode(
                lambda at: _summed_up(vector(at), grouping, lambda values: arithmetic.quantile(share(at), values))
            )
        case "topk" | "bottomk":
            count, sign = scalar_of(parameter), (-1 if operator == "topk" else 1)
            return VectorNode(lambda at: _extremes(vector(at), grouping, count(at), sign))
        case "count_values":
            label = text_of(parameter)
            return VectorNode(lambda at: _count_values(vector(at), grouping, label))
        case _:
            raise BadDataError(f"aggregation {operator}() is not supported")


def _summed_up(vector: Vector, grouping: Grouping, summary: Callable[[Sequence[float]], float]) -> Vector:
    groups = grouping.groups(vector)
    return [Sample(labels, summary([sample.value for sample in group])) for labels, group in groups.items()]


def _extremes(vector: Vector, grouping: Grouping, count: float, sign: int) -> Vector:
    if math.isnan(count) or abs(count) > arithmetic.MAX_INTEGER:
        raise ExecutionError(f"Scalar value {count} overflows int64")
    wanted = max(0, int(count))

    def rank(sample: Sample) -> tuple[bool, float]:
        return (math.isnan(sample.value), sign * sample.value)

    return [sample for group in grouping.groups(vector).values() for sample in sorted(group, key=rank)[:wanted]]


def _count_values(vector: Vector, grouping: Grouping, label: str) -> Vector:
    # Prometheus: the label may overwrite one of the grouping's.
    counts: dict[Labels, float] = defaultdict(float)
    for labels, value in vector:
        counts[with_label(grouping.key(labels), label, plain_number(value))] += 1
    return distinct([Sample(labels, count) for labels, count in counts.items()])
