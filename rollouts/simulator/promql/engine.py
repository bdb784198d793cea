"""Queries over the embedded cluster's series: in process for virtual time, behind promql/api.py for everybody else.

The answer is the `data` object of Prometheus' HTTP API, ready for JSON; a query without an answer raises QueryError.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from rollouts.simulator.promql import render
from rollouts.simulator.promql.compiler import compile_query
from rollouts.simulator.promql.errors import BadDataError
from rollouts.simulator.promql.selectors import Span
from rollouts.simulator.promql.values import MatrixNode, Moment, Node, ScalarNode, StringNode, VectorNode
from rollouts.simulator.series import Labels, Series

MOST_POINTS = 11_000


def query(series: Series, text: str, at: float) -> dict[str, Any]:
    """The value of the query at a moment (unix seconds)."""
    moment = round(at * 1000)
    node = compile_query(series, text, Span(moment, moment))
    match node:
        case ScalarNode():
            return render.scalar_data(moment, node.at(moment))
        case VectorNode():
            return render.vector_data(moment, node.at(moment))
        case MatrixNode():
            return render.window_data(node.at(moment))
        case StringNode():
            return render.string_data(moment, node.text)


def query_range(series: Series, text: str, start: float, end: float, step: float) -> dict[str, Any]:
    """The query at every step from start to end (unix seconds, both included), as a matrix."""
    span, stride = Span(round(start * 1000), round(end * 1000)), round(step * 1000)
    _check_range(span, stride)
    node = compile_query(series, text, span)
    return render.matrix_data(_tracks(node, range(span.start, span.end + 1, stride)).items())


def _check_range(span: Span, stride: int) -> None:
    if span.end < span.start:
        raise BadDataError('invalid parameter "end": end timestamp must not be before start time')
    if stride <= 0:
        raise BadDataError(
            'invalid parameter "step": zero or negative query resolution step widths are not accepted. '
            "Try a positive integer"
        )
    if (span.end - span.start) // stride > MOST_POINTS:
        raise BadDataError(
            "exceeded maximum resolution of 11,000 points per timeseries. "
            "Try decreasing the query resolution (?step=XX)"
        )


def _tracks(node: Node, moments: Iterable[Moment]) -> dict[Labels, list[tuple[Moment, float]]]:
    found: dict[Labels, list[tuple[Moment, float]]] = defaultdict(list)
    match node:
        case ScalarNode():
            found[()] = [(moment, node.at(moment)) for moment in moments]
        case VectorNode():
            for moment in moments:
                for labels, value in node.at(moment):
                    found[labels].append((moment, value))
        case MatrixNode():
            raise _not_for_ranges("range vector")
        case StringNode():
            raise _not_for_ranges("string")
    return found


def _not_for_ranges(kind: str) -> BadDataError:
    return BadDataError(
        f'invalid parameter "query": invalid expression type "{kind}" for range query, must be Scalar or instant Vector'
    )
