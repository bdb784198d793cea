"""What every traffic provider promises, over the registry and generated objects (design.md §1)."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollouts.model.objects import Json, Modify, Ref
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import (
    Canary,
    HeaderMatch,
    ManagedRoute,
    RequestMatch,
    Router,
    SetHeaderRoute,
    SetMirrorRoute,
    StringMatch,
)
from rollouts.model.weights import Share, Shares, Weights
from rollouts.traffic.protocol import Desired, Objects, Rendered
from rollouts.traffic.registry import PROVIDERS
from tests.builders.rollouts import a_rollout

SETTINGS: dict[str, dict[str, Any]] = {"gatewayAPI": {"httpRoute": "shop"}}
"""How a rollout configures each provider; a provider without a row fails the first test."""

NAMES = st.sampled_from(["stable", "canary", "other", "third"])
backends = st.builds(
    lambda name, weight: {"name": name, "port": 80} | ({} if weight is None else {"weight": weight}),
    NAMES,
    st.one_of(st.none(), st.integers(0, 100)),
)
foreign_rules = st.builds(
    lambda listed, path: {
        "matches": [{"path": {"type": "PathPrefix", "value": path}}],
        "backendRefs": [b for b in listed if b["name"] not in ("stable", "canary")],
    },
    st.lists(backends, max_size=3),
    st.sampled_from(["/a", "/b"]),
)
own_rules = st.builds(
    lambda extra, canary_first: {
        "backendRefs": (
            [{"name": "canary", "port": 80}, {"name": "stable", "port": 80}]
            if canary_first
            else [{"name": "stable", "port": 80}, {"name": "canary", "port": 80}]
        )
        + [b for b in extra if b["name"] not in ("stable", "canary")]
    },
    st.lists(backends, max_size=2),
    st.booleans(),
)
routes = st.builds(
    lambda own, before, after: {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "shop", "namespace": "default", "resourceVersion": "7", "labels": {"team": "a"}},
        "spec": {"hostnames": ["shop.example"], "rules": [*before, own, *after]},
    },
    own_rules,
    st.lists(foreign_rules, max_size=2),
    st.lists(foreign_rules, max_size=2),
)
weights = st.integers(0, 100)
BETA: ManagedRoute = SetHeaderRoute("beta", (HeaderMatch("X-Beta", StringMatch(prefix="y")),))
COPIES: ManagedRoute = SetMirrorRoute("copies", (RequestMatch(path=StringMatch(prefix="/")),), 5)
managed_routes = st.sampled_from([(), (BETA,), (COPIES,), (BETA, COPIES), (COPIES, BETA)])
every_provider = pytest.mark.parametrize("name", sorted(PROVIDERS))


def a_routed(name: str) -> tuple[Rollout, Router]:
    """A rollout that uses this provider, and its router."""
    router = Router(name, SETTINGS[name])
    return a_rollout(Canary((), "stable", "canary", (router,), managed_routes=("beta", "copies"))), router


def shares(weight: int) -> Desired:
    """Canary and stable at this weight."""
    return Desired(Shares(Share(weight, "canary"), Share(100 - weight, "stable")))


def seen(name: str, route: Json) -> Objects:
    """The objects that the provider asked for, all of them this route."""
    rollout, router = a_routed(name)
    return dict.fromkeys(PROVIDERS[name].touches(rollout, router), route)


def carried_out(objects: Objects, rendered: Rendered) -> dict[Ref, Json | None]:
    """The objects after the changes."""
    after = {ref: deepcopy(obj) for ref, obj in objects.items()}
    for change in rendered.changes:
        assert isinstance(change, Modify)
        before = after[change.ref]
        assert before is not None
        after[change.ref] = _merged(before, change.body)
    return after


def _merged(value: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    base = dict(value) if isinstance(value, dict) else {}
    for key, item in patch.items():
        if item is None:
            base.pop(key, None)
        else:
            base[key] = _merged(base.get(key), item)
    return base


def test_every_provider_is_tried() -> None:
    """No provider joins the registry without settings to try it with."""
    assert set(SETTINGS) == set(PROVIDERS)


@every_provider
@settings(max_examples=60, deadline=None, derandomize=True)
@given(route=routes, weight=weights)
def test_what_is_written_is_read(name: str, route: Json, weight: int) -> None:
    """read(render(w)) is w."""
    rollout, router = a_routed(name)
    provider, objects = PROVIDERS[name], seen(name, route)

    after = carried_out(objects, provider.render(rollout, router, objects, shares(weight)))

    assert provider.read(rollout, router, after) == Weights(weight, 100 - weight)


@every_provider
@settings(max_examples=60, deadline=None, derandomize=True)
@given(route=routes, weight=weights)
def test_rendering_twice_is_rendering_once(name: str, route: Json, weight: int) -> None:
    """Where the weights stand already, there is nothing to change."""
    rollout, router = a_routed(name)
    provider, objects = PROVIDERS[name], seen(name, route)

    after = carried_out(objects, provider.render(rollout, router, objects, shares(weight)))

    assert provider.render(rollout, router, after, shares(weight)).changes == ()


@every_provider
@settings(max_examples=60, deadline=None, derandomize=True)
@given(route=routes, weight=weights)
def test_foreign_backends_are_left_alone(name: str, route: Json, weight: int) -> None:
    """Rules, backends, labels and names of others are byte for byte what they were."""
    rollout, router = a_routed(name)
    provider, objects = PROVIDERS[name], seen(name, route)

    (after,) = carried_out(objects, provider.render(rollout, router, objects, shares(weight))).values()

    assert after is not None
    assert _foreign(after) == _foreign(route)


@every_provider
@settings(max_examples=60, deadline=None, derandomize=True)
@given(route=routes, weight=weights)
def test_cleaning_takes_everything_back(name: str, route: Json, weight: int) -> None:
    """Afterwards all traffic is stable's and no mark of ours is left."""
    rollout, router = a_routed(name)
    provider, objects = PROVIDERS[name], seen(name, route)
    written = carried_out(objects, provider.render(rollout, router, objects, shares(weight)))

    after = carried_out(written, provider.clean(rollout, router, written))

    assert provider.read(rollout, router, after) == Weights(0, 100)
    assert all(obj is not None and obj["metadata"]["labels"] == {"team": "a"} for obj in after.values())


@every_provider
@settings(max_examples=60, deadline=None, derandomize=True)
@given(route=routes, weight=weights, reordered=st.booleans())
def test_the_sync_loop_keeps_what_a_rollout_holds(name: str, route: Json, weight: int, reordered: bool) -> None:
    """Git's object, applied with what keep gives, carries the live weights, in whatever order its backends are."""
    rollout, router = a_routed(name)
    provider, objects = PROVIDERS[name], seen(name, route)
    ((ref, live),) = carried_out(objects, provider.render(rollout, router, objects, shares(weight))).items()
    assert live is not None
    wanted = deepcopy(route)
    if reordered:
        for rule in wanted["spec"]["rules"]:
            rule["backendRefs"].reverse()

    kept = provider.keep(wanted, live, rollout, router)

    assert provider.read(rollout, router, {ref: kept}) == Weights(weight, 100 - weight)
    assert _foreign(kept) == _foreign(wanted)


@every_provider
@settings(max_examples=60, deadline=None, derandomize=True)
@given(route=routes, weight=weights, before=managed_routes, after=managed_routes)
def test_managed_routes_stand_as_they_are_wanted(
    name: str, route: Json, weight: int, before: tuple[ManagedRoute, ...], after: tuple[ManagedRoute, ...]
) -> None:
    """Whatever stood before, just those that are wanted are read back, once; the rest is as without them."""
    rollout, router = a_routed(name)
    provider, objects = PROVIDERS[name], seen(name, route)
    first = carried_out(objects, provider.render(rollout, router, objects, replace(shares(weight), managed=before)))
    wanted = replace(shares(weight), managed=after)

    then = carried_out(first, provider.render(rollout, router, first, wanted))
    cleaned = carried_out(then, provider.clean(rollout, router, then))

    names = tuple(managed.name for managed in after)
    assert provider.read(rollout, router, then) == Weights(weight, 100 - weight, managed=names)
    assert provider.render(rollout, router, then, wanted).changes == ()
    assert cleaned == carried_out(objects, provider.clean(rollout, router, objects))


def _foreign(route: Json) -> list[Any]:
    """All of a route but our backends' weights and our label."""
    rules = deepcopy(route["spec"]["rules"])
    for rule in rules:
        ours = {b["name"] for b in rule["backendRefs"]} >= {"stable", "canary"}
        for backend in rule["backendRefs"]:
            if ours and backend["name"] in ("stable", "canary"):
                backend.pop("weight", None)
    return [rules, route["spec"]["hostnames"], route["metadata"]["labels"].get("team")]
