"""Mappings: addresses of Services, several at once, and the way back to nothing."""

from typing import Any

import pytest

from rollouts.model.objects import Create, Json, Modify, Remove
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Canary, Router
from rollouts.model.weights import Share, Shares, Unknown
from rollouts.traffic.ambassador import provider
from rollouts.traffic.protocol import Desired, Options
from tests.builders.rollouts import a_rollout

PROVIDER = provider(Options())


def routed(*mappings: str) -> tuple[Rollout, Router]:
    """A rollout with this router."""
    router = Router("ambassador", {"mappings": list(mappings)})
    return a_rollout(Canary((), "stable", "canary", (router,))), router


def a_mapping(name: str = "web", **spec: Any) -> Json:
    """A Mapping."""
    return {"metadata": {"name": name, "namespace": "default"}, "spec": {"prefix": "/", "service": "stable", **spec}}


def split(weight: int) -> Desired:
    """A canary at this weight."""
    return Desired(Shares(Share(weight, "canary"), Share(100 - weight, "stable")))


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("stable", "canary"),
        ("stable.shop:8080", "canary.shop:8080"),
        ("https://stable:443", "https://canary:443"),
        ("other", "other"),
        ("my-stable", "my-canary"),
        ("://", "://"),
    ],
)
def test_the_stable_services_name_is_replaced(service: str, expected: str) -> None:
    """Scheme, namespace and port stay; an address of another Service is left as it is."""
    rollout, router = routed("web")
    base, _ = PROVIDER.touches(rollout, router)

    (change,) = PROVIDER.render(rollout, router, {base: a_mapping(service=service)}, split(20)).changes

    assert isinstance(change, Create)
    assert change.body["spec"] == {"prefix": "/", "service": expected, "weight": 20}


def test_one_mapping_does_not_hold_up_another() -> None:
    """Errors of several Mappings are told together; those that can be written are."""
    rollout, router = routed("web", "api", "none")
    web, _, api, api_canary, *_ = PROVIDER.touches(rollout, router)
    objects = {web: a_mapping(weight=50), api: a_mapping("api")}

    rendered = PROVIDER.render(rollout, router, objects, split(20))

    assert [change.ref for change in rendered.changes] == [api_canary]
    assert rendered.error == (
        '2 errors found: [Ambassador mapping "web" can not define weight][mappings.getambassador.io "none" not found]'
    )
    assert [event.is_warning for event in rendered.events] == [False, True, True]


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ("v2", ("getambassador.io/v2", "Mapping")),
        ("getambassador.io/v3alpha1", ("getambassador.io/v3alpha1", "Mapping")),
        ("x.getambassador.io/v3alpha1", ("x.getambassador.io/v3alpha1", "AmbassadorMapping")),
    ],
)
def test_the_kind_follows_the_flag(version: str, kind: tuple[str, str]) -> None:
    """The group may be left out, and in the preview's group the kind has another name."""
    made = provider(Options(ambassador_api_version=version))

    assert made.kinds == (kind,)
    assert {(ref.api_version, ref.kind) for ref in made.touches(*routed("web"))} == {kind}


def test_at_zero_the_mapping_stays_and_none_is_made() -> None:
    """At weight zero a canary Mapping is brought to zero; where there is none, there is nothing to do."""
    rollout, router = routed("web")
    base, canary = PROVIDER.touches(rollout, router)

    (change,) = PROVIDER.render(rollout, router, {canary: a_mapping(weight=20)}, split(0)).changes
    nothing = PROVIDER.render(rollout, router, {base: a_mapping()}, split(0)).changes

    assert isinstance(change, Modify)
    assert (change.body, nothing) == ({"spec": {"weight": 0}}, ())
    assert PROVIDER.clean(rollout, router, {canary: a_mapping(weight=0)}).changes == (Remove(canary),)


def test_what_is_wrong_is_told() -> None:
    """No Mapping named, and one with a weight of its own, are faults; a weight that is none is unknown."""
    rollout, router = routed("web")
    base, canary = PROVIDER.touches(rollout, router)
    (unnamed,) = PROVIDER.faults(*routed(), {})
    (weighed,) = PROVIDER.faults(rollout, router, {base: a_mapping(weight=5)})

    assert unnamed.message == "names no Mapping"
    assert weighed.message == 'Invalid value: "web": Ambassador mapping "web" can not define weight'
    assert isinstance(PROVIDER.read(rollout, router, {canary: a_mapping(weight="many")}), Unknown)


def test_git_may_hold_the_canarys_mapping() -> None:
    """A canary Mapping that Git holds as well keeps its live weight; the base one is as Git says."""
    rollout, router = routed("web")
    live = a_mapping("web-canary", weight=20)

    assert PROVIDER.keep(a_mapping("web-canary"), live, rollout, router) == live
    assert PROVIDER.keep(a_mapping(), a_mapping(weight=20), rollout, router) == a_mapping()
