"""Contract: label and field selectors."""

import pytest

from rollouts.cluster.errors import BadRequestError
from rollouts.cluster.kinds import EVENTS
from rollouts.cluster.port import Cluster, Collection, Query
from tests.contract.builders import Bench, config_map, config_maps, pod, pods, widget, widgets

_LABELS = {
    "a": {"app": "web", "tier": "1"},
    "b": {"app": "web", "tier": "2"},
    "c": {"app": "db", "sluice.dev/role": "x"},
    "d": {},
}


async def _listed(bench: Bench, query: Query) -> str:
    page = await bench.cluster.list(bench.collection, query)
    return "".join(sorted(obj["metadata"]["name"] for obj in page.items))


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("app=web", "ab"),
        ("app==web", "ab"),
        ("app!=web", "cd"),
        ("app=web,tier=2", "b"),
        ("app in (web, db)", "abc"),
        ("app notin (web)", "cd"),
        ("app in (web),tier notin (1)", "b"),
        ("tier", "ab"),
        ("!app", "d"),
        ("!tier,app", "c"),
        ("tier>1", "b"),
        ("tier<2", "a"),
        ("sluice.dev/role=x", "c"),
        ("app=", ""),
        ("", "abcd"),
    ],
)
async def test_label_selectors(cluster: Cluster, namespace: str, selector: str, expected: str) -> None:
    """Equality and set requirements hold together; absent labels meet `!=`, `notin` and `!`."""
    bench = widgets(cluster, namespace)
    for name, labels in _LABELS.items():
        await bench.create(widget(name, labels=labels))

    assert await _listed(bench, Query(labels=selector)) == expected


@pytest.mark.parametrize("selector", ["app in web", "a b", "=x", "app=(x)", "tier>x"])
async def test_unreadable_label_selectors_are_refused(cluster: Cluster, namespace: str, selector: str) -> None:
    """What is no selector is a bad request."""
    with pytest.raises(BadRequestError):
        await cluster.list(widgets(cluster, namespace).collection, Query(labels=selector))


@pytest.mark.parametrize(
    ("selector", "expected"),
    [("metadata.name=b", "b"), ("metadata.name!=b", "ac"), ("metadata.name==b", "b"), ("metadata.name=z", "")],
)
async def test_field_selectors_on_names(cluster: Cluster, namespace: str, selector: str, expected: str) -> None:
    """Every kind can be selected by name."""
    bench = widgets(cluster, namespace)
    for name in "abc":
        await bench.create(widget(name))

    assert await _listed(bench, Query(fields=selector)) == expected


async def test_field_selector_on_namespaces(cluster: Cluster, namespace: str) -> None:
    """Every namespaced kind can be selected by namespace."""
    bench = config_maps(cluster, namespace)
    await bench.create(config_map("a"))
    found = await cluster.list(Collection(bench.resource), Query(fields=f"metadata.namespace={namespace}"))

    assert {obj["metadata"]["namespace"] for obj in found.items} == {namespace}


async def test_unknown_fields_are_refused(cluster: Cluster, namespace: str) -> None:
    """A field that the kind cannot be selected by is a bad request that names it."""
    with pytest.raises(BadRequestError, match=r"field label not supported: spec\.colour"):
        await cluster.list(widgets(cluster, namespace).collection, Query(fields="spec.colour=red"))


async def test_selectors_hold_together(cluster: Cluster, namespace: str) -> None:
    """A list with labels and fields holds what meets both."""
    bench = widgets(cluster, namespace)
    for name, labels in _LABELS.items():
        await bench.create(widget(name, labels=labels))

    assert await _listed(bench, Query(labels="app=web", fields="metadata.name!=a")) == "b"


async def test_pods_are_selected_by_node_and_phase(cluster: Cluster, namespace: str) -> None:
    """Pods know spec.nodeName and status.phase."""
    bench = pods(cluster, namespace)
    await bench.create(pod("a"))
    await bench.create(pod("b"))
    await bench.merge("b", {"status": {"phase": "Running"}}, "status")

    assert await _listed(bench, Query(fields="status.phase=Pending")) == "a"
    assert await _listed(bench, Query(fields="status.phase=Running")) == "b"
    assert await _listed(bench, Query(fields="spec.nodeName=")) == "ab"


async def test_events_are_selected_by_what_they_are_about(cluster: Cluster, namespace: str) -> None:
    """Events know their object, reason and type."""
    bench = Bench(cluster, EVENTS, namespace)
    for name, about, reason, type_ in (("a", "x", "Scaled", "Normal"), ("b", "y", "Failed", "Warning")):
        await bench.create(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": name},
                "involvedObject": {"kind": "Rollout", "namespace": namespace, "name": about, "uid": f"uid-{about}"},
                "reason": reason,
                "type": type_,
            }
        )

    assert await _listed(bench, Query(fields="involvedObject.name=x")) == "a"
    assert await _listed(bench, Query(fields="involvedObject.uid=uid-y,type=Warning")) == "b"
    assert await _listed(bench, Query(fields="reason=Scaled,involvedObject.kind=Rollout")) == "a"
    assert await _listed(bench, Query(fields="type!=Normal")) == "b"
