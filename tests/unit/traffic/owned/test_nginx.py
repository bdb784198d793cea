"""A second Ingress for ingress-nginx: what it repeats, and how it tells weights and chosen requests."""

from typing import Any

from rollouts.model.owned import OwnedRoute
from rollouts.model.weights import Unknown, Weights
from rollouts.traffic.owned.nginx import Nginx, provider
from rollouts.traffic.owned.protocol import OwnedOptions
from tests.builders.owned import Field, a_route, an_ingress, beside

PREFIX = OwnedOptions().annotations_prefix


def a_named_route(*match: dict[str, Any], **fields: Any) -> OwnedRoute:
    """A route beside Ingress `front`, for these requests."""
    return a_route(match=match, beside=beside(("networking.k8s.io/v1", "Ingress")), **fields)


def marks(world: Field) -> dict[str, str]:
    """The second Ingress's annotations that speak to ingress-nginx, without their prefix."""
    found = world.the("Ingress", "front-canary")["metadata"]["annotations"]
    return {key.removeprefix(f"{PREFIX}/"): value for key, value in found.items() if key.startswith(f"{PREFIX}/canary")}


def test_every_path_to_the_service_leads_to_the_new_version() -> None:
    """Paths to others stay; class, labels and foreign annotations are repeated, what kubectl noted is not."""
    noted = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "note": "n", f"{PREFIX}/canary-weight": "7"}
    world = Field(provider(OwnedOptions()), a_named_route(), an_ingress("web", "else", **noted))
    world.tend()
    made = world.the("Ingress", "front-canary")
    paths = made["spec"]["rules"][0]["http"]["paths"]

    assert [path["backend"]["service"]["name"] for path in paths] == ["web-canary", "else"]
    assert made["spec"]["ingressClassName"] == "public"
    assert made["metadata"]["labels"] == {"team": "a"}
    assert made["metadata"]["annotations"]["note"] == "n"
    assert "kubectl.kubernetes.io/last-applied-configuration" not in made["metadata"]["annotations"]
    assert marks(world) == {"canary": "true", "canary-weight": "0"}


def test_rules_follow_the_users_ingress_and_the_weight_stays() -> None:
    """A path that users add in mid-run is repeated at the next tick."""
    world = Field(provider(OwnedOptions()), a_named_route(), an_ingress())
    world.tend()
    world.shift(30)
    world.objects[world.provider.touches(world.route)[0]] = an_ingress("web", "new")
    world.tend()

    assert len(world.the("Ingress", "front-canary")["spec"]["rules"][0]["http"]["paths"]) == 2
    assert world.read() == Weights(30, 70)


def test_chosen_requests_take_the_place_of_a_weight() -> None:
    """Header and cookie stand in annotations while the new version gets something, whatever its part."""
    match = {"headers": {"x-user": {"regex": "in.*"}, "cookie": {"exact": "insider"}}}
    world = Field(provider(OwnedOptions()), a_named_route(match), an_ingress())
    world.tend()
    world.shift(40)

    assert marks(world) == {
        "canary": "true",
        "canary-weight": "0",
        "canary-by-header": "x-user",
        "canary-by-header-pattern": "in.*",
        "canary-by-cookie": "insider",
    }
    assert world.read() == Weights(100, 0)

    world.shift(0)

    assert marks(world) == {"canary": "true", "canary-weight": "0"}
    assert world.read() == Weights(0, 100)


def test_a_weight_leaves_no_chosen_requests_behind() -> None:
    """A run by weights after one by requests sends nobody to the new version by header."""
    world = Field(provider(OwnedOptions()), a_named_route({"headers": {"x-a": {"exact": "1"}}}), an_ingress())
    world.tend()
    world.shift(100)
    world.route = a_named_route()
    world.shift(20)

    assert marks(world) == {"canary": "true", "canary-weight": "20"}


def test_the_prefix_is_the_controllers_flag() -> None:
    """Annotations are looked up and written under the prefix that the ingress controller goes by."""
    world = Field(Nginx("custom.test"), a_named_route(), an_ingress())
    world.tend()
    world.shift(20)

    assert world.the("Ingress", "front-canary")["metadata"]["annotations"]["custom.test/canary-weight"] == "20"
    assert world.read() == Weights(20, 80)


def test_an_ingress_that_leads_elsewhere_is_refused() -> None:
    """Nothing is made of an Ingress without a path to everybody's Service."""
    world = Field(provider(OwnedOptions()), a_named_route(), an_ingress("stranger"))

    assert world.tend().error == "backend web not found in ingress front"
    assert len(world.objects) == 1


def test_a_manifest_that_names_no_ingress_is_refused() -> None:
    """All operations say so; nothing crashes."""
    world = Field(provider(OwnedOptions()), a_route(), an_ingress())

    assert world.tend().error == world.shift(10).error == "ingress selector is empty"
    assert world.read() == Unknown("ingress selector is empty")


def test_an_annotation_that_is_no_number_is_said() -> None:
    """A hand on the annotation leaves the weight unknown, and the message names the annotation."""
    world = Field(provider(OwnedOptions()), a_named_route(), an_ingress())
    world.tend()
    world.the("Ingress", "front-canary")["metadata"]["annotations"][f"{PREFIX}/canary-weight"] = "much"

    assert world.read() == Unknown(f"ingress front-canary.shop has no number in the annotation {PREFIX}/canary-weight")
