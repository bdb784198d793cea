"""`analysis`: measurements as charts, by hand-made runs and by those of the embedded cluster."""

import json
import re

import pytest

from rollouts.cli.chart import HEIGHT, LEAST, Point, Threshold, chart, shortened
from rollouts.cli.chart_runs import thresholds_of, value_of
from rollouts.cli.style import Style
from tests.builders.living import aborted, in_analysis, paused


def drawn(*values: float | None, thresholds: tuple[Threshold, ...] = (), width: int = 60, bad: int = -1) -> list[str]:
    """The chart of these values, the one at `bad` failed."""
    points = [Point(value, "Failed" if index == bad else "Successful") for index, value in enumerate(values)]
    return list(chart(points, thresholds, Style(width=width), indent=0))


def test_values_stand_at_their_height() -> None:
    """The highest on top, the lowest at the bottom, each with its number."""
    lines = drawn(1.0, 3.0, 2.0)

    assert len(lines) == HEIGHT
    assert lines[0] == "3 ┤     ●"
    assert lines[-1] == "1 ┤ ●"
    assert sum(line.count("●") for line in lines) == 3


def test_a_threshold_is_drawn_through_and_named() -> None:
    """Where nothing was measured near it, the scale still reaches it."""
    lines = drawn(0.99, 0.98, thresholds=(Threshold(">=", 0.95),))

    assert lines[-1] == "0.95 ┼" + "┄" * LEAST + " >= 0.95"
    assert lines[0].startswith("0.99 ┤ ●")


def test_failures_have_a_sign_of_their_own() -> None:
    """And what gave no value stands at the bottom."""
    lines = drawn(5.0, 1.0, None, bad=1)

    assert "✖" in lines[-1]
    assert lines[-1].rstrip().endswith("●")
    assert drawn(None) == []


@pytest.mark.parametrize("width", [40, 60, 100])
def test_many_measurements_share_columns(width: int) -> None:
    """The chart is as wide as it may be, and no wider."""
    lines = drawn(*(float(index % 17) for index in range(400)), thresholds=(Threshold("<", 20.5),), width=width)

    assert width - 8 <= max(map(len, lines)) <= width


def test_equal_values_have_a_scale_too() -> None:
    """A flat line is in the middle."""
    assert "●   ●" in drawn(0.0, 0.0)[HEIGHT // 2] + drawn(0.0, 0.0)[HEIGHT // 2 - 1]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("result[0] >= 0.95", [(">=", 0.95)]),
        ("0.95 <= result[0]", [(">=", 0.95)]),
        ("len(result) == 0 || isNaN(result[0]) || result[0] <= 5e-2", [("<=", 0.05)]),
        ("result > -1 && result < 3", [(">", -1.0), ("<", 3.0)]),
        ("result.errors == 0", [("==", 0.0)]),
        ("result == 'ok'", []),
    ],
)
def test_thresholds_are_read_from_conditions(condition: str, expected: list[tuple[str, float]]) -> None:
    """Numbers that the result is compared with, the result on the left; lengths are none."""
    assert [(each.operator, each.value) for each in thresholds_of(condition)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[0.96]", 0.96),
        ("3", 3.0),
        ("[0.5 0.7]", 0.5),
        ("[1e-3,2]", 0.001),
        ("[NaN]", None),
        ("true", None),
        ("", None),
    ],
)
def test_a_measured_value_is_its_first_number(text: str, expected: float | None) -> None:
    """As Argo writes values of all shapes."""
    assert value_of(text) == expected


def test_a_running_analysis_is_drawn_with_its_thresholds() -> None:
    """Arguments of the conditions are filled in."""
    said = in_analysis().says("analysis", "shop").stdout

    assert "shop-768dc66cbf-2-1: ◌ Running, Step of revision 2 (768dc66cbf), 35s ago" in said
    assert "success-rate  prometheus  3 of 5 measured  ✔ 3" in said
    assert re.search(r"0\.97 ┼┄+ >= 0\.97", said)
    assert re.search(r"0\.5 ┼┄+ <= 0\.5", said)


def test_a_failed_analysis_shows_what_failed() -> None:
    """Message, sign and value; -o json has the numbers."""
    said = aborted().says("analysis", "shop").stdout
    run = json.loads(aborted().says("analysis", "shop", "-o", "json").stdout)[0]

    assert 'Metric "success-rate" assessed Failed due to failed (1) > failureLimit (0)' in said
    assert "✖" in said
    assert run["metrics"][0]["thresholds"] == [{"operator": ">=", "value": 0.97}]
    assert [m["value"] for m in run["metrics"][0]["measurements"]] == [0.8]


def test_one_run_can_be_chosen() -> None:
    """A wrong name is told with the right ones."""
    name = "shop-768dc66cbf-2-1"

    assert name in aborted().says("analysis", "shop", "--run", name).stdout
    assert f"there are {name}" in aborted().says("analysis", "shop", "--run", "nobody").stderr
    assert aborted().says("analysis", "shop", "--all").stdout == aborted().says("analysis", "shop").stdout


def test_a_rollout_without_analyses_says_so() -> None:
    """On stderr, so that programs read nothing."""
    assert paused().says("analysis", "shop").stderr == 'rollout "shop" has no AnalysisRuns\n'
    assert json.loads(paused().says("analysis", "shop", "-o", "json").stdout) == []


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("[0.9600000000000001]", "[0.96]"),
        ("[0.30000000000000004 -1.9999999999999998e-07]", "[0.3 -2e-07]"),
        ("0.2218750000000001", "0.221875"),
        ("0.125", "0.125"),
        ("1234567", "1234567"),
        ("v1.20000000001.3", "v1.20000000001.3"),
        ("", ""),
    ],
)
def test_floats_are_told_with_the_digits_that_matter(text: str, short: str) -> None:
    """What binary fractions add is noise; whole numbers and words stay as they are."""
    assert shortened(text) == short
