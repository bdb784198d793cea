"""What `backtest` is given, and what it says when that makes no sense: the flag or field, and the cure."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from analysis.backtest import Start
from rollouts.cli.backtest_input import events_of, moment_of, span_of
from rollouts.cli.session import CommandError
from tests.builders.backtests import a_case, a_metric_of, a_template, written
from tests.builders.cli import local

NOW = datetime(2026, 11, 20, 12, 30, 15, 999, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("now", "2026-11-20T12:30:15Z"),
        ("24h", "2026-11-19T12:30:15Z"),
        ("-90m", "2026-11-20T11:00:15Z"),
        ("7d", "2026-11-13T12:30:15Z"),
        ("2h ago", "2026-11-20T10:30:15Z"),
        ("2026-11-20", "2026-11-20T00:00:00Z"),
        ("2026-11-20T10:00:00+02:00", "2026-11-20T08:00:00Z"),
    ],
)
def test_moments_may_be_times_or_how_long_ago(text: str, moment: str) -> None:
    """In UTC where no zone is given, in whole seconds."""
    assert moment_of("--from", text, NOW) == datetime.fromisoformat(moment)


@pytest.mark.parametrize("text", ["yesterday", "", "5 minutes", "2026-13-01"])
def test_other_times_are_refused_with_examples(text: str) -> None:
    """The flag, what was written, and what may be."""
    with pytest.raises(CommandError, match=r'invalid argument ".*" for "--to" flag: write a time \(2026'):
        moment_of("--to", text, NOW)


def test_spans_are_above_zero() -> None:
    """Days are understood, too."""
    assert (span_of("--every", ""), span_of("--every", "2d")) == (None, timedelta(days=2))
    with pytest.raises(CommandError, match='invalid argument "0s" for "--every" flag'):
        span_of("--every", "0s")


def test_releases_are_read_in_order(tmp_path: Path) -> None:
    """A bare time will do; name and outcome may be said."""
    path = written(
        tmp_path,
        [{"at": "2026-11-20T10:00:00Z", "name": "v2", "outcome": "bad"}, "2026-11-20T09:00:00Z"],
    )
    nine, ten = (datetime(2026, 11, 20, hour, tzinfo=UTC) for hour in (9, 10))

    assert events_of(path) == (Start(nine), Start(ten, "v2", is_bad=True))


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ([{"name": "v1"}], r"\[0\] is no release"),
        ([{"at": "2026-11-20", "outcome": "ugly"}], r"\[0\].outcome is not understood"),
        ([{"at": "2026-11-20", "version": "v1"}], r"\[0\].version is not understood"),
        ([{"at": "noon"}], r"\[0\].at 'noon' is no time"),
        ([], "no releases"),
        ({"at": "2026-11-20"}, "is no release"),
    ],
)
def test_mistakes_in_a_list_of_releases_are_named(tmp_path: Path, content: Any, error: str) -> None:
    """File, place, and the form that is understood."""
    with pytest.raises(CommandError, match=error):
        events_of(written(tmp_path, content))


def test_nested_templates_make_one_run(tmp_path: Path) -> None:
    """The one that no other is made of is tried, with all that it is made of, and its arguments."""
    inner = a_template(a_metric_of(query="up{app='{{args.app}}'}"), name="inner", args=[{"name": "app"}])
    outer = {**a_template(name="outer"), "spec": {"templates": [{"templateName": "inner"}], "args": [{"name": "app"}]}}
    case = a_case(tmp_path, inner, outer, args=["app=shop"])

    assert case.title == "AnalysisTemplate outer"
    assert case.spec.metrics[0].settings["query"] == "up{app='shop'}"


def test_the_address_on_the_command_line_wins(tmp_path: Path) -> None:
    """Whatever the template says of it; its headers and authentication stay."""
    metric = a_metric_of(provider={"prometheus": {"query": "up", "address": "http://in-cluster", "insecure": True}})
    case = a_case(tmp_path, a_template(metric), address="http://localhost:9090")

    assert case.spec.metrics[0].settings == {"query": "up", "address": "http://localhost:9090", "insecure": True}


def test_an_analysis_run_may_be_tried_as_well(tmp_path: Path) -> None:
    """With its own arguments, which the command line may change."""
    spec = {"metrics": [a_metric_of(query="q{{args.n}}")], "args": [{"name": "n", "value": "1"}]}
    run = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun", "metadata": {"name": "r"}, "spec": spec}

    assert a_case(tmp_path, run).spec.metrics[0].settings["query"] == "q1"
    assert a_case(tmp_path, run, args=["n=2"]).spec.metrics[0].settings["query"] == "q2"


SECRET = {"name": "token", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}


@pytest.mark.parametrize(
    ("template", "args", "error"),
    [
        (a_template(args=[{"name": "app"}]), [], "args.app was not resolved: give it a value with --arg NAME=VALUE"),
        (a_template(args=[SECRET]), [], "the cluster alone knows the value of token: give it here, with --arg token="),
        (a_template(), ["app"], '--arg "app": write it as NAME=VALUE'),
        (a_template(a_metric_of(count=2, interval="")), [], r"spec.metrics\[0\]: interval must be specified"),
        (a_template(a_metric_of(successCondition="x(")), [], r"spec.metrics\[0\].successCondition 'x\('"),
        (a_template(a_metric_of(provider={"web": {"url": "http://x"}})), [], "only prometheus can, here are web"),
        ({**a_template(), "kind": "Service"}, [], "0 analysis templates: name a file with an AnalysisTemplate"),
    ],
)
def test_mistakes_are_told_before_anybody_is_asked(tmp_path: Path, template: Any, args: list[str], error: str) -> None:
    """The field or flag, and the cure."""
    with pytest.raises(CommandError, match=error):
        a_case(tmp_path, template, args=args)


def test_of_several_templates_one_is_chosen(tmp_path: Path) -> None:
    """None is guessed; a name that is not there is answered with those that are."""
    two = (a_template(name="a"), a_template(name="b"))

    assert a_case(tmp_path, *two, chosen="b").title == "AnalysisTemplate b"
    with pytest.raises(CommandError, match="2 analysis templates: choose one of a, b with --template"):
        a_case(tmp_path, *two)
    with pytest.raises(CommandError, match=r'--template "c" is not in .*, which has a, b'):
        a_case(tmp_path, *two, chosen="c")


def test_an_argument_that_nobody_knows_is_noted(tmp_path: Path) -> None:
    """A typo must not pass unseen."""
    assert a_case(tmp_path, args=["ap=x"]).notes == ("--arg ap: no argument of the template",)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["-o", "yaml"], 'unknown output format "yaml": json is known'),
        (["--from", "1h", "--to", "2h"], "--from 1h is not before --to 2h"),
        (["--every", "5m", "--events", "x.yaml"], "--every and --events exclude each other"),
        (["--prometheus", "http://127.0.0.1:1"], "http://127.0.0.1:1 cannot be asked"),
        (["--prometheus", "prom:9090"], "provider.prometheus.address 'prom:9090' is no URL"),
        (["--plot", "x.gif", "--prometheus", "http://127.0.0.1:1"], "its name must end in .svg or .png"),
        ([], "prometheus address is not configured"),
    ],
)
def test_the_command_says_what_is_wrong_in_one_line(
    tmp_path: Path, words: list[str], error: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 1, and nothing on stdout."""
    monkeypatch.delenv("ARGO_ROLLOUTS_PROMETHEUS_ADDRESS", raising=False)
    outcome = local("backtest", "-f", written(tmp_path, a_template()), *words)

    assert (outcome.code, outcome.stdout) == (1, "")
    assert error in outcome.stderr
    assert outcome.stderr.count("\n") == 1
