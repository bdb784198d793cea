"""A view that is drawn again and again: over the former on a terminal, line after line elsewhere. Called by `-w`.

No frame is ever blank: each is written over the one before, line by line, in a single write that terminals which know
synchronized output show at once. What does not fit is cut, not wrapped, so that the top stays where it is; the last
view is left behind whole.
"""

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Protocol, Self

HOLD, SHOW = "\x1b[?2026h", "\x1b[?2026l"
NO_WRAP, WRAP = "\x1b[?7l", "\x1b[?7h"
HIDE_CURSOR, CURSOR = "\x1b[?25l", "\x1b[?25h"
HOME, CLEAR, REST_OF_LINE, BELOW = "\x1b[H", "\x1b[2J", "\x1b[K", "\x1b[J"


class Stream(Protocol):
    """Where to draw."""

    def write(self, text: str, /) -> int:
        """Take the text."""
        ...

    def flush(self) -> None:
        """Send it."""
        ...


class Screen:
    """Shows views until closed. `on_resize` is called when the terminal gets another size."""

    def __init__(
        self,
        *,
        is_terminal: bool,
        stream: Stream | None = None,
        size: Callable[[], os.terminal_size] | None = None,
        on_resize: Callable[[], None] | None = None,
    ) -> None:
        self._is_terminal = is_terminal
        self._stream: Stream = stream or sys.stdout
        self._size = size or _size
        self._on_resize = on_resize
        self._drawn: os.terminal_size | None = None
        self._shown = ""
        self._is_cut = False
        self._former: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if self._is_terminal:
            self._listen("SIGWINCH", self._resized)
            self._listen("SIGTERM", _terminated)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def show(self, view: str) -> None:
        """Draw the view (lines, ended by a newline) unless it stands there already."""
        size = self._size() if self._is_terminal else None
        if view == self._shown and size == self._drawn:
            return
        text = view if size is None else self._frame(view, size)
        self._shown, self._drawn = view, size  # first: a signal may end the program with the frame half written
        self._write(text)

    def close(self) -> None:
        """Leave the terminal as it was, with the last view whole."""
        if self._drawn is not None:
            lines = "".join(f"{line}\r\n" for line in self._shown.splitlines())
            whole = f"{HOME}{BELOW}{WRAP}{lines}" if self._is_cut else WRAP
            self._write(f"{HOLD}{whole}{CURSOR}{SHOW}")
            self._drawn = None

    def _frame(self, view: str, size: os.terminal_size) -> str:
        lines = view.splitlines()
        room = max(size.lines - 1, 1)
        self._is_cut = len(lines) > room
        if self._is_cut:
            lines = [*lines[: room - 1], f"… {len(lines) - room + 1} more lines: make the terminal taller"]
        start = HOME if size == self._drawn else f"{CLEAR}{HOME}"
        body = "".join(f"{line}{REST_OF_LINE}\r\n" for line in lines)
        return f"{HOLD}{HIDE_CURSOR}{NO_WRAP}{start}{body}{BELOW}{SHOW}"

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()

    def _resized(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002  # signal's signature
        if self._on_resize:
            self._on_resize()

    def _listen(self, name: str, handler: Callable[[int, FrameType | None], None]) -> None:
        if hasattr(signal, name):
            number = getattr(signal, name)
            self._former[number] = signal.signal(number, handler)


def _terminated(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  # signal's signature
    sys.exit(128 + number)


def _size() -> os.terminal_size:
    try:
        return os.get_terminal_size(sys.stdout.fileno())
    except (OSError, ValueError):
        return os.terminal_size((80, 24))
