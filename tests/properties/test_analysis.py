"""Properties of conditions, arguments and verdicts."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from analysis.decide import Taken, decide, record, settle
from analysis.errors import AnalysisError, ExpressionError
from analysis.expression.conditions import check, holds
from analysis.model import Arg, Measurement, Metric, Phase, RunSpec, RunStatus
from analysis.template import fill, values_of
from analysis.verdict import exceeded

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
PHASES = st.sampled_from([Phase.SUCCESSFUL, Phase.FAILED, Phase.INCONCLUSIVE, Phase.ERROR])
WORDS = st.sampled_from(
    [
        *("result", "len", "isNaN", "asInt", "(", ")", "[", "]", ".", "?.", ",", "1", "2.5", "'a'", "nil", "true"),
        *(
            "+",
            "-",
            "*",
            "/",
            "%",
            "**",
            "==",
            "!=",
            "<",
            ">=",
            "&&",
            "||",
            "!",
            "not",
            "and",
            "or",
            "in",
            "?",
            ":",
            "??",
        ),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)
RESULTS = JSON | st.lists(st.floats(), max_size=3).map(tuple)


@given(st.text(max_size=200))
def test_no_text_crashes_the_parser(text: str) -> None:
    """Whatever is written is a condition or an ExpressionError."""
    with suppress(ExpressionError):
        check(text)


@given(st.lists(WORDS, max_size=12).map(" ".join), RESULTS)
def test_no_condition_crashes_on_any_result(condition: str, result: object) -> None:
    """Words of the language in any order, on any result: true, false or an ExpressionError."""
    with suppress(ExpressionError):
        assert holds(condition, result, NOW) in (True, False)


@given(st.floats(), st.floats(allow_nan=False, allow_infinity=False))
def test_comparison_is_the_floats_own(value: float, limit: float) -> None:
    """A threshold on a vector decides as the number itself does, NaN being below nothing and above nothing."""
    assert holds(f"result[0] >= {limit!r}", (value,), NOW) is (value >= limit)


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9-]{0,5}", fullmatch=True), st.text(max_size=8), max_size=4))
def test_substitution_is_a_round_trip(values: dict[str, str]) -> None:
    """A text made of every argument's tag becomes the text made of every argument's value, tags in values included."""
    args = [Arg(name, value) for name, value in values.items()]

    filled = fill("|".join(f"{{{{args.{name}}}}}" for name in values), values_of(args))

    assert filled == "|".join(values.values())


@given(st.text(max_size=40))
def test_a_text_without_tags_is_left_alone(text: str) -> None:
    """Only `{{…}}` means something."""
    if "{{" not in text:
        assert fill(text, {"a": "1"}) == text


@given(st.lists(PHASES, max_size=20), st.integers(-1, 3), st.integers(0, 3), st.integers(0, 3))
def test_a_limit_once_exceeded_by_failures_stays_exceeded(
    phases: list[Phase], failures: int, inconclusive: int, errors: int
) -> None:
    """More measurements never make a failed or inconclusive metric good again."""
    metric = Metric("m", "prometheus", interval="1m", failure_limit=failures, inconclusive_limit=inconclusive)
    spec, status = RunSpec((replace(metric, consecutive_error_limit=errors),)), RunStatus(Phase.RUNNING, started=NOW)
    is_spent = False
    for phase in phases:
        status = record(spec, status, Taken("m", Measurement(phase, NOW, NOW)))
        now_spent = exceeded(spec.metrics[0], status.results[0])[0] is not Phase.UNSET
        is_counted = status.results[0].inconclusive > inconclusive or 0 <= failures < status.results[0].failed
        assert now_spent or not is_spent or not is_counted
        is_spent = is_counted


@given(st.lists(PHASES, min_size=1, max_size=12), st.integers(1, 6))
def test_every_finite_run_ends(phases: list[Phase], count: int) -> None:
    """Whatever its measurements are, a run with a count ends, wakes only ahead of now, and then asks nothing more."""
    spec = RunSpec((Metric("m", "prometheus", interval="1m", count=count),))
    status, now = RunStatus(), NOW
    for index in range(40):
        plan = decide(spec, status, now)
        if plan.due:
            phase = phases[index % len(phases)]
            plan = settle(spec, record(spec, plan.status, Taken("m", Measurement(phase, now, now))), now)
        status = plan.status
        if status.phase.is_done:
            break
        assert plan.wake_at is not None
        assert plan.wake_at > now
        now = plan.wake_at
    assert status.phase.is_done
    assert decide(spec, status, now + timedelta(days=1)).due == ()


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_manifest_text_gives_a_plan(interval: str, condition: str) -> None:
    """Whatever stands in a metric's fields, deciding gives a plan and raises nothing but our own errors."""
    metric = Metric("m", "prometheus", interval=interval, count=condition, initial_delay=interval)
    try:
        plan = decide(RunSpec((metric,)), RunStatus(), NOW)
    except AnalysisError as error:
        raise AssertionError("a user's mistake must become a status") from error
    assert plan.status.phase in (Phase.RUNNING, Phase.ERROR)
