"""Frames as a terminal shows them: pyte is the terminal."""

import io
import os
from collections.abc import Iterator

import pyte
import pytest

from rollouts.cli.screen import HOLD, SHOW, Screen


class Terminal(io.StringIO):
    """A terminal of a given size that notes what it was sent in one go."""

    def __init__(self, columns: int = 40, lines: int = 8) -> None:
        super().__init__()
        self.size = os.terminal_size((columns, lines))
        self.screen = pyte.Screen(columns, lines)
        self.stream = pyte.Stream(self.screen)
        self.writes: list[str] = []

    def write(self, text: str) -> int:
        """Show it."""
        self.writes.append(text)
        self.stream.feed(text)
        return len(text)

    @property
    def rows(self) -> list[str]:
        """What stands there, without the blanks at the ends."""
        return [row.rstrip() for row in self.screen.display]

    def resize(self, columns: int, lines: int) -> None:
        """As the user does it with the mouse."""
        self.size = os.terminal_size((columns, lines))
        self.screen.resize(lines, columns)


def shown_on(terminal: Terminal, *views: str) -> Screen:
    """A screen that has shown these views."""
    screen = Screen(is_terminal=True, stream=terminal, size=lambda: terminal.size)
    for view in views:
        screen.show(view)
    return screen


def test_each_frame_is_one_write_that_stands_where_the_last_stood() -> None:
    """Shorter lines and fewer lines leave nothing of the former frame behind."""
    terminal = Terminal()

    shown_on(terminal, "Name: web\nStatus: Progressing\na\nb\n", "Name: web\nStatus: ok\na\n")

    assert terminal.rows[:5] == ["Name: web", "Status: ok", "a", "", ""]
    assert len(terminal.writes) == 2
    assert all(write.startswith(HOLD) and write.endswith(SHOW) for write in terminal.writes)


@pytest.mark.parametrize("size", [1, 7, 64])
def test_no_frame_is_blank_however_the_bytes_arrive(size: int) -> None:
    """The second frame overwrites: at no moment is a line gone that stands in both frames."""
    terminal, watched = Terminal(), Terminal()
    shown_on(terminal, "Name: web\none\ntwo\n", "Name: web\nONE\ntwo\n")
    first, second = terminal.writes
    watched.write(first)

    for piece in _pieces(second, size):
        watched.write(piece)
        assert watched.rows[0] == "Name: web"
        assert watched.rows[2] == "two"
        assert watched.rows[1].lower() == "one"

    assert watched.rows[:3] == ["Name: web", "ONE", "two"]


def test_what_is_wider_than_the_terminal_is_cut_and_not_wrapped() -> None:
    """So lines stay where they are, colours and wide signs included."""
    terminal = Terminal(columns=12)

    shown_on(terminal, f"\x1b[32m✔\x1b[0m {'x' * 40}\nend\n")

    assert terminal.rows[0].startswith("✔ xxxx")
    assert terminal.rows[1] == "end"


def test_what_is_taller_than_the_terminal_is_cut_and_left_whole_at_the_end() -> None:
    """The top stays in sight while it runs; afterwards nothing is missing."""
    terminal = Terminal(lines=5)
    view = "".join(f"line {number}\n" for number in range(9))

    screen = shown_on(terminal, view)

    assert terminal.rows == ["line 0", "line 1", "line 2", "… 6 more lines: make the terminal taller", ""]
    screen.close()
    assert terminal.rows == ["line 5", "line 6", "line 7", "line 8", ""]


def test_a_resized_terminal_is_drawn_anew() -> None:
    """Also where the view is the same as before."""
    terminal = Terminal()
    screen = shown_on(terminal, "Name: web\nStatus: ok\n")
    terminal.resize(20, 3)

    screen.show("Name: web\nStatus: ok\n")

    assert terminal.rows == ["Name: web", "Status: ok", ""]
    assert len(terminal.writes) == 2


def test_the_same_view_is_not_written_again() -> None:
    """Nothing to see, nothing to send."""
    terminal = Terminal()

    shown_on(terminal, "a\n", "a\n", "a\n")

    assert len(terminal.writes) == 1


def test_the_terminal_is_left_as_it_was() -> None:
    """The cursor is shown again, under the last frame, and long lines wrap again."""
    terminal = Terminal()

    shown_on(terminal, "a\nb\n").close()
    terminal.write("$ ")

    assert terminal.rows[:3] == ["a", "b", "$"]
    assert not terminal.screen.cursor.hidden
    assert pyte.modes.DECAWM in terminal.screen.mode


def test_a_signal_amid_a_frame_leaves_the_terminal_as_it_was() -> None:
    """The frame has come, and the program is told to end before it goes on."""

    class Interrupted(Terminal):
        def write(self, text: str) -> int:
            """Show it, and be told to end once."""
            written = super().write(text)
            if len(self.writes) == 1:
                raise SystemExit(143)
            return written

    terminal = Interrupted()
    with (
        pytest.raises(SystemExit),
        Screen(is_terminal=True, stream=terminal, size=lambda: terminal.size) as screen,
    ):
        screen.show("a frame\n")

    assert not terminal.screen.cursor.hidden


def test_without_a_terminal_views_follow_one_another() -> None:
    """No escapes; a view that did not change is not printed again."""
    log = Terminal(lines=20)
    screen = Screen(is_terminal=False, stream=log)

    for view in ("a\n", "a\n", "b\n"):
        screen.show(view)
    screen.close()

    assert log.writes == ["a\n", "b\n"]


def _pieces(text: str, size: int) -> Iterator[str]:
    for start in range(0, len(text), size):
        yield text[start : start + size]
