"""The parts of the language beyond operators: predicates, pipes, variables, maps, slices, times and patterns."""

from datetime import UTC, datetime
from typing import Any

import pytest

from analysis.errors import ExpressionError
from analysis.expression import functions
from analysis.expression.catalog import BUILTINS, LOOPS
from analysis.expression.conditions import holds

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "condition",
    [
        "all(result, # > 0) and any(result, {# == 3}) and none(result, # > 3) and one(result, # == 1)",
        "result | filter(# > 1) | map(# * 2) == [4, 6]",
        "filter(result, # > 1)[0] == 2 && first(filter(result, # > 9)) == nil",
        "sum(result, # * 10) == 60 && count(result, # > 1) == 2 && mean(result) == 2",
        "reduce(result, #acc + #) == 6 && reduce([], #acc + #, 7) == 7 && map(result, #index) == [0, 1, 2]",
        "find(result, # > 1) == 2 && findLast(result, # < 3) == 2 && findIndex(result, # > 9) == nil",
        "groupBy(result, # > 1)[true] == [2, 3] && len(groupBy(result, #)[9]) == 0",
        "sortBy(result, -#) == [3, 2, 1] && sort(result, 'desc') == [3, 2, 1]",
        "let n = len(result); result[n - 1] == 3 && result[1:] == [2, 3] && result[:-1] == [1, 2]",
        "if len(result) > 5 { false } else if result[0] == 1 { true } else { false }",
        "1; true",
        "{a: {b: 2}}.a.b == 2 && {'x y': 1, (\"z\"): 3}['z'] == 3 && {a: 1}?.b?.c == nil",
        "'hé'[1:] == 'é' && ('é'[:1] + 'é'[1:]) == 'é'",
        "3 in 1..5 && (1..3) == [1, 2, 3] && 5..1 == []",
        "upper('aß') == 'Aß' && split('a,b', ',') == ['a', 'b'] && join(['a', 'b'], '-') == 'a-b'",
        'toJSON({b: 1, a: [1.5]}) == \'{\\n  "a": [\\n    1.5\\n  ],\\n  "b": 1\\n}\'',
        "fromJSON('{\"a\": [1, null]}').a[0] == 1 && fromBase64(toBase64('hi')) == 'hi'",
        "duration('90s').Minutes() == 1.5 && string(duration('90m')) == '1h30m0s'",
        "date('2024-02-29 03:04:05').AddDate(1, 0, 0).Format('Jan _2, 2006') == 'Mar  1, 2025'",
        "now() - duration('1h') < now() && now().Year() == 2026",
        "date('2024-07-04', '2006-01-02', 'America/New_York').UTC().Hour() == 4",
        "bitshl(1, 63) < 0 && bitnand(6, 3) == 4 && bitushr(-1, 60) == 15",
        "'hello' matches '(?i)^H[a-z]{2,}\\\\w$' && 'x' not matches 'y'",
    ],
)
def test_the_whole_language_computes(condition: str) -> None:
    """Each part means what it means in expr-lang."""
    assert holds(condition, (1.0, 2.0, 3.0), NOW)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("map(result)", "expected at least 2 arguments"),
        ("# > 1", 'unexpected token Operator("#")'),
        ("let x = 1, x", 'unexpected token Operator(",")'),
        ("let result = 1; true", "cannot redeclare result"),
        ("let len = 1; true", "cannot redeclare builtin len"),
        ("all(result, # + 1)", "predicate should return boolean (got float64)"),
        ("all('x', # > 1)", "builtin all takes only array (got string)"),
        ("upper(1) == ''", "cannot use int as argument (type string) to call upper "),
        ("filter(result, # > 9)[0] == 1", "reflect: slice index out of range"),
        ("result[0].Year() == 1", "type float64 has no method Year"),
        ("'a' matches '['", "error parsing regexp: missing closing ]: `[`"),
        ("sortBy(result, #, 'up') == []", "unknown order, use asc or desc"),
        ("date('2024-13-01') == now()", "invalid date 2024-13-01"),
        ("{(1): 2} == {}", "interface conversion: interface {} is int, not string"),
        ("'open", "literal not terminated"),
        ("/* open", "unclosed comment"),
        ("groupBy(result, [#]) == {}", "invalid operation: == (mismatched types"),
        ("5 % 0 == 0 || true", "integer divide by zero"),
    ],
)
def test_mistakes_have_the_words_that_users_know(condition: str, message: str) -> None:
    """What is wrong is said as expr-lang says it."""
    with pytest.raises(ExpressionError) as caught:
        holds(condition, (1.0, 2.0, 3.0), NOW)

    assert str(caught.value).startswith(message)


def test_what_cannot_matter_is_not_computed() -> None:
    """expr-lang folds `x and false` before it runs, so that a failing x does not show; so do we."""
    assert holds("!(result.a.b.c > 1 and false)", {}, NOW)


@pytest.mark.parametrize(
    ("condition", "result"),
    [
        ("all(1..900000, any(1..900000, # < 0))", 1.0),
        ("all(1..999, all(1..9999, # > 0))", 1.0),
        ("all(1..1000, result == result)", {"a": [1.0] * 20_000}),
        ("reduce(1..1000, #acc + #acc, 'x') == ''", 1.0),
        ("len(replace(repeat('a', 900000), 'a', repeat('b', 90000))) > 0", 1.0),
        ("result matches '((a?){30}){30}b'", "a" * 100_000),
    ],
)
def test_no_condition_holds_the_process(condition: str, result: Any) -> None:
    """Work and memory have an end, whatever the condition multiplies."""
    with pytest.raises(ExpressionError, match=r"memory budget exceeded|more than \d+ steps"):
        holds(condition, result, NOW)


def test_a_pattern_takes_linear_time() -> None:
    """What would hold a backtracking engine for hours is answered at once."""
    assert not holds("result matches '^(a+)+$'", "a" * 2000 + "!", NOW)


def test_every_function_that_is_declared_does_something() -> None:
    """The catalog and the functions name the same built-ins; loops are compiled by themselves."""
    assert set(functions.BUILTIN) == BUILTINS - set(LOOPS)
