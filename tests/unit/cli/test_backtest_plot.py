"""The picture of a backtest: an extra, loaded when it is asked for."""

import sys
from pathlib import Path

import pytest

from rollouts.cli.backtest_plot import refuse_vain, save
from rollouts.cli.session import CommandError
from tests.builders.backtests import a_backtest, a_case, a_metric_of, a_template


@pytest.mark.parametrize(("name", "head"), [("x.svg", b"<?xml"), ("x.png", b"\x89PNG")])
def test_both_forms_are_drawn(tmp_path: Path, name: str, head: bytes) -> None:
    """Each metric has a panel; gaps and single aborts do no harm."""
    template = a_template(a_metric_of(), a_metric_of("other", failureCondition="result[0] < 0.9"))
    case = a_case(tmp_path, template)
    tried = a_backtest(case, rate=lambda at: None if at < 600 else 0.99, other=lambda at: 0.1 if at == 1800 else 0.99)
    save(tried, str(tmp_path / name))

    assert (tmp_path / name).read_bytes().startswith(head)


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """With the system's reason."""
    tried = a_backtest(a_case(tmp_path), rate=lambda _: 0.99)

    with pytest.raises(CommandError, match=r"--plot .*/none/x.svg: No such file or directory"):
        save(tried, str(tmp_path / "none" / "x.svg"))


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before any metric service is asked."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)

    with pytest.raises(CommandError, match=r"pip install 'sluice-delivery\[plot\]'"):
        refuse_vain("x.svg")
