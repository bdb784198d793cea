"""A query's text into a node that can be asked for any moment of its span. Called by the engine.

The grammar and its types are promql-parser's; here each expression becomes a closure over its parts and its tracks, so
that a range query pays for parsing and selecting once. What we do not have is refused here, before anything runs.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import promql_parser as ast

from rollouts.simulator.promql.aggregations import Grouping, aggregation
from rollouts.simulator.promql.errors import BadDataError
from rollouts.simulator.promql.functions import FUNCTIONS
from rollouts.simulator.promql.operators import Matching, Operator, binary, negative
from rollouts.simulator.promql.selectors import Selector, Shift, Span, matchers_of, select, shift_of
from rollouts.simulator.promql.values import (
    MatrixNode,
    Moment,
    Node,
    Sample,
    ScalarNode,
    StringNode,
    VectorNode,
    Window,
    vector_of,
)
from rollouts.simulator.series import Labels, Series

DEFAULT_SUBQUERY_STEP = 60_000


def parse(text: str) -> ast.Expr:
    """The query's tree; BadDataError says where the text stops making sense."""
    try:
        return ast.parse(text)
    except ValueError as error:
        raise BadDataError(f'invalid parameter "query": parse error: {error}') from error


def compile_query(series: Series, text: str, span: Span) -> Node:
    """The node of the whole query."""
    return Compiler(series, span).node(parse(text))


@dataclass(frozen=True, slots=True)
class Compiler:
    """Compiles for these series and this span."""

    series: Series
    span: Span

    def node(self, tree: Any) -> Node:
        """The node of any expression."""
        match tree:
            case ast.NumberLiteral(val=value):
                return ScalarNode(lambda _: value)
            case ast.StringLiteral(val=text):
                return StringNode(text)
            case ast.ParenExpr(expr=inner):
                return self.node(inner)
            case ast.UnaryExpr(expr=inner):
                return negative(self.node(inner))
            case ast.Call():
                return self._call(tree)
            case ast.AggregateExpr():
                return self._aggregate(tree)
            case ast.BinaryExpr():
                return self._binary(tree)
            case _:
                return self._selection(tree)

    def _selection(self, tree: Any) -> Node:
        match tree:
            case ast.VectorSelector():
                selector = self._selector(tree)
                return VectorNode(selector.instant, selector)
            case ast.MatrixSelector():
                selector = self._selector(tree.vector_selector)
                length = _milliseconds(tree.range)
                return MatrixNode(lambda at: selector.windows(at, length), selector)
            case ast.SubqueryExpr():
                return self._subquery(tree)
            case _:
                raise BadDataError(f"expression of type {type(tree).__name__} is not supported: {tree}")

    def _selector(self, tree: ast.VectorSelector) -> Selector:
        matchers = matchers_of(tree)
        return Selector(matchers, select(self.series, matchers), shift_of(tree, self.span))

    def _call(self, tree: ast.Call) -> Node:
        builder = FUNCTIONS.get(tree.func.name)
        if builder is None:
            raise BadDataError(f"function {tree.func.name}() is not supported")
        return builder([self.node(argument) for argument in tree.args])

    def _aggregate(self, tree: ast.AggregateExpr) -> Node:
        parameter = None if tree.param is None else self.node(tree.param)
        return aggregation(str(tree.op), self.node(tree.expr), _grouping(tree.modifier), parameter)

    def _binary(self, tree: ast.BinaryExpr) -> Node:
        modifier = tree.modifier
        operator = Operator(str(tree.op), modifier is not None and modifier.return_bool)
        matching = Matching() if modifier is None else _matching(modifier)
        return binary(operator, matching, self.node(tree.lhs), self.node(tree.rhs))

    def _subquery(self, tree: ast.SubqueryExpr) -> MatrixNode:
        inner = vector_of(_as_vector(self.node(tree.expr)))
        step = _milliseconds(tree.step, DEFAULT_SUBQUERY_STEP)
        length, shift = _milliseconds(tree.range), shift_of(tree, self.span)
        return MatrixNode(lambda at: _subquery_windows(VectorNode(inner), shift, length, step, at))


def _milliseconds(duration: timedelta | None, default: int = 0) -> int:
    return default if duration is None else round(duration.total_seconds() * 1000)


def _as_vector(node: Node) -> Node:
    if isinstance(node, ScalarNode):
        return VectorNode(lambda at: [Sample((), node.at(at))])
    return node


def _subquery_windows(inner: VectorNode, shift: Shift, length: int, step: int, at: Moment) -> list[Window]:
    # Prometheus: moments are whole multiples of the step, whatever the query's own start.
    end = shift.moment(at)
    points: dict[Labels, tuple[list[int], list[float]]] = defaultdict(lambda: ([], []))
    for moment in range(-(-(end - length) // step) * step, end + 1, step):
        for labels, value in inner.at(moment):
            times, values = points[labels]
            times.append(moment)
            values.append(value)
    return [Window(labels, *track, end - length, end, at) for labels, track in points.items()]


def _grouping(modifier: ast.AggModifier | None) -> Grouping:
    if modifier is None:
        return Grouping()
    return Grouping(frozenset(modifier.labels), modifier.type == ast.AggModifierType.Without)


def _matching(modifier: ast.BinModifier) -> Matching:
    fill = modifier.fill_values
    if fill is not None and (fill.lhs is not None or fill.rhs is not None):
        raise BadDataError("fill modifiers are not supported; write `or` with a vector instead")
    many = ""
    if modifier.card == ast.VectorMatchCardinality.ManyToOne:
        many = "left"
    elif modifier.card == ast.VectorMatchCardinality.OneToMany:
        many = "right"
    labels = modifier.matching
    return Matching(
        frozenset(labels.labels if labels else ()),
        labels is not None and labels.type == ast.LabelModifierType.Include,
        many,
        tuple(modifier.group_labels or ()),
    )
