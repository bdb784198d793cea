"""Colours and widths of outputs, and the cluster that can only be looked at."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from rollouts.cli.looking import Looking, Shelf
from rollouts.cli.style import Style, columns, cut, style_of
from rollouts.cluster.errors import NotFoundError
from rollouts.cluster.kinds import PODS, SERVICES
from rollouts.cluster.port import Collection, Json, Patch, PatchType, Target
from rollouts.model.errors import RolloutsError

SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"}}


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this test runs in."""
    for name in ("NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


@pytest.mark.parametrize(
    ("variables", "is_terminal", "no_colour", "expected"),
    [
        ({}, True, False, True),
        ({}, False, False, False),
        ({}, True, True, False),
        ({"NO_COLOR": "1"}, True, False, False),
        ({"NO_COLOR": ""}, True, False, True),
        ({"TERM": "dumb"}, True, False, False),
    ],
)
def test_colours_are_for_terminals_whose_user_wants_them(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], is_terminal: bool, no_colour: bool, expected: bool
) -> None:
    """An empty NO_COLOR is none, as its inventors say."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert style_of(lambda: is_terminal, no_colour=no_colour).is_coloured is expected


def test_the_width_is_what_the_user_says_or_a_hundred(monkeypatch: pytest.MonkeyPatch) -> None:
    """COLUMNS wins, files are as wide as people read, and nothing is narrower than can be read."""
    assert style_of(lambda: False).width == 100
    monkeypatch.setenv("COLUMNS", "73")
    assert style_of(lambda: False).width == 73
    monkeypatch.setenv("COLUMNS", "3")
    assert style_of(lambda: True).width == 40


def test_text_is_aligned_and_broken_at_words() -> None:
    """Colours are put on after that, so they cost no column."""
    assert columns([("a", "bb"), ("ccc", "d")], gap=1) == ["a   bb", "ccc d "]
    assert cut("one two-three four", 12) == ["one", "two-three", "four"]
    assert Style(is_coloured=True).tone("x", "bad") == "\x1b[31mx\x1b[0m"
    assert Style().tone("x", "bad") == "x"


def test_a_shelf_of_files_looks_like_a_cluster() -> None:
    """Objects by address, lists by kind and namespace, kinds that there are."""
    look = Looking(Shelf([SERVICE]))

    assert asyncio.run(look.get(Target(SERVICES, "web", "shop"))) == SERVICE
    assert asyncio.run(look.list(Collection(SERVICES))).items == (SERVICE,)
    assert asyncio.run(look.list(Collection(SERVICES, "other"))).items == ()
    assert [resource.kind for resource in asyncio.run(look.discover())] == ["Service"]
    with pytest.raises(NotFoundError, match='services "gone" not found'):
        asyncio.run(look.get(Target(SERVICES, "gone", "shop")))


Try = Callable[[Looking], Coroutine[Any, Any, Json | None]]


@pytest.mark.parametrize(
    "write",
    [
        lambda look: look.create(Collection(SERVICES, "shop"), SERVICE),
        lambda look: look.patch(Target(SERVICES, "web", "shop"), Patch(PatchType.MERGE, {})),
        lambda look: look.replace(Target(SERVICES, "web", "shop"), SERVICE),
        lambda look: look.delete(Target(SERVICES, "web", "shop")),
        lambda look: look.evict(Target(PODS, "web", "shop")),
    ],
)
def test_nothing_behind_it_can_write(write: Try) -> None:
    """Whatever is decided upon what was seen."""
    with pytest.raises(RolloutsError, match="it changes nothing"):
        asyncio.run(write(Looking(Shelf([SERVICE]))))
