"""YAML as it is meant: the traps of 1.1 are gone, and nothing that a file holds can break the reader."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts.gitsync.yaml12 import YamlError, load


def value_of(text: str) -> Any:
    return [document.value for document in load(text)]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("n", "n"),
        ("True", True),
        ("1:20", "1:20"),
        ("2024-01-01", "2024-01-01"),
        ("1_000", "1_000"),
        ("0644", 420),
        ("0o644", 420),
        ("0x1F", 31),
        ("08", 8.0),
        ("-7", -7),
        ("1e3", 1000.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("~", None),
        ("", None),
        ("=", "="),
        (".inf", ".inf"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("!!str 5", "5"),
        ("!!int '5'", 5),
        ("!!binary aGk=", "aGk="),
        ("|\n  0644\n", "0644\n"),
    ],
)
def test_scalars(written: str, expected: Any) -> None:
    """A word means what it says; an octal file mode stays octal, as in Go."""

    assert value_of(f"it: {written}") == [{"it": expected}]


def test_keys_are_strings() -> None:
    """A key that looks like a number or a bool is a word: JSON has no other."""

    assert value_of("1: a\ntrue: b\non: c") == [{"1": "a", "true": "b", "on": "c"}]


def test_merge_keys_and_aliases() -> None:
    """Own keys win over merged ones, whatever their order."""
    text = "base: &b {x: 1, y: 2}\nit: {y: 3, <<: *b}\nlist: {<<: [{x: 5}, *b]}\nagain: *b"

    (found,) = value_of(text)

    assert found["it"] == {"x": 1, "y": 3}
    assert found["list"] == {"x": 5, "y": 2}
    assert found["again"] == {"x": 1, "y": 2}


def test_empty_documents_do_not_count() -> None:
    """Separators and comments make no document."""

    assert value_of("---\n---\na: 1\n---\n# nothing\n") == [{"a": 1}]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: [", 2, "did not find expected"),
        ("a: 1\nb: c: d", 2, "mapping values are not allowed"),
        ("a: 1\na: 2", 2, "stands twice"),
        ("a: 1\nb: *no", 2, "undefined alias"),
        ("a: &x [*x]", 1, "too large or too deep"),
        ("a: 1\nb: !python/object:os.system x", 2, "no meaning"),
        ("a: 1\nb: !!set {x}", 2, "no meaning"),
        ("a: 1\n? [x]\n: 1", 2, "plain word"),
        ("a: 1\n<<: 7", 2, "mappings only"),
        ("a: 1\nb: \x01", 2, "unreadable character"),
        ("[" * 200 + "]" * 200, 1, "too deep"),
    ],
)
def test_mistakes_name_their_line(text: str, line: int, words: str) -> None:
    """What makes no sense is told with its line."""
    with pytest.raises(YamlError) as caught:
        list(load(text))

    assert caught.value.line == line
    assert words in str(caught.value)


def test_bytes_that_are_no_text() -> None:
    """A binary file under a YAML name is a mistake like any other."""
    with pytest.raises(YamlError) as caught:
        list(load(b"a: 1\nb: \xff\xfe"))

    assert caught.value.line == 2


def test_a_billion_laughs() -> None:
    """Aliases of aliases are counted as they are followed, and refused before memory runs out."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(YamlError, match="too large"):
        list(load("\n".join(lines)))


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=20,
)


@given(value=st.dictionaries(WORDS, JSON, min_size=1))
def test_json_is_yaml(value: dict[str, Any]) -> None:
    """Every JSON object reads as itself."""

    assert value_of(json.dumps(value, ensure_ascii=False)) == [value]
