"""Properties of the language of conditions: nothing crashes it, nothing holds it, and it agrees with itself.

`make soak` looks at a hundred times as many inputs (SLUICE_SOAK).
"""

import os
import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from analysis.errors import ExpressionError
from analysis.expression.catalog import BUILTINS
from analysis.expression.conditions import check, holds
from analysis.expression.frame import STEPS
from analysis.expression.functions import GIVEN
from analysis.expression.patterns import pattern, runs_on

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
MORE = settings(
    max_examples=20_000 if os.environ.get("SLUICE_SOAK") else 200,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)
RESULTS = JSON | st.lists(st.floats(), max_size=3).map(tuple)
SMALL = st.sampled_from(
    [
        *(
            "result",
            "result[0]",
            "result.a",
            "nil",
            "true",
            "false",
            "0",
            "1",
            "-7",
            "2.5",
            "1e300",
            "'a'",
            "'é'",
            "''",
        ),
        *("[]", "[1, 2]", "['b', 'a']", "{a: 1}", "1..4", "#", "#acc", "#index", ".a", "'12'", "9223372036854775807"),
        *("date('2024-01-02')", "duration('1h')", "timezone('UTC')", "now()", "split('a,b', ',')", "'('", "$env"),
    ]
)
OPERATORS = st.sampled_from(
    [
        *("+", "-", "*", "/", "%", "**", "==", "!=", "<", ">=", "and", "||", "in", "not in", "??", "..", "contains"),
        *("startsWith", "matches", ";"),
    ]
)
NAMES = st.sampled_from(sorted({*BUILTINS, *GIVEN}))


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, OPERATORS, inner).map(lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"),
        st.tuples(NAMES, st.lists(inner, max_size=3)).map(lambda parts: f"{parts[0]}({', '.join(parts[1])})"),
        st.tuples(inner, NAMES, inner).map(lambda parts: f"({parts[0]} | {parts[1]}({parts[2]}))"),
        st.tuples(inner, inner).map(lambda parts: f"{parts[0]}[{parts[1]}:]"),
        st.tuples(inner, inner).map(lambda parts: f"{parts[0]}?.[{parts[1]}]"),
        st.tuples(inner, inner, inner).map(lambda parts: f"({parts[0]} ? {parts[1]} : {parts[2]})"),
        st.tuples(inner, inner).map(lambda parts: f"(let x = {parts[0]}; {parts[1]} == x)"),
        st.tuples(inner, inner).map(lambda parts: f"{{a: {parts[0]}, ({parts[1]}): 1}}"),
        inner.map(lambda part: f"!{part}"),
        inner.map(lambda part: f"{part}.Year()"),
    )


CONDITIONS = st.recursive(SMALL, _larger, max_leaves=10)


@MORE
@given(st.text(max_size=200) | CONDITIONS.map(lambda text: text.replace("(", "", 1)))
def test_no_text_crashes_the_parser(text: str) -> None:
    """Whatever is written is a condition or an ExpressionError."""
    with suppress(ExpressionError):
        check(text)


@MORE
@given(CONDITIONS, RESULTS)
def test_no_condition_crashes_on_a_result(condition: str, result: Any) -> None:
    """A condition of any parts of the language is true, false or an ExpressionError."""
    with suppress(ExpressionError):
        assert holds(condition, result, NOW) in (True, False)


@MORE
@given(CONDITIONS, RESULTS)
def test_a_condition_and_its_opposite_never_agree(condition: str, result: Any) -> None:
    """Where one has an answer the other has the other answer."""
    assume("now" not in condition)
    try:
        answer = holds(condition, result, NOW)
    except ExpressionError:
        return
    assert holds(f"not ({condition})", result, NOW) is not answer


LETTERS = st.sampled_from("ab.|*+?()[]^$-c")


@MORE
@given(st.text(LETTERS, max_size=8), st.text("abc\n", max_size=6))
def test_patterns_find_what_pythons_do(expression: str, text: str) -> None:
    """On what both engines read the same way they give the same answer."""
    try:
        program = pattern(expression)
    except ExpressionError:
        return
    # Python reads a$ before a last line break, possessive marks, and sets with - in other ways
    assume("$" not in expression and "[" not in expression and "+" not in expression[1:].replace(")+", ""))
    with suppress(re.error):
        assert runs_on(program, text, lambda _: None) is (re.search(expression, text) is not None)


@MORE
@given(st.text("ab(|)*+?", max_size=12))
def test_no_pattern_outlasts_its_steps(expression: str) -> None:
    """However a pattern is built, a thousand characters cost what the pattern is long, times a thousand."""
    spent: list[int] = []
    with suppress(ExpressionError):
        runs_on(pattern(expression), "a" * 1000 + "!", spent.append)
    assert sum(spent) <= STEPS
