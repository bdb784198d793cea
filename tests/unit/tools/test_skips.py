"""CI's judge of skipped tests."""

from pathlib import Path

import pytest

from tools.skips import main

REPORT = """<testsuites><testsuite>
<testcase classname="tests.a" name="test_runs"/>
<testcase classname="tests.a" name="test_waits"><skipped message="no prometheus here"/></testcase>
</testsuite></testsuites>"""


def judged(tmp_path: Path, allowed: str) -> int:
    """The exit code for the report above."""
    (tmp_path / "report.xml").write_text(REPORT)
    (tmp_path / "skips.txt").write_text(f"# may be skipped\n{allowed}\n")
    return main(str(tmp_path / "skips.txt"), str(tmp_path / "report.xml"))


def test_a_skip_that_nobody_allowed_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A skipped test that is not in the list is named and fails the run."""
    assert judged(tmp_path, "") == 1
    assert "tests.a::test_waits: no prometheus here" in capsys.readouterr().out


def test_a_skip_with_its_reason_passes(tmp_path: Path) -> None:
    """A skip whose id and reason stand in the list is all right."""
    assert judged(tmp_path, "tests.a::test_waits\tno prometheus here") == 0


def test_another_reason_is_another_skip(tmp_path: Path) -> None:
    """A test that is skipped for a new reason is not covered by the old one."""
    assert judged(tmp_path, "tests.a::test_waits\tno docker here") == 1
