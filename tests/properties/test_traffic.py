"""What every traffic provider promises, over the registry and generated objects (design.md §1)."""

from copy import deepcopy
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollouts.model.objects import ref_of
from rollouts.model.weights import Share, Shares, Weights
from rollouts.model.workload import Version
from rollouts.traffic.protocol import Desired, Provider
from rollouts.traffic.registry import PROVIDERS
from tests.builders.rollouts import START
from tests.properties.routers.specimen import Specimen, a_routed, carried_out, seen
from tests.properties.routers.table import SPECIMENS

every_provider = pytest.mark.parametrize("name", sorted(SPECIMENS))
some = settings(max_examples=50, deadline=None, derandomize=True)
weights = st.integers(0, 100)
VERSIONS = tuple(
    Version(f"shop-{hash_}", hash_, 1, START, replicas=1, current=1, ready=1, available=1, desired_then=1)
    for hash_ in ("new", "old", "try")
)


def desired(weight: int, extra: int = 0) -> Desired:
    """Canary and stable at this weight, and an experiment at the extra one."""
    experiments = (Share(extra, "try", "try"),) if extra else ()
    shares = Shares(Share(weight, "canary", "new"), Share(100 - weight - extra, "stable", "old"), experiments)
    return Desired(shares, versions=VERSIONS)


def tried(name: str) -> tuple[Provider, Specimen]:
    """A specimen, and its provider."""
    specimen = SPECIMENS[name]
    return PROVIDERS[specimen.provider or name], specimen


def test_every_provider_is_tried() -> None:
    """No provider joins the registry without a specimen to try it with."""
    assert {specimen.provider or name for name, specimen in SPECIMENS.items()} == set(PROVIDERS)


@every_provider
@some
@given(data=st.data(), weight=weights)
def test_what_is_written_is_read(name: str, data: st.DataObject, weight: int) -> None:
    """read(render(w)) is w, and rendering twice is rendering once."""
    provider, specimen = tried(name)
    rollout, router = a_routed(name, specimen)
    objects = seen(data.draw(specimen.objects), provider.touches(rollout, router))

    after = carried_out(objects, provider.render(rollout, router, objects, desired(weight)))

    assert provider.read(rollout, router, after) == Weights(weight, 100 - weight)
    assert provider.render(rollout, router, after, desired(weight)).changes == ()


@every_provider
@some
@given(data=st.data(), weight=weights)
def test_what_is_others_is_left_alone(name: str, data: st.DataObject, weight: int) -> None:
    """Rules, backends, labels and names of others are byte for byte what they were; no object of theirs goes."""
    provider, specimen = tried(name)
    rollout, router = a_routed(name, specimen)
    users = data.draw(specimen.objects)
    objects = seen(users, provider.touches(rollout, router))

    after = carried_out(objects, provider.render(rollout, router, objects, desired(weight)))

    for obj in users:
        now = after[ref_of(obj)]
        assert now is not None
        assert specimen.foreign(now) == specimen.foreign(obj)


@every_provider
@some
@given(data=st.data(), weight=weights)
def test_cleaning_takes_everything_back(name: str, data: st.DataObject, weight: int) -> None:
    """Afterwards all traffic is stable's, and all is as if nothing had been written before."""
    provider, specimen = tried(name)
    rollout, router = a_routed(name, specimen)
    objects = seen(data.draw(specimen.objects), provider.touches(rollout, router))
    wanted = replace(desired(weight), managed=data.draw(specimen.managed))
    written = carried_out(objects, provider.render(rollout, router, objects, wanted))

    after = carried_out(written, provider.clean(rollout, router, written))

    assert provider.read(rollout, router, after) == Weights(0, 100)
    assert after == carried_out(objects, provider.clean(rollout, router, objects))


@every_provider
@some
@given(data=st.data(), weight=weights, reordered=st.booleans())
def test_the_sync_loop_keeps_what_a_rollout_holds(name: str, data: st.DataObject, weight: int, reordered: bool) -> None:
    """Git's objects, applied with what keep gives, carry the live weights, in whatever order they are written."""
    provider, specimen = tried(name)
    rollout, router = a_routed(name, specimen)
    users = data.draw(specimen.objects)
    objects = seen(users, provider.touches(rollout, router))
    live = dict(carried_out(objects, provider.render(rollout, router, objects, desired(weight))))

    for obj in users:
        wanted, now = deepcopy(obj), live[ref_of(obj)]
        if reordered:
            specimen.reorder(wanted)
        assert now is not None
        live[ref_of(obj)] = kept = provider.keep(wanted, now, rollout, router)
        assert specimen.foreign(kept) == specimen.foreign(wanted)

    assert provider.read(rollout, router, live) == Weights(weight, 100 - weight)


@every_provider
@some
@given(data=st.data(), weight=weights)
def test_managed_routes_stand_as_they_are_wanted(name: str, data: st.DataObject, weight: int) -> None:
    """Whatever stood before, just those that are wanted are read back, once; the rest is as without them."""
    provider, specimen = tried(name)
    rollout, router = a_routed(name, specimen)
    before, after = data.draw(specimen.managed), data.draw(specimen.managed)
    objects = seen(data.draw(specimen.objects), provider.touches(rollout, router))
    first = carried_out(objects, provider.render(rollout, router, objects, replace(desired(weight), managed=before)))
    wanted = replace(desired(weight), managed=after)

    then = carried_out(first, provider.render(rollout, router, first, wanted))

    read = provider.read(rollout, router, then)
    assert isinstance(read, Weights)
    assert (read.canary, read.stable, set(read.managed)) == (weight, 100 - weight, {route.name for route in after})
    assert provider.render(rollout, router, then, wanted).changes == ()


@pytest.mark.parametrize("name", sorted(name for name in SPECIMENS if SPECIMENS[name].has_experiments))
@some
@given(data=st.data(), weight=st.integers(0, 60), extra=st.integers(1, 40))
def test_an_experiment_gets_its_part_and_leaves_no_trace(
    name: str, data: st.DataObject, weight: int, extra: int
) -> None:
    """Stable gets what canary and experiments leave; without the experiment all is as if it had never been."""
    provider, specimen = tried(name)
    rollout, router = a_routed(name, specimen)
    objects = seen(data.draw(specimen.objects), provider.touches(rollout, router))
    plain = carried_out(objects, provider.render(rollout, router, objects, desired(weight)))

    with_it = carried_out(plain, provider.render(rollout, router, plain, desired(weight, extra)))
    without = carried_out(with_it, provider.render(rollout, router, with_it, desired(weight)))

    read = provider.read(rollout, router, with_it)
    assert isinstance(read, Weights)
    assert (read.canary, read.stable) == (weight, 100 - weight - extra)
    assert without == plain
