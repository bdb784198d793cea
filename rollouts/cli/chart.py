"""A small chart in characters: measurements over time, thresholds drawn through. Called by `analysis`; pure.

A column a measurement while there is room, else several share one. The scale holds every value and every threshold, so
that one sees how far off they are.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

from rollouts.cli.style import Style

HEIGHT = 8
LEAST = 20
"""Columns of a chart with few measurements."""
_SIGNS = {"Successful": ("●", "good"), "Failed": ("✖", "bad"), "Error": ("⚠", "warn"), "Inconclusive": ("?", "warn")}
_OTHER = ("○", "accent")
_LONG = re.compile(r"(?<![\w.])-?\d+\.\d{7,}(?:[eE][-+]?\d+)?(?![\w.])")
_SPACING = 4
"""Columns from one measurement to the next, at most."""


@dataclass(frozen=True, slots=True)
class Point:
    """A measurement: its value (None where there was none) and its phase."""

    value: float | None
    phase: str


@dataclass(frozen=True, slots=True)
class Threshold:
    """A value that a condition compares with. `operator` as it reads with the result on the left."""

    operator: str
    value: float


@dataclass(frozen=True, slots=True)
class _Scale:
    low: float
    high: float

    def row(self, value: float) -> int:
        """0 is the top."""
        part = (value - self.low) / (self.high - self.low)
        return round((1 - part) * (HEIGHT - 1))


def chart(points: Sequence[Point], thresholds: Sequence[Threshold], style: Style, *, indent: int = 4) -> Iterator[str]:
    """The lines of the chart; none where nothing was measured."""
    known = [point.value for point in points if point.value is not None and isfinite(point.value)]
    if not known:
        return
    scale = _scale([*known, *(threshold.value for threshold in thresholds)])
    marks = _marks(scale, known, thresholds)
    margin = max(len(label) for label, _ in marks.values())
    tails = max(len(tail) for _, tail in marks.values())
    room = max(LEAST, style.width - indent - margin - 4 - tails)
    columns = _columns(len(points), room)
    for row in range(HEIGHT):
        label, tail = marks.get(row, ("", ""))
        cells = _cells(points, columns, scale, row, is_line=bool(tail))
        axis = "┼" if tail else "┤" if label else "│"
        tone = "accent" if tail else None
        line = "".join(style.tone(sign, colour) for sign, colour in cells)
        yield f"{'':{indent}}{label:>{margin}} {axis}{line}{style.tone(tail, tone)}".rstrip()


def _scale(values: Sequence[float]) -> _Scale:
    low, high = min(values), max(values)
    if low == high:
        pad = abs(low) * 0.1 or 1.0
        return _Scale(low - pad, high + pad)
    return _Scale(low, high)


def _marks(scale: _Scale, known: Sequence[float], thresholds: Sequence[Threshold]) -> dict[int, tuple[str, str]]:
    """Labels by row: highest and lowest value, and over them the thresholds with what they ask."""
    marks = {scale.row(value): (number(value), "") for value in (max(known), min(known))}
    for threshold in thresholds:
        marks[scale.row(threshold.value)] = (
            number(threshold.value),
            f" {threshold.operator} {number(threshold.value)}",
        )
    return marks


def _columns(count: int, room: int) -> list[int]:
    """Where each measurement stands."""
    step = min(_SPACING, (room - 1) / max(1, count))
    return [1 + round(index * step) for index in range(count)]


Cell = tuple[str, str | None]


def _cells(points: Sequence[Point], columns: Sequence[int], scale: _Scale, row: int, *, is_line: bool) -> list[Cell]:
    width = max(columns[-1] + 2, LEAST)
    cells: list[Cell] = [("┄", "accent") if is_line else (" ", None) for _ in range(width)]
    for point, column in zip(points, columns, strict=True):
        if point.value is None or not isfinite(point.value):
            if row == HEIGHT - 1:
                cells[column] = _SIGNS.get(point.phase, _OTHER)
        elif scale.row(point.value) == row:
            cells[column] = _SIGNS.get(point.phase, _OTHER)
    return cells


def number(value: float) -> str:
    """A number with as many digits as matter."""
    return f"{value:.4g}"


def shortened(text: str) -> str:
    """A measured value with its long fractions cut: `[0.9600000000000001]` is `[0.96]`, all else stays."""
    return _LONG.sub(lambda found: f"{float(found[0]):.6g}", text)
