"""What the demo writes to a terminal, and to a log."""

from io import StringIO

import pytest

from rollouts.cli.demo.screen import Screen

ERASED = "\x1b[{rows}A\r\x1b[J"


class Terminal(StringIO):
    """Takes what is written, and says that a person looks at it."""

    def isatty(self) -> bool:
        """As a terminal says."""
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Ten columns, seven rows."""
    for name, value in {"TERM": "xterm", "COLUMNS": "10", "LINES": "7"}.items():
        monkeypatch.setenv(name, value)
    return Terminal()


def test_a_picture_replaces_the_last_one(terminal: Terminal) -> None:
    """It goes up by the rows that the last one took, wrapped lines and all; colours take no room."""
    screen = Screen(terminal)
    screen.picture(["\x1b[32m1234567890\x1b[0m", "12345678901", ""], "", "")
    screen.picture(["new"], "", "")

    assert terminal.getvalue().endswith(f"12345678901\n\n{ERASED.format(rows=4)}new\n")


def test_a_picture_fits_the_terminal(terminal: Terminal) -> None:
    """What would scroll off could never be erased: only the first rows are drawn."""
    screen = Screen(terminal)
    screen.picture(["a", "b" * 20, "c", "d", "e"], "", "")

    assert terminal.getvalue() == f"a\n{'b' * 20}\nc\nd\n"


def test_a_log_gets_a_line_when_something_is_new() -> None:
    """Without a terminal nothing is redrawn, and nothing is said twice."""
    log = StringIO()
    screen = Screen(log)
    for about in ("begin", "begin", "end"):
        screen.picture(["a", "b"], f"at the {about}", about)

    assert log.getvalue() == "  at the begin\n  at the end\n"
