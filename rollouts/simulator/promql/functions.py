"""Every function that a query may call, as one table of builders. Called by the compiler, which refuses other names.

A builder takes the compiled arguments and gives the node of the call. The parser has checked number and types.
"""

import math
from collections.abc import Callable, Sequence

from rollouts.simulator.promql import arithmetic
from rollouts.simulator.promql.calendar import PARTS
from rollouts.simulator.promql.histograms import histogram_quantile
from rollouts.simulator.promql.ranges import READINGS, Reading, predict
from rollouts.simulator.promql.relabel import label_join, label_replace
from rollouts.simulator.promql.values import (
    MatrixNode,
    Moment,
    Node,
    Sample,
    ScalarNode,
    Vector,
    VectorNode,
    Window,
    distinct,
    matrix_of,
    scalar_of,
    unnamed,
    vector_of,
)
from rollouts.simulator.series import Labels

Builder = Callable[[Sequence[Node]], Node]

NUMERIC: dict[str, Callable[[float], float]] = {
    "abs": abs,
    "acos": lambda value: arithmetic.guarded(math.acos, value),
    "acosh": lambda value: arithmetic.guarded(math.acosh, value),
    "asin": lambda value: arithmetic.guarded(math.asin, value),
    "asinh": math.asinh,
    "atan": math.atan,
    "atanh": lambda value: arithmetic.divide(value, 0) if abs(value) == 1 else arithmetic.guarded(math.atanh, value),
    "ceil": lambda value: math.copysign(math.ceil(value), value) if math.isfinite(value) else value,
    "cos": lambda value: arithmetic.guarded(math.cos, value),
    "cosh": lambda value: arithmetic.guarded(math.cosh, value),
    "deg": math.degrees,
    "exp": lambda value: arithmetic.guarded(math.exp, value),
    "floor": lambda value: math.copysign(math.floor(value), value) if math.isfinite(value) else value,
    "ln": arithmetic.logarithm(math.log),
    "log10": arithmetic.logarithm(math.log10),
    "log2": arithmetic.logarithm(math.log2),
    "rad": math.radians,
    "sgn": lambda value: math.copysign(1.0, value) if value < 0 or value > 0 else value,
    "sin": lambda value: arithmetic.guarded(math.sin, value),
    "sinh": lambda value: math.copysign(arithmetic.guarded(math.sinh, abs(value)), value),
    "sqrt": lambda value: arithmetic.guarded(math.sqrt, value),
    "tan": lambda value: arithmetic.guarded(math.tan, value),
    "tanh": math.tanh,
}
"""Functions of each sample's value."""


def mapped(function: Callable[[float], float]) -> Builder:
    """A builder that applies the function to each value and drops the name."""
    return lambda arguments: _map(arguments[0], lambda value, _: function(value))


def _map(node: Node, function: Callable[[float, Moment], float]) -> VectorNode:
    vector = vector_of(node)
    return VectorNode(
        lambda at: distinct([Sample(unnamed(labels), function(value, at)) for labels, value in vector(at)])
    )


def over_windows(reading: Reading, *, keeps_name: bool = False) -> Builder:
    """A builder that reads each window of a range vector."""
    return lambda arguments: _read(arguments[0], lambda window, _: reading(window), keeps_name=keeps_name)


def _read(node: Node, reading: Callable[[Window, Moment], float | None], *, keeps_name: bool = False) -> VectorNode:
    windows = matrix_of(node)

    def at(moment: Moment) -> Vector:
        values = [(window.labels, reading(window, moment)) for window in windows(moment)]
        named = [Sample(labels, value) for labels, value in values if value is not None]
        return named if keeps_name else distinct([Sample(unnamed(labels), value) for labels, value in named])

    return VectorNode(at)


def _quantile_over_time(arguments: Sequence[Node]) -> Node:
    share = scalar_of(arguments[0])
    return _read(arguments[1], lambda window, at: arithmetic.quantile(share(at), window.values))


def _predict_linear(arguments: Sequence[Node]) -> Node:
    seconds = scalar_of(arguments[1])
    return _read(arguments[0], lambda window, at: predict(window, seconds(at)))


def _histogram_quantile(arguments: Sequence[Node]) -> Node:
    share, vector = scalar_of(arguments[0]), vector_of(arguments[1])
    return VectorNode(lambda at: histogram_quantile(share(at), vector(at)))


def _round(arguments: Sequence[Node]) -> Node:
    if len(arguments) == 1:
        return _map(arguments[0], lambda value, _: _round_to(value, 1.0))
    unit = scalar_of(arguments[1])
    return _map(arguments[0], lambda value, at: _round_to(value, unit(at)))


def _round_to(value: float, unit: float) -> float:
    # Prometheus: by the inverse, since 0.1 has none that is exact; halves go up.
    inverse = arithmetic.divide(1.0, unit)
    scaled = value * inverse + 0.5
    return arithmetic.divide(math.floor(scaled) if math.isfinite(scaled) else scaled, inverse)


def _clamp(arguments: Sequence[Node]) -> Node:
    vector, low, high = vector_of(arguments[0]), scalar_of(arguments[1]), scalar_of(arguments[2])

    def at(moment: Moment) -> Vector:
        least, most = low(moment), high(moment)
        if most < least:
            return []
        return distinct([Sample(unnamed(labels), _within(value, least, most)) for labels, value in vector(moment)])

    return VectorNode(at)


def _clamp_min(arguments: Sequence[Node]) -> Node:
    low = scalar_of(arguments[1])
    return _map(arguments[0], lambda value, at: _within(value, low(at), math.inf))


def _clamp_max(arguments: Sequence[Node]) -> Node:
    high = scalar_of(arguments[1])
    return _map(arguments[0], lambda value, at: _within(value, -math.inf, high(at)))


def _within(value: float, least: float, most: float) -> float:
    if math.isnan(value) or math.isnan(least) or math.isnan(most):
        return math.nan
    return max(least, min(most, value))


def _date_part(part: Callable[[float], float]) -> Builder:
    def build(arguments: Sequence[Node]) -> Node:
        if not arguments:
            return VectorNode(lambda at: [Sample((), part(at / 1000))])
        return mapped(part)(arguments)

    return build


def _timestamp(arguments: Sequence[Node]) -> Node:
    node = arguments[0]
    if isinstance(node, VectorNode) and node.selection is not None:
        stamps = node.selection.stamps
        return VectorNode(lambda at: distinct([Sample(unnamed(labels), value) for labels, value in stamps(at)]))
    return _map(node, lambda _, at: at / 1000)


def _absent(arguments: Sequence[Node]) -> Node:
    node = arguments[0]
    source: Callable[[Moment], Sequence[object]] = matrix_of(node) if isinstance(node, MatrixNode) else vector_of(node)
    labels = _fixed_labels(node)
    return VectorNode(lambda at: [] if source(at) else [Sample(labels, 1.0)])


def _fixed_labels(node: Node) -> Labels:
    selection = node.selection if isinstance(node, VectorNode | MatrixNode) else None
    return () if selection is None else selection.fixed_labels()


def _scalar(arguments: Sequence[Node]) -> Node:
    vector = vector_of(arguments[0])

    def at(moment: Moment) -> float:
        samples = vector(moment)
        return samples[0].value if len(samples) == 1 else math.nan

    return ScalarNode(at)


def _vector(arguments: Sequence[Node]) -> Node:
    value = scalar_of(arguments[0])
    return VectorNode(lambda at: [Sample((), value(at))])


def _sorted(direction: int) -> Builder:
    def build(arguments: Sequence[Node]) -> Node:
        vector = vector_of(arguments[0])
        return VectorNode(lambda at: sorted(vector(at), key=lambda sample: _rank(sample.value * direction)))

    return build


def _rank(value: float) -> tuple[bool, float]:
    return (math.isnan(value), value)


FUNCTIONS: dict[str, Builder] = {
    **{name: mapped(function) for name, function in NUMERIC.items()},
    **{name: _date_part(part) for name, part in PARTS.items()},
    **{name: over_windows(reading, keeps_name=name == "last_over_time") for name, reading in READINGS.items()},
    "absent": _absent,
    "absent_over_time": _absent,
    "clamp": _clamp,
    "clamp_max": _clamp_max,
    "clamp_min": _clamp_min,
    "histogram_quantile": _histogram_quantile,
    "label_join": label_join,
    "label_replace": label_replace,
    "pi": lambda _: ScalarNode(lambda _: math.pi),
    "predict_linear": _predict_linear,
    "quantile_over_time": _quantile_over_time,
    "round": _round,
    "scalar": _scalar,
    "sort": _sorted(1),
    "sort_desc": _sorted(-1),
    "time": lambda _: ScalarNode(lambda at: at / 1000),
    "timestamp": _timestamp,
    "vector": _vector,
}
"""Name of the function to its builder."""
