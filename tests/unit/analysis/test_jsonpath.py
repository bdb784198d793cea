"""kubectl's JSONPath: what paths find, what is missing in its words, and what cannot be read.

The dialect: https://kubernetes.io/docs/reference/kubectl/jsonpath/
"""

from typing import Any

import pytest

from analysis.errors import NoDataError, PathError
from analysis.jsonpath import find
from analysis.jsonpath_template import filled, paths_in, results

BODY: Any = {
    "data": {"value": 4.5, "a.b": 1, "list": [3, 5, 7, 9]},
    "series": [{"name": "ok", "rate": 0.5, "tags": ["x"]}, {"name": "bad", "rate": 2.0}],
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", [BODY]),
        ("{$}", [BODY]),
        ("@", [BODY]),
        (".", [BODY]),
        ("$.data.value", [4.5]),
        (".data.value", [4.5]),
        ("data.value", [4.5]),
        ("$['data']['a.b']", [1]),
        (r".data.a\.b", [1]),
        (".data.list[0]", [3]),
        (".data.list[-1]", [9]),
        (".data.list[1:3]", [5, 7]),
        (".data.list[::2]", [3, 7]),
        (".data.list[:-1]", [3, 5, 7]),
        (".data.list[0, 2]", [3, 7]),
        (".data['value','a.b']", [4.5, 1]),
        (".series[*].name", ["ok", "bad"]),
        (".series.*.rate", [0.5, 2.0]),
        ("..name", ["ok", "bad"]),
        (".series..rate", [0.5, 2.0]),
        ('.series[?(@.name=="bad")].rate', [2.0]),
        (".series[?(@.rate > 1)].name", ["bad"]),
        (".series[?(@.rate <= 0.5)].name", ["ok"]),
        ('.series[?(@.name != "bad")].name', ["ok"]),
        (".series[?(@.tags)].name", ["ok"]),
        (".series[?(@.name > 1)].name", []),
        (".series[?(@.name == bad)].name", ["bad"]),
        (".data.list[?(@ == 7)]", [7]),
        (".nothing.here", []),
        (".data.list[9]", []),
        (".data[0]", []),
        (".data[0:1]", []),
    ],
)
def test_paths_lead_to_values(path: str, found: list[Any]) -> None:
    """Fields, indexes, slices, unions, all, anywhere, and filters; what is not there is nothing."""
    assert find(path, BODY) == found


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (".nothing", "nothing is not found"),
        (".data.list[4]", "array index out of bounds: index 4, length 4"),
        (".data.value[0]", "4.5 is not array or slice"),
        (".data.value[0:1]", "4.5 is not array or slice"),
    ],
)
def test_what_is_missing_is_told_where_that_matters(path: str, message: str) -> None:
    """In kubectl's words."""
    with pytest.raises(NoDataError, match=f"^{message.replace('[', '.')}$"):
        find(path, BODY, is_strict=True)


@pytest.mark.parametrize("path", [".data[oops]", ".data[", ".a b", ".list[1:2:0]", ".data[1:2:3:4]"])
def test_a_path_that_cannot_be_read_is_named(path: str) -> None:
    """The error holds the path."""
    with pytest.raises(PathError, match="JSONPath"):
        find(path, BODY)


def test_a_path_of_spaces_takes_no_time() -> None:
    """Whoever writes a template cannot hold the controller by it."""
    spaces = " " * 20_000

    assert find(f".series[?(@.name{spaces}== 'x')]", BODY) == []
    with pytest.raises(PathError):
        find(f".data['value'{spaces}", BODY)


@pytest.mark.parametrize(
    "path", ["..*" * 8, "[*]" + "[0,0]" * 25, "[?(@..*..*..* == @..*..*..*)]", "..nowhere" + "..*" * 8]
)
def test_no_path_holds_the_loop(path: str) -> None:
    """Some lead to more values than there are atoms, in a value of a few bytes: they are given up."""
    deep: Any = {"nowhere": 1}
    for _ in range(40):
        deep = [deep, deep]
    flat: Any = 1
    for _ in range(60):
        flat = [flat]

    with pytest.raises(PathError, match="takes more than 250,000 steps here: name what is wanted more closely"):
        find(path, {"a": deep, "b": flat} if "nowhere" in path else [flat, flat])


def test_templates_give_their_values() -> None:
    """Each path in turn; text between is no value."""
    assert list(results(paths_in("v={$.data.value} {.series[0].name}"), BODY)) == [4.5, "ok"]


@pytest.mark.parametrize(
    ("template", "message"),
    [("$.data", "paths stand in braces"), ("{range .series[*]}{.name}{end}", "gives a text"), ("{.a", "unclosed")],
)
def test_templates_without_values_are_refused(template: str, message: str) -> None:
    """A path without braces would be a text that is always there."""
    with pytest.raises(PathError, match=message):
        paths_in(template)


def test_templates_give_text() -> None:
    """Ranges and literals, as kubectl prints them."""
    assert filled('{range .series[*]}{.name}:{.rate}{"\\t"}{end}', BODY) == "ok:0.5\tbad:2.0\t"
