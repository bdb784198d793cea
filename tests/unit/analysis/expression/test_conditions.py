"""Conditions: how they are read, checked and computed; what is refused, and how it is worded."""

from datetime import UTC, datetime
from typing import Any

import pytest

from analysis.errors import ExpressionError, UnsupportedError
from analysis.expression import conditions
from analysis.expression.conditions import check, compiled
from analysis.expression.operands import DEEPEST
from analysis.expression.parser import LONGEST
from analysis.expression.types import FLOAT

NAN = float("nan")
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def holds(condition: str, result: Any) -> bool:
    return conditions.holds(condition, result, NOW)


def refused(condition: str, result: Any = 1.0) -> str:
    with pytest.raises(ExpressionError) as caught:
        holds(condition, result)
    return str(caught.value)


@pytest.mark.parametrize(
    "condition",
    [
        "1 + 2 * 3 == 7",
        "-2 ** 2 == -4",
        "2 ** 3 ** 2 == 512",
        "7 / 2 == 3.5",
        "-7 % 3 == -1",
        "10 - 3 - 2 == 5",
        "1 < 2 < 3",
        "!(3 > 2 > 2)",
        "true || false && false",
        "not false and true",
        "0x1F == 31 && 0o17 == 15 && 0b11 == 3 && 1_000 == 1e3 && .5 == 0.5",
        "9223372036854775807 + 1 < 0",
        "1/0 > 0 && isInf(-1/0) && isNaN(0.0/0)",
        "'it\\'s' == \"it's\" && '\\u00e9\\x41' == 'éA' && `raw\\n` == 'raw\\\\n'",
        "[1, 2] == [1.0, 2] && [] == [] && [1,] != [2]",
        "2 in [1, 2] && 3 not in [1, 2] && 'a' in ['a', nil]",
        "'hello' contains 'ell' and 'hello' startsWith 'he' and 'x' not endsWith 'y'",
        "true ? true : false ? false : true",
        "(nil ?? 5) == 5",
        "len('世界') == 2 && len([1, 2]) == 2",
        "true /* why */ && true // because",
        "true;",
    ],
)
def test_the_language_computes(condition: str) -> None:
    """Operators, literals and comments mean what they mean in expr-lang."""
    assert holds(condition, 1.0)


@pytest.mark.parametrize(
    ("condition", "result"),
    [
        ("result[0] >= 0.95 && result[-1] < 1", (0.95, 0.99)),
        ("len(result) == 0 || result[0] > 1", ()),
        ("isNaN(result) && !(result > 0) && !(result <= 0) && result != result", NAN),
        ("result.a.b[1].c == 3 && result['a']['x'] == nil", {"a": {"b": [0, {"c": 3.0}]}}),
        ("result?.x?.y == nil && result.in == 1", {"in": 1.0}),
        ("asInt(result) == 12 && asFloat(result) == 12.0", "12"),
        ("asFloat(result) == 0.25", "0x1p-2"),
        ("isNil(result) && default(result, 7) == 7", None),
        ("'k' in result and 'z' not in result", {"k": 1.0}),
        ("result.a == [1, 2] && result == result", {"a": [1.0, 2.0]}),
        ("asInt(result) == -9223372036854775807 - 1", 1e30),
    ],
)
def test_results_are_looked_into(condition: str, result: Any) -> None:
    """Vectors, maps, texts and nil answer to indexes, members and functions."""
    assert holds(condition, result)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("result >", "unexpected token EOF"),
        ("1 = 1", 'unexpected token Operator("=")'),
        ("a b", 'unexpected token Identifier("b")'),
        ("'open", "literal not terminated"),
        ("@", "unrecognized character: U+0040 '@'"),
        ("'\\q'", "invalid char escape"),
        ("'\\777'", "unable to unescape string"),
        ("1a", 'bad number syntax: "1a"'),
        ("nope > 1", "unknown name nope"),
        ("false && nope", "unknown name nope"),
        ("'a' > 1", "invalid operation: > (mismatched types string and int)"),
        ("!1", "invalid operation: ! (mismatched type int)"),
        ("result % 2 == 0", "invalid operation: % (mismatched types float64 and int)"),
        ("5 % 0 == 0", "integer divide by zero"),
        ("result", "expected bool, but got float64"),
        ("asInt(1)", "expected bool, but got int64"),
        ("[1, 2][2] == 1", "index out of range: 2 (array length is 2)"),
        (
            "nil ?? 1 + 1",
            "Operator (+) and coalesce expressions (??) cannot be mixed. Wrap either by parentheses.",
        ),
        ("isNaN('x')", "cannot use string as argument (type float64) to call isNaN "),
        ("len(1, 2) == 1", "invalid number of arguments (expected 1, got 2)"),
        ("default(1) == 1", "not enough arguments to call default"),
        ("1 ? true : false", "non-bool expression (type int) used as condition"),
        ("asInt('1.5') == 1", 'strconv.ParseInt: parsing "1.5": invalid syntax'),
        ("asFloat('1e999') > 1", 'strconv.ParseFloat: parsing "1e999": value out of range'),
        ("asInt('99999999999999999999') > 1", 'strconv.ParseInt: parsing "99999999999999999999": value out of range'),
    ],
)
def test_errors_have_the_words_that_users_know(condition: str, message: str) -> None:
    """Mistakes are found while parsing, while checking or while computing, and worded as expr-lang does."""
    assert message == refused(condition)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("result.a + 1 > 2", "invalid operation: string + int"),
        ("result.a && result.n", "interface conversion: interface {} is string, not bool"),
        ("-result.a > 1", "invalid operation: - string"),
        ("+result.n > 1", "invalid operation: <nil> > int"),
        ("result.n.x == 1", "cannot fetch x from <nil>"),
        ("result.a.x == 1", "invalid operation: int(string)"),
        ("result.a && true", "expected bool, but got string"),
        ("result.l['x'] == 1", "invalid operation: int(string)"),
        ("len(result.f) > 1", "invalid argument for len (type float64)"),
        ("1 in result.f", 'operator "in" not defined on float64'),
        ("result.f contains 'x'", "interface conversion: interface {} is float64, not string"),
        ("result.f % 2 == 1", "invalid operation: float64 % int"),
        ("isNaN(result.a)", "interface conversion: interface {} is string, not float64"),
        ("result[0] == 1", "cannot use int to get an element from map[string]interface {}"),
        ("result.f ** 'x' == 1", "invalid operation: ** (mismatched types interface {} and string)"),
    ],
)
def test_what_only_running_shows_is_an_error_too(condition: str, message: str) -> None:
    """Values inside of a map have no static type, so their mistakes come at run time."""
    result = {"a": "x", "n": None, "l": [1.0], "f": 1.5}

    assert message == refused(condition, result)


@pytest.mark.parametrize("result", [None, (), []])
def test_without_data_that_is_the_reason(result: Any) -> None:
    """A condition that fails on an empty result says that there was no data."""
    assert "no data returned" in refused("result[0] > 1", result)


def test_what_this_version_lacks_is_named() -> None:
    """Good expr-lang beyond this version is refused by name, whatever the result is."""
    for result in (1.0, None):
        with pytest.raises(UnsupportedError, match="byte strings"):
            holds("b'x' == b'x'", result)


def test_no_condition_exhausts_the_stack() -> None:
    """Deep nesting and great length are refused before they are followed."""
    assert "nests deeper" in refused("(" * 3000 + "1" + ")" * 3000)
    assert "nests deeper" in refused("1" + "+1" * (DEEPEST + 1) + " > 0")
    assert "nests deeper" in refused("!" * 5000 + "true")
    assert f"{LONGEST} are allowed" in refused(" " * (LONGEST + 1))


def test_a_condition_is_compiled_once_for_a_type() -> None:
    """The same condition on the same type of result is the same code."""
    assert compiled("result > 1", FLOAT) is compiled("result > 1", FLOAT)


def test_a_condition_can_be_checked_without_a_result() -> None:
    """Validation finds what is wrong for every result."""
    check("result[0] > 1")
    with pytest.raises(ExpressionError, match="unknown name nope"):
        check("nope")


@pytest.mark.parametrize(
    "condition",
    [
        "result ** 0.5 == 2.0",
        "isNaN((0 - result) ** 0.5)",
        "(0 - result) ** 3 == -64.0",
        "isInf(10 ** 400)",
        "isInf(0 ** (0 - 1))",
        "(0 - 10) ** 401 < 0",
    ],
)
def test_powers_are_floats_without_exceptions(condition: str) -> None:
    """Overflow is infinite, roots of negative numbers are no number."""
    assert holds(condition, 4.0)
