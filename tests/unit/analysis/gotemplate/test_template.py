"""Go templates, held against what Go's own text/template (Go 1.26) made of the same texts; and their bounds."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from analysis import gotemplate
from analysis.errors import TemplateError

RECORDED = Path(__file__).parents[2] / "data" / "gotemplate.jsonl"
CASES = [json.loads(line) for line in RECORDED.read_text(encoding="utf-8").splitlines()]
WORDS = ("name", "namespace", "target", "service", "ingress", "route", "interval")
VARIABLES = {"q": "0.9", "a_b": "z", "a-b": "y"}


def _value(value: Any) -> Any:
    return value


FUNCTIONS: dict[str, Any] = {word: partial(_value, f"v-{word}") for word in WORDS}
FUNCTIONS["variables"] = partial(_value, VARIABLES)


def rendered(text: str) -> str:
    """The text filled in."""
    return gotemplate.parse(text, frozenset(FUNCTIONS)).render(FUNCTIONS)


@pytest.mark.parametrize("case", CASES, ids=[case["text"][:40] for case in CASES])
def test_a_template_comes_out_as_in_go(case: dict[str, str]) -> None:
    """The same text, or the same words about the same place."""
    try:
        found = {"text": case["text"], "output": rendered(case["text"])}
    except TemplateError as error:
        found = {"text": case["text"], "error": str(error)}

    assert case == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x" * 100_000, "more than 65536 characters"),
        ("{{ range 1000000000 }}x{{ end }}", "takes more than 20000 steps"),
        ("{{ range 1000 }}" + "x" * 1000 + "{{ end }}", "writes more than 262144 characters"),
        ("{{ $x := `x` }}" + "{{ $x = printf `%s%[1]s` $x }}" * 40, "a text of more than 262144 characters"),
        ("{{ $x := `\\\\` }}" + "{{ $x = js $x }}" * 40, "a text of more than 262144 characters"),
        ('{{ printf "%1000000d" 1 }}', "a width of 1000000 is too large"),
        ("{{ " + "(" * 60 + "name" + ")" * 60 + " }}", "more than 50 actions or parentheses in each other"),
        ("{{ if name }}" * 60 + "{{ end }}" * 60, "more than 50 actions or parentheses in each other"),
        ('{{ define "t" }}{{ template "t" }}{{ end }}{{ template "t" }}', "exceeded maximum template depth (20)"),
    ],
)
def test_no_template_can_hold_the_controller(text: str, words: str) -> None:
    """Size, steps, output and depth are bounded."""
    with pytest.raises(TemplateError) as told:
        rendered(text)

    assert words in str(told.value)


def test_complex_numbers_are_nobodys_query() -> None:
    """What Go has beside numbers is refused in Go's words for a number that cannot be read."""
    with pytest.raises(TemplateError, match='bad number syntax: "1i"'):
        rendered("{{ 1i }}")
