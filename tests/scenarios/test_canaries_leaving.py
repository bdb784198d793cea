"""Canaries that are deleted: given back what they took where users ask for it, and what is left where they do not."""

from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.errors import NotFoundError
from rollouts.cluster.port import Json, Resource
from tests.builders.canaries import a_canary, a_deployment, steps
from tests.builders.foreign import VIRTUAL_SERVICES
from tests.builders.manifests import an_object, services
from tests.scenarios.holding import held
from tests.scenarios.playing import scenario
from tests.scenarios.sight import Sight
from tests.scenarios.stage import Stage

MESH: dict[str, Any] = {"provider": "istio", "service": {"port": 80, "targetPort": 8080}}
NOTES: Json = {"example.com/team": "shop"}


def a_users_service() -> Json:
    """The Service that everybody calls, with two ports, as it was before there was a Canary."""
    (service,) = services("web")
    service["metadata"]["annotations"] = dict(NOTES)
    service["spec"]["ports"] = [{"name": "http", "port": 80, "targetPort": 8080}, {"name": "admin", "port": 9000}]
    return service


def a_users_route() -> Json:
    """The VirtualService of the same time, with a rule of the user's own."""
    rule = {"match": [{"uri": {"prefix": "/api"}}], "route": [{"destination": {"host": "web"}}]}
    return an_object(VIRTUAL_SERVICES, "web", spec={"hosts": ["shop.test"], "gateways": ["public"], "http": [rule]})


async def is_gone(stage: Stage, resource: Resource, name: str = "web") -> bool:
    """Whether the server has no such object any more."""
    try:
        await stage.get(resource, name)
    except NotFoundError:
        return True
    return False


async def left(stage: Stage, name: str = "web") -> None:
    """The Canary is deleted, and gone."""
    await stage.delete(kinds.CANARIES, name)
    await stage.until(lambda world: world.one(kinds.CANARIES, name) is None, what="the Canary is gone")


def is_held_back(world: Sight) -> bool:
    """Whether the Canary cannot go before it has given everything back."""
    return bool(world.canary()["metadata"].get("finalizers"))


def is_free(world: Sight) -> bool:
    """Whether nothing holds the Canary back."""
    return not is_held_back(world)


def named(objects: list[Json]) -> list[str]:
    """The names of objects."""
    return [obj["metadata"]["name"] for obj in objects]


@scenario
async def test_all_is_given_back_to_its_user(stage: Stage) -> None:
    """Service and route are as they were before, the target has its pods, and somebody could be served all the time."""
    await stage.apply(a_deployment(), a_users_service(), a_users_route())
    before = stage.world.one(kinds.SERVICES, "web"), await stage.get(VIRTUAL_SERVICES)
    await stage.apply(a_canary(steps(50, most=50), **MESH, revertOnDeletion=True))
    await stage.canary_phase("Initialized")
    await stage.release("web:v2")
    await stage.canary_phase("Succeeded")
    assert stage.world.selector("web") == {"app": "web-primary"}

    served = stage.record(lambda world: world.is_served("web"))
    await left(stage)
    await stage.until(lambda world: world.pods("web:v2") and named(world.all(kinds.DEPLOYMENTS)) == ["web"])
    await stage.until(lambda world: named(world.all(kinds.SERVICES)) == ["web"], what="the other Services are gone")
    service, route = stage.world.one(kinds.SERVICES, "web"), await stage.get(VIRTUAL_SERVICES)
    assert before[0] is not None
    assert service is not None
    assert service["spec"] == before[0]["spec"]
    assert service["metadata"]["annotations"] == NOTES
    assert route["spec"] == before[1]["spec"]
    assert stage.world.deployments() == {"web": ("web:v2", 2)}
    assert served == [True]


@scenario
async def test_all_is_given_back_in_the_middle_of_a_run(stage: Stage) -> None:
    """A run that is judged ends with its Canary: the target serves everybody, with the version that it has."""
    canary = a_canary(steps(50, most=50, webhooks=held(stage)), **MESH, revertOnDeletion=True)
    await stage.apply(a_deployment(), a_users_service(), canary)
    await stage.canary_phase("Initialized")
    await stage.release("web:v2")
    await stage.canary_phase("WaitingPromotion")
    await left(stage)
    await stage.until(lambda world: named(world.all(kinds.DEPLOYMENTS)) == ["web"], what="the primary is gone")

    assert stage.world.deployments() == {"web": ("web:v2", 2)}
    assert stage.world.selector("web") == {"app": "web"}


@scenario
async def test_what_was_made_goes_and_what_was_the_users_stays(stage: Stage) -> None:
    """Where nothing is to be reverted, nothing holds a Canary back: what it made goes, the target keeps its size."""
    await stage.apply(a_deployment(), a_users_service(), a_canary(steps(50, most=50), revertOnDeletion=False))
    await stage.canary_phase("Initialized")
    assert not is_held_back(stage.world)
    await left(stage)
    await stage.until(lambda world: named(world.all(kinds.DEPLOYMENTS)) == ["web"], what="the primary is gone")
    await stage.until(lambda world: named(world.all(kinds.SERVICES)) == ["web"], what="the other Services are gone")
    await stage.until(lambda world: not world.all(kinds.HTTP_ROUTES), what="the route is gone")

    assert stage.world.deployments() == {"web": ("web:v1", 0)}


@scenario
async def test_a_user_who_thinks_better_of_it(stage: Stage) -> None:
    """The wish not to revert can come and go at any time; the Canary is held back but for as long as it stands."""
    await stage.apply(a_deployment(), a_canary(steps(50, most=50)))
    await stage.canary_phase("Initialized")
    for wish, is_held in ((False, is_free), (True, is_held_back), (False, is_free), (None, is_held_back)):
        await stage.patch({"spec": {"revertOnDeletion": wish}}, resource=kinds.CANARIES)
        await stage.until(is_held)
    await left(stage)
    await stage.until(lambda world: named(world.all(kinds.DEPLOYMENTS)) == ["web"], what="the primary is gone")

    assert stage.world.deployments() == {"web": ("web:v1", 2)}
    assert await is_gone(stage, kinds.SERVICES, "web-canary")
