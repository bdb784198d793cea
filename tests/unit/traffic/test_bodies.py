"""Reading with tolerance, and patches that say just what differs."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts.model import patches
from rollouts.model.weights import Unknown, Weights
from rollouts.traffic import bodies
from tests.golden.traffic import merged

plain = st.one_of(st.integers(), st.text("xyé", max_size=3), st.lists(st.integers(), max_size=2))
objects: st.SearchStrategy[Any] = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(plain, lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
)


@given(before=objects, after=objects)
def test_a_difference_leads_from_one_to_the_other(before: Any, after: Any) -> None:
    """Merged into the first, the difference gives the second; of the same there is none."""
    assert merged(before, patches.difference(before, after)) == after
    assert patches.difference(before, before) == {}


@pytest.mark.parametrize(("value", "expected"), [(5, 5), ("5", 5), (True, None), ("many", None), (None, None)])
def test_numbers_may_be_written_as_strings(value: Any, expected: int | None) -> None:
    """What is no whole number counts as none."""
    assert bodies.number(value) == expected


def test_names_are_told_once() -> None:
    """Single names and lists of them, without what is empty or no name."""
    assert bodies.names("a", ["b", "a", "", 3], None) == ("a", "b")


def test_routes_speak_with_one_voice() -> None:
    """One that is unknown makes all unknown; so does a disagreement, and silence."""
    one, other = Weights(5, 95), Weights(6, 94)

    assert bodies.agreed([one, one], "none") == one
    assert bodies.agreed([one, Unknown("gone")], "none") == Unknown("gone")
    assert isinstance(bodies.agreed([one, other], "none"), Unknown)
    assert bodies.agreed([], "none") == Unknown("none")
