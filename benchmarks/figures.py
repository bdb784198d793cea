"""What a measure gives, and the table that is printed."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `target` "" means that none is set; `is_met` says whether the figure keeps it."""

    what: str
    value: str
    target: str = ""
    is_met: bool = True


def table(figures: Iterable[Figure]) -> str:
    """As Markdown, so that it can be put into docs/benchmarks.md as it stands."""
    rows = [("figure", "value", "target"), *((f.what, f.value, _verdict(f)) for f in figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join((lines[0], rule, *lines[1:]))


def _verdict(figure: Figure) -> str:
    if not figure.target:
        return ""
    return figure.target if figure.is_met else f"{figure.target}: MISSED"
