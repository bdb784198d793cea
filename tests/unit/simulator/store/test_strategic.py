"""Strategic merge patches that are wrong, and lists of scalars."""

import pytest

from rollouts.cluster.errors import BadRequestError
from rollouts.simulator.store.shapes import SET, Shape, by
from rollouts.simulator.store.strategic import strategically_merged

SHAPE = Shape(fields={"items": by("name"), "tags": SET})


def test_unknown_directive_is_refused() -> None:
    """A directive that does not exist is named, with the ones that do."""
    with pytest.raises(BadRequestError, match="write replace, delete or merge"):
        strategically_merged({}, {"$patch": "explode"}, SHAPE)


def test_item_without_its_key_is_refused() -> None:
    """An item that cannot be told apart is an error, not another item."""
    with pytest.raises(BadRequestError, match="does not contain declared merge key: name"):
        strategically_merged({}, {"items": [{"value": 1}]}, SHAPE)


def test_sets_are_ordered_too() -> None:
    """`$setElementOrder` orders scalars; those that it does not name stay before what they stood before."""
    patch = {"$setElementOrder/tags": ["c", "a"], "tags": ["c"]}

    assert strategically_merged({"tags": ["b", "a"]}, patch, SHAPE) == {"tags": ["c", "b", "a"]}


def test_directives_about_absent_lists_do_nothing() -> None:
    """Order and deletions for a list that is not there leave it so."""
    patch = {"$setElementOrder/tags": ["a"], "$deleteFromPrimitiveList/tags": ["a"]}

    assert strategically_merged({"x": 1}, patch, SHAPE) == {"x": 1}


def test_what_is_new_carries_no_directives() -> None:
    """A map that a patch brings in whole is stored without its directives and nulls."""
    patch = {"map": {"$patch": "merge", "a": {"$retainKeys": ["b"], "b": 1, "c": None}}}

    assert strategically_merged({}, patch, SHAPE) == {"map": {"a": {"b": 1}}}


def test_merge_is_the_default_directive() -> None:
    """`$patch: merge` says what would happen anyway."""
    patch = {"items": [{"$patch": "merge", "name": "a", "value": 2}]}

    assert strategically_merged({"items": [{"name": "a", "value": 1, "x": 3}]}, patch, SHAPE) == {
        "items": [{"name": "a", "value": 2, "x": 3}]
    }
