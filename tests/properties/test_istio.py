"""Istio by host, over generated routes; by subset the shared properties try it (tests/properties/routers/istio.py)."""

from copy import deepcopy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rollouts.model.objects import Json
from rollouts.model.weights import Share, Shares, Weights
from rollouts.traffic import istio
from rollouts.traffic.protocol import Desired, Options
from tests.properties.routers.specimen import ALL_MANAGED, carried_out
from tests.unit.traffic.meshes import a_service, ref, routed, seen, to

PROVIDER = istio.provider(Options())
OURS = ("stable", "canary")
forms = st.sampled_from(["{}", "{}.default", "{}.default.svc.cluster.local"])
weights = st.one_of(st.none(), st.integers(0, 100))
others = st.lists(st.builds(to, st.sampled_from(["assets", "stable2"])), max_size=2)
own = st.builds(
    lambda order, form, listed, more: [
        *(to(form.format(host), weight) for host, weight in zip(order, listed, strict=True)),
        *more,
    ],
    st.permutations(OURS),
    forms,
    st.tuples(weights, weights),
    others,
)
foreign = st.lists(st.builds(lambda more: {"name": "rest", "route": more}, others), max_size=2)
services = st.builds(
    lambda before, name, route, after, tcp: a_service(
        *before, {"route": route, "timeout": "5s"} | ({"name": "main"} if name else {}), *after, tcp=[{"route": tcp}]
    ),
    foreign,
    st.booleans(),
    own,
    foreign,
    own,
)


def without_weights(service: Json) -> Json:
    """All of a VirtualService but the weights of the two Services."""
    found = deepcopy(service)
    for destination in (
        one for section in ("http", "tcp") for route in found["spec"][section] for one in route["route"]
    ):
        if destination["destination"]["host"].partition(".")[0] in OURS:
            destination.pop("weight", None)
    return found


@settings(max_examples=80, deadline=None, derandomize=True)
@given(service=services, weight=st.integers(0, 100), extra=st.integers(0, 20), managed=ALL_MANAGED)
def test_hosts_are_divided_as_subsets_are(service: Json, weight: int, extra: int, managed: Any) -> None:
    """What is written is read, once; without experiment and managed routes all else is as it was."""
    weight = min(weight, 100 - extra)
    is_named = any(route.get("name") == "main" for route in service["spec"]["http"])
    is_alone = len(service["spec"]["http"]) == 1
    rollout, router = routed(virtualService={"name": "shop", **({"routes": ["main"]} if is_named else {})})
    objects = seen(service)
    if not is_named and not is_alone:
        assert PROVIDER.faults(rollout, router, objects)
        return

    def after(before: Any, *shares: Share, routes: Any = ()) -> Any:
        canary, stable = Share(weight), Share(100 - weight - sum(share.weight for share in shares))
        desired = Desired(Shares(canary, stable, shares), routes)
        found = carried_out(before, PROVIDER.render(rollout, router, before, desired))
        assert PROVIDER.render(rollout, router, found, desired).changes == ()
        return found

    busy = after(objects, Share(extra, "try"), routes=managed)
    calm = after(busy)

    read = PROVIDER.read(rollout, router, busy)
    assert isinstance(read, Weights)
    assert (read.canary, read.stable, set(read.managed)) == (
        weight,
        100 - weight - extra,
        {one.name for one in managed},
    )
    assert PROVIDER.read(rollout, router, calm) == Weights(weight, 100 - weight)
    assert without_weights(calm[ref("VirtualService")]) == without_weights(service)
