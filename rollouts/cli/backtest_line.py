"""A time line in characters: one row for each metric and one for the runs. Called by backtest_report; pure.

A column is a stretch of time, and shows the worst of what fell into it: a bad minute in a good day must not get lost.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from rollouts.cli.style import Style

Mark = tuple[datetime, str]
"""A moment, and what it was: a key of SIGNS."""

SIGNS = {
    "aborted": ("✖", "bad"),
    "failed": ("✖", "bad"),
    "error": ("⚠", "warn"),
    "paused": ("?", "warn"),
    "inconclusive": ("?", "warn"),
    "empty": ("○", "dim"),
    "unfinished": ("◌", "dim"),
    "passed": ("─", "good"),
    "good": ("─", "good"),
}
"""From the worst to the best."""
_RANK = {name: rank for rank, name in enumerate(SIGNS)}
_TICK = 12
"""Columns from one time on the axis to the next, at least."""
_STEPS = [timedelta(minutes=n) for n in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)] + [
    timedelta(days=n) for n in (1, 2, 7, 14, 28)
]


def rows(marks: Sequence[tuple[str, Sequence[Mark]]], span: tuple[datetime, datetime], style: Style) -> Iterator[str]:
    """The lines, with the axis below them."""
    margin = max(len(name) for name, _ in marks)
    room = max(20, style.width - margin - 4)
    for name, found in marks:
        cells = _cells(found, span, room)
        yield f"  {name:<{margin}} " + "".join(style.tone(*SIGNS[cell]) if cell else " " for cell in cells).rstrip()
    yield style.dim(f"  {'':<{margin}} {axis(span, room)}".rstrip())


def _cells(marks: Iterable[Mark], span: tuple[datetime, datetime], room: int) -> list[str]:
    cells = [""] * room
    for at, what in marks:
        place = column(at, span, room)
        if not cells[place] or _RANK[what] < _RANK[cells[place]]:
            cells[place] = what
    return _filled(cells)


def _filled(cells: list[str]) -> list[str]:
    """With fewer moments than columns, each lasts until the next."""
    known = [place for place, cell in enumerate(cells) if cell]
    for place, then in pairwise(known):
        if then - place < _TICK:
            cells[place:then] = [cells[place]] * (then - place)
    return cells


def column(at: datetime, span: tuple[datetime, datetime], room: int) -> int:
    """Where a moment stands."""
    first, last = span
    part = (at - first) / max(last - first, timedelta(seconds=1))
    return min(room - 1, max(0, int(part * room)))


def axis(span: tuple[datetime, datetime], room: int) -> str:
    """Times below, at round moments; with the day where a new one begins."""
    first, last = span
    step = next((step for step in _STEPS if (last - first) / step * _TICK <= room), _STEPS[-1])
    line, day = "", ""
    at = _rounded_up(first, step)
    while at <= last:
        text = f"{at:%H:%M}" if f"{at:%b %d}" == day and step < timedelta(days=1) else f"{at:%b %d}"
        if text != day and step < timedelta(days=1) and not day:
            text = f"{at:%b %d %H:%M}"
        day = f"{at:%b %d}"
        place = column(at, span, room)
        if place >= len(line) + bool(line) and place + len(text) <= room:
            line = line.ljust(place) + text
        at += step
    return line


def _rounded_up(moment: datetime, step: timedelta) -> datetime:
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    over = (moment - midnight) % step
    return moment + (step - over) if over else moment
