"""Whole requests from fractions."""

import random

from hypothesis import given
from hypothesis import strategies as st

from rollouts.simulator.traffic.split import Split


@given(
    counts=st.lists(st.integers(0, 50), max_size=60),
    weights=st.dictionaries(st.text(max_size=2), st.integers(0, 100), min_size=1, max_size=5).filter(
        lambda weights: any(weights.values())
    ),
)
def test_parts_add_up_and_follow_the_weights(counts: list[int], weights: dict[str, float]) -> None:
    """Every request goes somewhere, none to weight zero, and nobody is ever more than a request or two off its due."""
    split, total = Split(), dict.fromkeys(weights, 0)
    for count in counts:
        parts = split.share(count, weights)
        assert sum(parts.values()) == count
        total = {name: total[name] + parts.get(name, 0) for name in total}

    for name, weight in weights.items():
        due = sum(counts) * weight / sum(weights.values())
        assert total[name] == 0 if weight == 0 else abs(total[name] - due) < len(weights)


def test_a_small_part_is_carried_over() -> None:
    """Five percent of ten requests is one every other time."""
    split = Split()

    got = [split.share(10, {"bad": 0.05, "good": 0.95}).get("bad", 0) for _ in range(8)]

    assert sum(got) == 4


def test_dice_follow_their_seed() -> None:
    """With noise the parts vary, and the same seed throws the same."""
    first = [Split(random.Random(3)).share(100, {"a": 1.0, "b": 1.0}) for _ in range(2)]

    assert first[0] == first[1]
    assert sum(first[0].values()) == 100
