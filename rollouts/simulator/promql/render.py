"""Results as Prometheus' JSON has them. Called by the engine; numbers also by count_values."""

import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from rollouts.simulator.promql.values import Moment, Vector, Window
from rollouts.simulator.series import Labels


def number(value: float) -> str:
    """A sample's value: shortest digits that read back the same, with an exponent only far from one."""
    size = abs(value)
    if math.isfinite(value) and size and not 1e-6 <= size < 1e21:
        digits, _, exponent = format(Decimal(repr(value)).normalize(), "e").partition("e")
        return f"{digits}e{int(exponent):+03d}"
    return plain_number(value)


def plain_number(value: float) -> str:
    """The same, never with an exponent."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = format(Decimal(repr(value)), "f")
    return text.removesuffix(".0")


def seconds(moment: Moment) -> int | float:
    """A moment in unix seconds, whole ones as integers."""
    return moment // 1000 if moment % 1000 == 0 else moment / 1000


def point(moment: Moment, value: float) -> list[Any]:
    """[time, value]."""
    return [seconds(moment), number(value)]


def vector_data(at: Moment, vector: Vector) -> dict[str, Any]:
    """An instant vector."""
    result = [{"metric": dict(labels), "value": point(at, value)} for labels, value in vector]
    return {"resultType": "vector", "result": result}


def matrix_data(tracks: Iterable[tuple[Labels, Iterable[tuple[Moment, float]]]]) -> dict[str, Any]:
    """A range vector, in order of the labels."""
    ordered = sorted(tracks, key=lambda track: track[0])
    result = [{"metric": dict(labels), "values": [point(*sample) for sample in samples]} for labels, samples in ordered]
    return {"resultType": "matrix", "result": result}


def window_data(windows: Iterable[Window]) -> dict[str, Any]:
    """What a range selector by itself gives."""
    return matrix_data((window.labels, zip(window.times, window.values, strict=True)) for window in windows)


def scalar_data(at: Moment, value: float) -> dict[str, Any]:
    """A number."""
    return {"resultType": "scalar", "result": point(at, value)}


def string_data(at: Moment, text: str) -> dict[str, Any]:
    """A text."""
    return {"resultType": "string", "result": [seconds(at), text]}
