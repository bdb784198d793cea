"""A second Ingress for Skipper: both versions in it, weights in JSON, and a predicate that lets it win or rest."""

from typing import Any

from rollouts.model.objects import Ref, Remove
from rollouts.model.owned import OwnedRoute
from rollouts.model.weights import Unknown, Weights
from rollouts.traffic.owned.protocol import OwnedOptions
from rollouts.traffic.owned.skipper import PREDICATE, WEIGHTS, provider
from tests.builders.owned import Field, a_route, an_ingress, beside

INGRESS = ("networking.k8s.io/v1", "Ingress")


def a_named_route(**fields: Any) -> OwnedRoute:
    """A route beside Ingress `front`."""
    return a_route("skipper", beside=beside(INGRESS), **fields)


def marks(world: Field) -> tuple[str, str]:
    """Weights and predicate."""
    found = world.the("Ingress", "front-canary")["metadata"]["annotations"]
    return found[WEIGHTS], found[PREDICATE]


def test_both_versions_stand_in_every_rule() -> None:
    """Stable takes the place of everybody's Service, the new version comes last; others stay."""
    world = Field(provider(OwnedOptions()), a_named_route(), an_ingress("web", "else"))
    world.tend()
    paths = world.the("Ingress", "front-canary")["spec"]["rules"][0]["http"]["paths"]

    assert [(path["path"], path["backend"]["service"]["name"]) for path in paths] == [
        ("/web", "web-stable"),
        ("/else", "else"),
        ("/web", "web-canary"),
    ]


def test_the_predicate_stands_before_the_users_own() -> None:
    """It wins while the new version gets something, never matches otherwise, and comes once."""
    world = Field(provider(OwnedOptions()), a_named_route(), an_ingress(**{PREDICATE: 'Host("a && b")'}))
    world.tend()
    seen = [marks(world)]
    for weight in (10, 0, 20):
        world.shift(weight)
        seen.append(marks(world))

    assert seen == [
        ('{"web-canary":0,"web-stable":100}', 'Weight(100) && Host("a && b")'),
        ('{"web-canary":10,"web-stable":90}', 'Weight(100) && Host("a && b")'),
        ('{"web-canary":0,"web-stable":100}', 'False() && Host("a && b")'),
        ('{"web-canary":20,"web-stable":80}', 'Weight(100) && Host("a && b")'),
    ]


def test_a_repair_costs_the_weights_to_the_letter_only() -> None:
    """Rules that follow the user's reset the annotations in the ancestor."""
    found = []
    for is_literal in (False, True):
        world = Field(provider(OwnedOptions()), a_named_route(loses_weights=is_literal), an_ingress())
        world.tend()
        world.shift(30)
        world.objects[Ref(*INGRESS, "shop", "front")] = an_ingress("web", "new")
        world.tend()
        found.append(world.read())

    assert found == [Weights(30, 70), Weights(0, 100)]


def test_the_second_ingress_goes_with_the_rollout() -> None:
    """It is taken away in the end; one that is gone is no matter, but to the letter."""
    world = Field(provider(OwnedOptions()), a_named_route(), an_ingress())
    world.tend()

    assert world.give_back().changes == (Remove(Ref(*INGRESS, "shop", "front-canary")),)
    assert world.give_back().error == ""

    world.route = a_named_route(is_literal=True)

    assert "unable to remove canary ingress" in world.give_back().error


def test_weights_that_cannot_be_read_are_said() -> None:
    """A hand on the JSON leaves the weights unknown."""
    world = Field(provider(OwnedOptions()), a_named_route(), an_ingress())
    world.tend()
    world.the("Ingress", "front-canary")["metadata"]["annotations"][WEIGHTS] = "{"

    assert world.read() == Unknown(f"ingress front-canary.shop has no weights in the annotation {WEIGHTS}")
    assert Field(provider(OwnedOptions()), a_route("skipper")).give_back().changes == ()
