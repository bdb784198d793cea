"""Server-side apply, beyond the examples of the contract: what holds for any object and any manager."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts.cluster.errors import ConflictError
from rollouts.cluster.port import Json
from rollouts.simulator.store.apply import Applied, applied
from rollouts.simulator.store.fields import Path, leaves_of, places_of, read, shown, written
from rollouts.simulator.store.managers import Writer, after_update, entries_of
from rollouts.simulator.store.meta import with_meta
from rollouts.simulator.store.shapes import ATOMIC, PLAIN, SET, Shape, by

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SHAPE = Shape(fields={"items": by("name"), "tags": SET, "whole": ATOMIC, "list": ATOMIC, "map": PLAIN})

_NAMES = st.sampled_from("xyz")
_ITEM = st.fixed_dictionaries({"name": _NAMES}, optional={"value": st.integers(0, 2)})
_CONFIGS = st.fixed_dictionaries(
    {},
    optional={
        "items": st.lists(_ITEM, unique_by=lambda item: item["name"], max_size=3),
        "tags": st.lists(_NAMES, unique=True, max_size=3),
        "whole": st.dictionaries(_NAMES, st.integers(0, 2), max_size=2),
        "list": st.lists(st.integers(0, 2), max_size=2),
        "map": st.dictionaries(_NAMES, st.integers(0, 2), max_size=2),
    },
)


def _apply(live: Json, config: Json, manager: str) -> Json:
    writer = Writer(manager, "Apply", "v1", "", NOON)
    done: Applied = applied(live, {**config, "metadata": {}}, writer, SHAPE, is_forced=True)
    return with_meta({"metadata": {}, **done.obj}, managedFields=entries_of(done.owners) or None)


START = _apply({}, {"base": 1}, "base")  # somebody owns something, so that no owner need be made up


@given(_CONFIGS)
def test_apply_gives_what_it_names(config: Json) -> None:
    """An apply to nothing makes just its config."""
    made = _apply({}, config, "one")

    assert {name: value for name, value in made.items() if name != "metadata"} == config


@given(_CONFIGS, _CONFIGS)
def test_applying_twice_is_applying_once(first: Json, config: Json) -> None:
    """A second apply of the same config changes nothing, whatever others hold."""
    once = _apply(_apply(START, first, "other"), config, "one")

    assert _apply(once, config, "one") == once


@given(_CONFIGS, _CONFIGS)
def test_letting_go_gives_back(others: Json, config: Json) -> None:
    """After a manager applies nothing, what the other still owns is there and nothing of its own is left."""
    both = _apply(_apply(START, others, "other"), config, "one")
    after = _apply(both, {}, "one")
    managers = {entry["manager"] for entry in after["metadata"].get("managedFields", [])}

    assert managers <= {"other", "base"}
    assert leaves_of(after, SHAPE).keys() <= places_of(both, SHAPE).keys()


@given(_CONFIGS, _CONFIGS)
def test_forced_apply_has_its_way(others: Json, config: Json) -> None:
    """With force every field that the config names has the config's value."""
    after = leaves_of(_apply(_apply(START, others, "other"), config, "one"), SHAPE)
    wanted = {path: value for path, value in leaves_of(config, SHAPE).items() if value is not None}

    assert wanted.items() <= after.items()


@given(_CONFIGS)
def test_fields_are_written_and_read_back(config: Json) -> None:
    """fieldsV1 holds every path."""
    paths = frozenset(leaves_of(config, SHAPE))

    assert frozenset(read(written(paths))) == paths


@given(_CONFIGS, _CONFIGS)
def test_who_writes_owns_what_differs(old: Json, new: Json) -> None:
    """Every place that was not there, or held something else; no other, however much is written with it."""
    before, after = places_of(old, SHAPE), places_of(new, SHAPE)
    changed = {path for path, value in after.items() if path not in before or before[path] != value}
    (owner,) = after_update((), old, new, Writer("one", "Update", "v1", "", NOON), SHAPE)

    assert owner.paths == changed


def test_object_without_owners_gets_one() -> None:
    """Where owners were forgotten, all that stands there belongs to `before-first-apply`, so that applies conflict."""
    live = {"metadata": {}, "map": {"x": 1}}
    writer = Writer("one", "Apply", "v1", "", NOON)

    with pytest.raises(ConflictError, match='conflict with "before-first-apply"'):
        applied(live, {"metadata": {}, "map": {"x": 2}}, writer, SHAPE, is_forced=False)


@pytest.mark.parametrize(
    ("live", "config", "expected"),
    [
        ("x", "y", "xy"),
        ("xyz", "zyx", "zyx"),
        ("axb", "nx", "anxb"),
        ("xly", "yx", "lyx"),
        ("ab", "", "ab"),
        ("", "ab", "ab"),
    ],
)
def test_items_keep_their_places(live: str, config: str, expected: str) -> None:
    """The applied items are in their manager's order, the others stay before what they stood before."""
    items: dict[str, Any] = {"items": [{"name": name} for name in live]}
    after = _apply(_apply({}, items, "other"), {"items": [{"name": name} for name in config]}, "one")

    assert "".join(item["name"] for item in after.get("items", [])) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("f:spec", "f:replicas"), ".spec.replicas"),
        (("f:items", 'k:{"name":"x"}', "f:value"), '.items[name="x"].value'),
        (("f:ports", 'k:{"port":80,"protocol":"TCP"}'), '.ports[port=80,protocol="TCP"]'),
        (("f:tags", 'v:"x"'), '.tags[="x"]'),
    ],
)
def test_paths_are_shown_as_the_api_does(path: Path, expected: str) -> None:
    """Conflicts name fields in the API server's notation."""
    assert shown(path) == expected
