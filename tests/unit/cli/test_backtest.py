"""`backtest`: what was asked for, what came out, and how it is told."""

from datetime import timedelta
from pathlib import Path

import pytest

from analysis.backtest import Start
from rollouts.cli import backtest_play
from rollouts.cli.backtest_figures import aborts, hits, outcomes, story
from rollouts.cli.backtest_play import Tried, Words
from rollouts.cli.backtest_report import as_json, lines
from rollouts.cli.session import CommandError
from rollouts.cli.style import Style
from tests.builders.backtests import a_backtest, a_case, a_metric_of, a_template
from tests.builders.recordings import Curve, after

HOUR = 60 * 60


def steady(_: float) -> float:
    return 0.99


def dip(first: float, last: float, value: float | None = 0.5) -> Curve:
    return lambda at: value if first <= at < last else 0.99


def text(tried: Tried, width: int = 100) -> list[str]:
    return list(lines(tried, Style(width=width)))


def test_it_tells_how_often_and_when_runs_would_have_aborted(tmp_path: Path) -> None:
    """Ten bad minutes stop each run that meets them: those that begin up to four minutes before, too."""
    tried = a_backtest(a_case(tmp_path), rate=dip(1200, 1800))
    said = text(tried)

    assert outcomes(tried.runs).total == 57
    assert [(len(spell.of), spell.first, spell.last) for spell in aborts(tried)] == [(14, after(960), after(1740))]
    assert any("14 would abort       24.6%" in line for line in said)
    assert any("2026-11-20 12:16:00 to 12:29:00  14     13m" in line for line in said)
    assert any('Metric "rate" assessed Failed due to failed (1)' in line for line in said)


def test_the_time_line_shows_the_worst_of_each_stretch(tmp_path: Path) -> None:
    """One bad minute in a day is seen, in the metric's row and in the runs'."""
    said = text(
        a_backtest(a_case(tmp_path), words=Words(after(0), after(24 * HOUR)), rate=dip(12 * HOUR, 12 * HOUR + 60)),
        width=60,
    )
    rate, runs, axis = said[4:7]

    assert (rate.count("✖"), runs.count("✖")) == (1, 2)
    assert rate.index("✖") == pytest.approx(8 + 26, abs=1)
    assert axis.split() == ["Nov", "20", "12:00", "18:00", "Nov", "21", "06:00"]


@pytest.mark.parametrize("width", [40, 60, 80, 132])
def test_no_line_is_wider_than_the_terminal(tmp_path: Path, width: int) -> None:
    """Reasons are broken at words, and set below where no room is left beside; tables of numbers stay whole."""
    tried = a_backtest(a_case(tmp_path), rate=dip(1200, 1800, None))

    tables = ("METRIC", "rate  ", "RUNS THAT", "2026-11-20 12:1")
    assert [line for line in text(tried, width) if len(line) > width and not line.strip().startswith(tables)] == []


def test_spells_without_data_and_streaks_are_told(tmp_path: Path) -> None:
    """How long it lasted, and from when on."""
    tried = a_backtest(a_case(tmp_path), rate=dip(600, 1200, None))
    found = story("rate", tried.stories["rate"])

    assert (len(found.silences), found.silence is not None and found.silence.first) == (1, after(600))
    assert found.values == (0.99, 0.99, 0.99)
    assert any(line.startswith("  rate: 1 spell without data, the longest:") for line in text(tried))


def test_known_releases_are_held_against_the_verdicts(tmp_path: Path) -> None:
    """Bad ones that were caught, good ones that would have been stopped, each with its verdict."""
    events = (
        Start(after(300), "v1", is_bad=False),
        Start(after(1200), "v2", is_bad=True),
        Start(after(2400), "v3", is_bad=True),
        Start(after(3590), "v4"),
    )
    tried = a_backtest(a_case(tmp_path), words=Words(after(0), after(HOUR), events=events), rate=dip(1200, 1800))
    known, said = hits(tried), text(tried)

    assert known is not None
    assert (known.bad, known.caught, known.good, known.false_alarms) == (2, 1, 1, 0)
    assert "  1 of 2 bad releases would have been stopped" in said
    assert "  0 of 1 good release would have been stopped (false alarms)" in said
    assert [line.split()[2:5] for line in said if line.startswith("  2026-")] == [
        ["v1", "good", "passed"],
        ["v2", "bad", "aborted"],
        ["v3", "bad", "passed"],
        ["v4", "-", "unfinished"],
    ]


def test_the_cost_is_told(tmp_path: Path) -> None:
    """What a run asks, and what the backtest asked: far less than its runs would have."""
    tried = a_backtest(a_case(tmp_path), rate=steady)

    assert text(tried)[-1] == "Cost: 5.0 queries a run on average; this backtest needed 2."


def test_programs_get_every_run_and_every_sample(tmp_path: Path) -> None:
    """-o json has what the report only counts."""
    told = as_json(a_backtest(a_case(tmp_path), rate=dip(1200, 1800)))

    assert told["summary"] == {
        "runs": 57,
        "passed": 43,
        "aborted": 14,
        "paused": 0,
        "unfinished": 0,
        "abortedShare": 0.245614,
    }
    assert told["aborts"][0]["from"] == "2026-11-20T12:16:00Z"
    assert (len(told["runs"]), told["runs"][0]["seconds"], told["runs"][0]["measurements"]) == (57, 240, 5)
    assert told["metrics"][0]["samples"][20] == {"at": "2026-11-20T12:20:00Z", "phase": "Failed", "value": "[0.5]"}
    assert told["queries"] == {"ofARun": 4.193, "ofThisBacktest": 2}


def test_colours_are_for_terminals(tmp_path: Path) -> None:
    """Without colours there is not one escape; with them the signs are the same."""
    tried = a_backtest(a_case(tmp_path), rate=dip(1200, 1800))

    assert "\x1b" not in "".join(text(tried))
    assert "\x1b[31m✖" in "".join(lines(tried, Style(is_coloured=True)))


def test_metrics_of_other_services_are_left_out_with_a_note(tmp_path: Path) -> None:
    """Only Prometheus tells what was; what cannot be tried is named, and does not stop the rest."""
    web = a_metric_of("web", provider={"web": {"url": "http://x.example", "jsonPath": "{$.a}"}})
    tried = a_backtest(a_case(tmp_path, a_template(a_metric_of(), web)), rate=steady)

    assert text(tried)[0] == "note: metric web is left out: web cannot be asked for what was"
    assert list(tried.stories) == ["rate"]


def test_a_metric_without_data_is_told_with_what_may_be_wrong(tmp_path: Path) -> None:
    """A typo in a query gives no data, not an error."""
    tried = a_backtest(a_case(tmp_path), rate=lambda _: None)

    assert tried.notes == (
        "metric rate never has data: is its query right, and does this Prometheus know of that time?",
    )
    assert outcomes(tried.runs).aborted == len(tried.runs)


def test_a_background_metric_ends_with_the_release(tmp_path: Path) -> None:
    """It says how long a release is taken to last, unless it was told."""
    endless = a_template({**a_metric_of(), "count": None})
    assumed = a_backtest(a_case(tmp_path, endless), rate=steady)
    length = Words(after(0), after(HOUR), lasts=timedelta(minutes=5))
    said = a_backtest(a_case(tmp_path, endless), words=length, rate=steady)

    assert [n.partition(":")[0] for n in assumed.notes] == [
        "a metric without count ends with its release, here after 10m0s"
    ]
    assert said.notes == ()
    assert {run.ended - run.start.at for run in said.runs if run.ended} == {timedelta(minutes=5)}


def test_too_much_is_refused_before_anything_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More runs, or more moments, than make sense."""
    monkeypatch.setattr(backtest_play, "MOST_STARTS", 50)
    with pytest.raises(CommandError, match="more than 50 runs, one at each 1m0s"):
        a_backtest(a_case(tmp_path), rate=steady)
    monkeypatch.setattr(backtest_play, "MOST_STARTS", 5000)
    monkeypatch.setattr(backtest_play, "MOST_MOMENTS", 50)
    with pytest.raises(CommandError, match="360 moments of each metric, 10s apart"):
        a_backtest(a_case(tmp_path), rate=steady)


def test_a_span_shorter_than_a_run_is_refused(tmp_path: Path) -> None:
    """With both lengths."""
    with pytest.raises(CommandError, match="a run takes 4m0s, and from --from to --to there are only 3m0s"):
        a_backtest(a_case(tmp_path), words=Words(after(0), after(180)), rate=steady)


def test_releases_outside_the_span_are_refused(tmp_path: Path) -> None:
    """None within: most likely the wrong day."""
    with pytest.raises(CommandError, match="none of the 1 releases lies between"):
        a_backtest(a_case(tmp_path), words=Words(after(0), after(HOUR), events=(Start(after(-60)),)), rate=steady)
