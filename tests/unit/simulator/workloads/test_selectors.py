"""Selectors and the indexes over them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts.cluster.informers import Cache
from rollouts.cluster.port import Json
from rollouts.simulator.workloads.selectors import (
    Labelled,
    Selecting,
    Selector,
    key_of,
    label_selector,
    labels_of,
    service_selector,
)

LABELS = st.dictionaries(st.sampled_from("abc"), st.sampled_from("xy"), max_size=3)


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [
        ("In", ["x"], True),
        ("NotIn", ["x"], False),
        ("Exists", [], True),
        ("DoesNotExist", [], False),
        ("Near", [], False),
    ],
)
def test_set_expressions(operator: str, values: list[str], expected: bool) -> None:
    """Every operator of a label selector, and no match for one that is none."""
    selector = label_selector(
        {"spec": {"selector": {"matchExpressions": [{"key": "a", "operator": operator, "values": values}]}}}
    )

    assert selector is not None
    assert selector.matches({"a": "x"}) is expected


def test_nothing_selects_nothing() -> None:
    """A Service without a selector has none; an empty label selector takes everything."""
    everything = label_selector({"spec": {"selector": {}}})

    assert service_selector({"spec": {}}) is None
    assert label_selector({"spec": {}}) is None
    assert everything is not None
    assert everything.matches({"a": "x"})


def an_object(name: str, version: int, labels: dict[str, str], selects: dict[str, str]) -> Json:
    """An object that has labels and selects others by labels."""
    meta: dict[str, Any] = {"name": name, "namespace": "shop", "uid": name, "labels": labels}
    return {"metadata": {**meta, "resourceVersion": str(version)}, "spec": {"selector": selects}}


@given(
    changes=st.lists(st.tuples(st.sampled_from("pqr"), LABELS, LABELS, st.booleans()), max_size=20),
    wanted=LABELS,
)
def test_indexes_find_what_a_scan_finds(
    changes: list[tuple[str, dict[str, str], dict[str, str], bool]], wanted: dict[str, str]
) -> None:
    """After any changes the indexes answer as if every object were looked at."""
    cache = Cache()
    labelled, selecting = Labelled(cache), Selecting(cache, service_selector)
    for version, (name, labels, selects, is_gone) in enumerate(changes, start=1):
        obj = an_object(name, version, labels, selects)
        if is_gone:
            cache.remove(obj)
        else:
            cache.put(obj)
    selector = Selector(tuple(sorted(wanted.items())))
    by_name = sorted(cache, key=key_of)

    assert labelled.matching("shop", selector) == [obj for obj in by_name if selector.matches(labels_of(obj))]
    assert selecting.concerned("shop", wanted) == [
        key_of(obj) for obj in by_name if (each := service_selector(obj)) is not None and each.matches(wanted)
    ]
