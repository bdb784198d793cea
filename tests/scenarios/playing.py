"""`@scenario`: one story, two tests. Called by every module of scenarios; conftest gives the real ones' theatre."""

import re
from collections.abc import Callable
from typing import overload

import pytest

from tests.scenarios.embedded import Story, play
from tests.scenarios.real import Theatre

PLACES = ("embedded", pytest.param("real", marks=pytest.mark.e2e))


Test = Callable[..., None]


@overload
def scenario(story: Story) -> Test: ...


@overload
def scenario(*, served: bool) -> Callable[[Story], Test]: ...


def scenario(story: Story | None = None, *, served: bool = False) -> Test | Callable[[Story], Test]:
    """Make the tests of a story: `[embedded]` in virtual time, and `[real]`, which `make e2e` runs.

    `served`: the story calls the real kubectl; the embedded cluster then lives in real time behind its HTTP front.
    """
    if story is None:
        return lambda told: _tests_of(told, served=served)
    return _tests_of(story, served=served)


def _tests_of(story: Story, *, served: bool) -> Test:
    @pytest.mark.parametrize("place", PLACES)
    def played(place: str, request: pytest.FixtureRequest) -> None:
        if place == "embedded":
            play(story, namespace_of(story.__name__), served=served)
        else:
            theatre: Theatre = request.getfixturevalue("theatre")
            theatre.result(namespace_of(story.__name__))

    played.__doc__, played.__name__, played.__qualname__ = story.__doc__, story.__name__, story.__qualname__
    played.__module__ = story.__module__
    played.story = story  # type: ignore[attr-defined]  # conftest finds it here
    return played


def stories_of(items: list[pytest.Item]) -> dict[str, Story]:
    """The stories behind the `[real]` tests, by namespace."""
    found: dict[str, Story] = {}
    for item in (one for one in items if isinstance(one, pytest.Function) and _is_real(one)):
        namespace = namespace_of(item.function.__name__)
        if namespace in found:
            pytest.fail(f"two scenarios play in namespace {namespace}: give {item.nodeid} another name")
        found[namespace] = item.function.story
    return found


def namespace_of(name: str) -> str:
    """A namespace named for its story."""
    return re.sub(r"[^a-z0-9]+", "-", name.removeprefix("test_").lower())[:60].strip("-")


def _is_real(item: pytest.Function) -> bool:
    return hasattr(item.function, "story") and item.callspec.params.get("place") == "real"
