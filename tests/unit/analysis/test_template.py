"""Arguments: merged, filled in, refused."""

from dataclasses import fields

import pytest

from analysis import template
from analysis.errors import ArgumentError
from analysis.model import Arg, Metric, Rule, SecretKey
from analysis.template import (
    fill,
    join_args,
    join_metrics,
    join_rules,
    merge_args,
    refuse_conflicts,
    resolve,
    values_of,
)


def a_metric(**settings: object) -> Metric:
    return Metric("m", "prometheus", settings=settings, count="{{args.n}}", success_condition="result > {{args.low}}")


def test_arguments_reach_every_text_of_a_metric() -> None:
    """Counts, conditions, settings, lists and keys are filled in."""
    metric = a_metric(query="up{app='{{args.app}}'}", headers=[{"key": "X-{{args.app}}", "n": 1}])

    filled = resolve(metric, {"n": "3", "low": "0.9", "app": "web"})

    assert (filled.count, filled.success_condition) == ("3", "result > 0.9")
    assert filled.settings == {"query": "up{app='web'}", "headers": [{"key": "X-web", "n": 1}]}


def test_the_last_missing_argument_is_named() -> None:
    """Of several unresolved tags the last one in Argo's field order is the error."""
    with pytest.raises(ArgumentError, match=r"failed to resolve \{\{args.low\}\}"):
        resolve(a_metric(), {})


def test_a_control_character_breaks_the_metric_that_uses_it() -> None:
    """Values that no JSON text may hold are refused where they are inserted, and only there."""
    metric = a_metric(query="{{args.q}}")

    with pytest.raises(ArgumentError, match="invalid character 'x' in string escape code"):
        resolve(metric, {"n": "1", "low": "1", "q": "\x01"})
    assert resolve(a_metric(), {"n": "1", "low": "1", "q": "\x01"}).count == "1"


def test_every_field_of_a_metric_has_its_place() -> None:
    """A new field of Metric must be told to the substitution."""
    assert {field.name for field in fields(Metric)} == {*template._FIELDS, "provider"}


def test_an_unclosed_tag_is_an_error() -> None:
    """A text with an opening that never closes says where it starts."""
    with pytest.raises(ArgumentError, match="Cannot find end tag"):
        fill("a {{args.b", {"b": "1"})


def test_supplied_values_win_and_strangers_stay_out() -> None:
    """A value replaces the default, a Secret the value's lack; unknown arguments are left out."""
    wanted = (Arg("a", "1"), Arg("b"), Arg("c", "3"))
    supplied = (Arg("a", "9"), Arg("b", secret=SecretKey("s", "k")), Arg("z", "0"))

    assert merge_args(wanted, supplied) == (Arg("a", "9"), Arg("b", secret=SecretKey("s", "k")), Arg("c", "3"))


def test_an_argument_that_nobody_gives_is_an_error() -> None:
    """Without value and source the run cannot start."""
    with pytest.raises(ArgumentError, match=r"args\.b was not resolved"):
        merge_args([Arg("b")], [])


def test_templates_share_arguments_unless_they_differ() -> None:
    """One value serves all, two different ones are a conflict; a source gives way to the next that names it."""
    assert join_args([[Arg("a")], [Arg("a", "1")], [Arg("a", "1")], [Arg("a")]]) == (Arg("a", "1"),)
    with pytest.raises(ArgumentError, match="specified multiple times with different values: '1', '2'"):
        refuse_conflicts([[Arg("a", "1")], [Arg("a")], [Arg("a", "2")]])
    assert join_args([[Arg("a", "1")], [Arg("a", field_path="metadata.name")]]) == (Arg("a", "1"),)
    assert join_args([[Arg("a", field_path="metadata.name"), Arg("b")], [Arg("a")]]) == (Arg("a"), Arg("b"))


def test_names_must_differ_among_templates() -> None:
    """Two metrics, or two rules, of one name are a conflict."""
    with pytest.raises(ArgumentError, match="two metrics have the same name 'm'"):
        join_metrics([[a_metric()], [a_metric()]])
    with pytest.raises(ArgumentError, match="two Dry-Run metric rules have the same name 'm'"):
        join_rules([[Rule("m")], [Rule("m")]], "Dry-Run")


def test_secrets_are_placeholders_until_they_are_read() -> None:
    """Looking at a metric needs no Secret; measuring does."""
    args = [Arg("t", secret=SecretKey("s", "k"))]

    assert values_of(args) == {"t": template.SECRET_PLACEHOLDER}
    assert values_of(args, {"t": "x"}) == {"t": "x"}
    with pytest.raises(ArgumentError, match='argument "t" was not supplied'):
        values_of(args, {})
