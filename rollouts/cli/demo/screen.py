"""What the demo shows: a live picture on a terminal, and plain lines everywhere else."""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from typing import TextIO

_BOLD, _DIM, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"
_CLEAR_BELOW = "\x1b[J"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Screen:
    """Lines that stay (`say`, `title`) above a picture that changes (`picture`)."""

    def __init__(self, out: TextIO, *, is_plain: bool = False) -> None:
        is_terminal = out.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self.is_live = is_terminal and not is_plain
        self.is_coloured = self.is_live and "NO_COLOR" not in os.environ
        self._out = out
        self._height = 0
        self._told = ""

    def title(self, text: str) -> None:
        """A new act."""
        self.say("", f"{_BOLD}{text}{_RESET}" if self.is_coloured else text)

    def say(self, *lines: str) -> None:
        """Lines that stay."""
        self._erase()
        self._write(lines)

    def picture(self, lines: Sequence[str], line: str, about: str) -> None:
        """The state of things: drawn over the last picture; without a terminal one `line`, when `about` is new."""
        if not self.is_live:
            if about != self._told:
                self._write([f"  {line}"])
            self._told = about
            return
        width, height = shutil.get_terminal_size()
        lines = list(_top(lines, width, max(height - 2, 5)))
        self._erase()
        self._write(lines)
        self._height = sum(_rows(line, width) for line in lines)

    def keep(self) -> None:
        """The last picture stays."""
        self._height = 0

    def _erase(self) -> None:
        if self._height:
            self._out.write(f"\x1b[{self._height}A\r{_CLEAR_BELOW}")
        self._height = 0

    def _write(self, lines: Sequence[str]) -> None:
        self._out.write("".join(f"{line}\n" for line in lines))
        self._out.flush()


def _top(lines: Sequence[str], width: int, height: int) -> Iterator[str]:
    """As many lines, from the first one on, as a terminal of this size shows: what has scrolled off stays for good."""
    for line in lines:
        height -= _rows(line, width)
        if height < 0:
            return
        yield line


def _rows(line: str, width: int) -> int:
    """How many rows a line takes once the terminal has wrapped it."""
    return max(-(-len(_COLOUR.sub("", line)) // max(width, 1)), 1)
