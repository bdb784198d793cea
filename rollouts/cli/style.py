"""How text looks on this output: colours, and the width to keep to. Called by the commands that explain and draw.

Colours are for terminals only, never where NO_COLOR holds anything or the user asked for none; TERM=dumb
counts as no terminal. The width is the terminal's, COLUMNS where it is set, and 100 in files and pipes.
"""

import os
import shutil
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

ELSEWHERE = 100
NARROWEST = 40
_CODES = {"good": "32", "bad": "31", "warn": "33", "accent": "36", "dim": "2", "bold": "1"}


@dataclass(frozen=True, slots=True)
class Style:
    """Text for one output. Words of `tone` are good, bad, warn, accent; None leaves the text as it is."""

    is_coloured: bool = False
    width: int = ELSEWHERE

    def tone(self, text: str, tone: str | None) -> str:
        """The text in the colour of its meaning."""
        if not self.is_coloured or tone is None or not text:
            return text
        return f"\x1b[{_CODES[tone]}m{text}\x1b[0m"

    def bold(self, text: str) -> str:
        """A heading."""
        return self.tone(text, "bold")

    def dim(self, text: str) -> str:
        """What matters less."""
        return self.tone(text, "dim")


def style_of(is_terminal: Callable[[], bool], *, no_colour: bool = False) -> Style:
    """The style of this process's stdout."""
    is_real = is_terminal() and os.environ.get("TERM", "") != "dumb"
    is_coloured = is_real and not no_colour and not os.environ.get("NO_COLOR")
    asked = os.environ.get("COLUMNS", "")
    if asked.isdigit() and int(asked):
        return Style(is_coloured, max(NARROWEST, int(asked)))
    return Style(is_coloured, max(NARROWEST, shutil.get_terminal_size().columns) if is_real else ELSEWHERE)


def columns(rows: Sequence[Sequence[str]], *, gap: int = 3) -> list[str]:
    """The rows as lines of aligned columns, all as wide as the widest."""
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return [(" " * gap).join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows]


def cut(text: str, width: int) -> list[str]:
    """The text in lines of at most this width, broken at words where that can be."""
    return textwrap.wrap(text, max(10, width), break_on_hyphens=False)
