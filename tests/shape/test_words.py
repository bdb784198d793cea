"""What must be said: a sentence in every test, a docstring in every module, a reason beside every exception."""

import ast
import re

import pytest

from tests.shape.source import PRODUCT, Definition, Source, sources

# A code in brackets or after a colon, then a comment of its own that says why.
BARE_EXCEPTION = re.compile(r"#\s*(noqa|type:\s*ignore|pragma)\b(?![^#\n]*#\s*\w)")
CODELESS = re.compile(r"#\s*(noqa(?!:)|type:\s*ignore(?!\[))")
UNFINISHED = re.compile(r"#\s*(TODO|FIXME|XXX|HACK)\b|raise NotImplementedError")


def the_tests_of(source: Source) -> list[Definition]:
    """Test functions of a file."""
    return [function for function in source.functions if function.name.startswith("test")]


def is_sentence(docstring: str | None) -> bool:
    """One paragraph that begins with a capital or a quoted name and ends with a stop."""
    return docstring is not None and "\n\n" not in docstring and docstring.rstrip().endswith((".", "?", "!"))


def test_every_test_is_one_sentence() -> None:
    """Each test says in one sentence what holds."""
    silent = [
        f"{source.name}:{test.name}"
        for source in sources("tests")
        for test in the_tests_of(source)
        if not is_sentence(ast.get_docstring(test))
    ]

    assert silent == []


def test_every_module_says_what_it_is_for() -> None:
    """Each module, tests and tools included, opens with a docstring."""
    silent = [
        source.name
        for source in sources(*PRODUCT, "tests", "tools")
        if source.text.strip() and not ast.get_docstring(source.tree)
    ]

    assert silent == []


def commented(pattern: re.Pattern[str]) -> list[str]:
    """Places of a comment in the tree, this folder aside."""
    return [
        f"{source.name}:{number}: {line.strip()}"
        for source in sources(*PRODUCT, "tests", "tools")
        if not source.name.startswith("tests/shape/")
        for number, line in enumerate(source.text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_every_lint_exception_has_its_reason() -> None:
    """A noqa or type: ignore is followed by a comment that says why it must be."""
    assert commented(BARE_EXCEPTION) == []


def test_every_lint_exception_names_its_rule() -> None:
    """A noqa or type: ignore silences one rule, never all of them."""
    assert commented(CODELESS) == []


def test_nothing_is_left_to_do() -> None:
    """The tree holds no stub and no note to do something later."""
    assert commented(UNFINISHED) == []


@pytest.mark.parametrize(
    ("line", "is_bare"),
    [
        ("x = 1  # noqa: E501", True),
        ("x = 1  # noqa: E501  # a URL cannot be broken", False),
        ("x = f()  # type: ignore[no-any-return]", True),
        ("x = f()  # type: ignore[no-any-return]  # the library has no types", False),
        ("x = 1  # no question about it", False),
    ],
)
def test_a_bare_exception_is_recognised(line: str, is_bare: bool) -> None:
    """The pattern tells an exception with its reason from one without."""
    assert bool(BARE_EXCEPTION.search(line)) is is_bare
