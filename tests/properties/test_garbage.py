"""Objects and settings in which anything may stand anywhere: providers answer, and never stumble (design.md §1).

CRDs check types; not all of them do, and not every cluster has one that does.
"""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rollouts.model.objects import Json
from rollouts.model.strategy import Router
from rollouts.traffic.protocol import Desired, Objects, Provider
from tests.properties.routers.specimen import a_routed, carried_out, seen
from tests.properties.test_traffic import desired, every_provider, some, tried

GARBAGE: tuple[Any, ...] = (
    *(None, 0, -1, 3.5, True, "", "x", [], {}, [None], [1], ["a"], [[]], [{}], {"a": 1}),
    *({"name": []}, {"name": {}}, {"name": "x"}),
)
KEPT = {("apiVersion",), ("kind",), ("metadata",), *(("metadata", name) for name in ("name", "namespace", "labels"))}
"""What every API server sees to."""


def places(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where something stands in a document."""
    if at and at not in KEPT and at[:2] != ("metadata", "annotations"):
        yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from places(part, (*at, key))


def spoiled(data: st.DataObject, document: Json) -> Json:
    """A copy with garbage in one place."""
    copied = deepcopy(document)
    *way, last = data.draw(st.sampled_from(list(places(document))))
    inner: Any = copied
    for key in way:
        inner = inner[key]
    inner[last] = deepcopy(data.draw(st.sampled_from(GARBAGE)))
    return copied


def written(data: st.DataObject, name: str) -> tuple[Objects, Desired]:
    """Users' objects, as they are or with a canary in progress; and what is wanted of them."""
    provider, specimen = tried(name)
    rollout, router = a_routed(name, specimen)
    objects = seen(data.draw(specimen.objects), provider.touches(rollout, router))
    wanted = replace(desired(30, 10 if specimen.has_experiments else 0), managed=data.draw(specimen.managed))
    if data.draw(st.booleans()) or not any(objects.values()):
        objects = carried_out(objects, provider.render(rollout, router, objects, wanted))
    return objects, wanted


def ask_everything(provider: Provider, name: str, router: Router, objects: Objects, wanted: Desired) -> None:
    """All that is asked of a provider about objects."""
    rollout, _ = a_routed(name, tried(name)[1])
    hash(provider.read(rollout, router, objects))
    provider.faults(rollout, router, objects)
    provider.render(rollout, router, objects, wanted)
    provider.clean(rollout, router, objects)
    provider.asks(rollout, router, objects)
    for obj in filter(None, objects.values()):
        provider.sweep(obj, lambda _namespace, _name: False)
    if not provider.asks(rollout, router, objects) or provider.name == "gatewayAPI":
        assert list(provider.verify(rollout, router, objects, wanted.shares)) == []


@every_provider
@some
@given(data=st.data())
def test_garbage_in_an_object_stops_nobody(name: str, data: st.DataObject) -> None:
    """Read, judged, rendered, cleaned, swept; and kept, whether Git or the cluster has it so."""
    provider, specimen = tried(name)
    rollout, router = a_routed(name, specimen)
    objects, wanted = written(data, name)
    ref = data.draw(st.sampled_from([ref for ref, obj in objects.items() if obj is not None]))
    good = objects[ref]
    assert good is not None
    bad = spoiled(data, good)

    ask_everything(provider, name, router, {**objects, ref: bad}, wanted)
    provider.keep(good, bad, rollout, router)
    provider.keep(bad, good, rollout, router)


@every_provider
@some
@given(data=st.data())
def test_garbage_in_the_settings_stops_nobody(name: str, data: st.DataObject) -> None:
    """Whatever stands under the router's key, it is read as far as it goes."""
    provider, specimen = tried(name)
    rollout, good = a_routed(name, specimen)
    objects, wanted = written(data, name)
    settings = dict(good.settings)
    router = replace(good, settings=spoiled(data, settings) if settings else settings)

    named = provider.touches(rollout, router)
    provider.selects(rollout, router)
    ask_everything(provider, name, router, {**dict.fromkeys(named), **objects}, wanted)
