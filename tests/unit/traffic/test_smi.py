"""TrafficSplits: versions of the API, and splits of others."""

from typing import Any

import pytest

from rollouts.model.objects import Create, Json
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Canary, Router
from rollouts.model.weights import Share, Shares, Unknown
from rollouts.traffic import bodies
from rollouts.traffic.protocol import Desired, Options
from rollouts.traffic.smi import provider
from tests.builders.rollouts import a_rollout

SPLIT = Desired(Shares(Share(20, "canary"), Share(75, "stable"), (Share(5, "try"),)))


def routed(**settings: Any) -> tuple[Rollout, Router]:
    """A rollout with this router."""
    router = Router("smi", settings)
    return a_rollout(Canary((), "stable", "canary", (router,))), router


@pytest.mark.parametrize(("version", "kind"), [("v1alpha1", str), ("v1alpha2", int), ("v1alpha3", int)])
def test_weights_are_quantities_in_the_first_version(version: str, kind: type) -> None:
    """v1alpha1 has strings, later ones numbers; experiments stand between canary and stable."""
    made = provider(Options(traffic_split_version=version))
    rollout, router = routed(rootService="root")

    (change,) = made.render(rollout, router, {}, SPLIT).changes

    assert isinstance(change, Create)
    assert (change.ref.api_version, change.ref.name) == (f"split.smi-spec.io/{version}", "shop")
    assert change.body["spec"] == {
        "service": "root",
        "backends": [{"service": name, "weight": kind(n)} for name, n in (("canary", 20), ("try", 5), ("stable", 75))],
    }


def test_a_strangers_split_is_left_alone() -> None:
    """A TrafficSplit that the rollout does not own is neither changed nor removed, nor read as nothing."""
    made = provider(Options())
    rollout, router = routed(trafficSplitName="mine")
    (ref,) = made.touches(rollout, router)
    stranger: Json = {"metadata": {"name": "mine"}, "spec": {"backends": [{"service": "canary", "weight": "5"}]}}

    rendered = made.render(rollout, router, {ref: stranger}, SPLIT)

    assert (rendered.changes, rendered.error) == ((), "Rollout does not own TrafficSplit `mine`")
    assert made.clean(rollout, router, {ref: stranger}).changes == ()
    assert isinstance(made.read(rollout, router, {ref: stranger}), Unknown)


def test_git_may_hold_the_split() -> None:
    """A split that Git holds as well keeps its live backends."""
    made = provider(Options())
    live: Json = {"metadata": {"name": "shop"}, "spec": {"service": "stable", "backends": [{"service": "canary"}]}}
    wanted: Json = {"metadata": {"name": "shop"}, "spec": {"service": "root", "backends": []}}

    kept = made.keep(wanted, live, *routed())

    assert kept["spec"] == {"service": "root", "backends": [{"service": "canary"}]}
    assert made.keep(wanted, {"metadata": {}}, *routed()) == wanted


def test_an_own_split_goes_with_the_router() -> None:
    """Cleaning removes the rollout's own split."""
    made = provider(Options())
    rollout, router = routed()
    (ref,) = made.touches(rollout, router)
    own: Json = {"metadata": bodies.own_metadata(rollout, "shop"), "spec": {}}

    assert [change.ref for change in made.clean(rollout, router, {ref: own}).changes] == [ref]
