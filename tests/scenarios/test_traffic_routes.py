"""Routes beyond weights: roles that swap, requests chosen by header, copied requests; and sizes that follow routes."""

from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from tests.builders.manifests import (
    PLUGIN,
    a_rollout,
    a_routed_world,
    an_object,
    canary,
    canary_scale,
    pause,
    services,
    weight,
)
from tests.scenarios.playing import scenario
from tests.scenarios.sight import Sight
from tests.scenarios.stage import Stage
from tests.scenarios.telling import step_done

BETA: Json = {"name": "beta", "match": [{"headerName": "x-beta", "headerValue": {"exact": "yes"}}]}
COPY: Json = {"name": "copy", "percentage": 20, "match": [{"method": {"exact": "GET"}, "path": {"prefix": "/shop"}}]}


def rules(world: Sight) -> list[Json]:
    """The rules of the route."""
    found: list[Json] = (world.one(kinds.HTTP_ROUTES, "web") or {"spec": {}})["spec"].get("rules") or []
    return found


def names(world: Sight) -> list[str]:
    """The names of the route's rules, "" for one that has none."""
    return [rule.get("name", "") for rule in rules(world)]


def backends(rule: Json) -> list[str]:
    """The Services of a rule."""
    return [ref["name"] for ref in rule["backendRefs"]]


def with_managed(objects: list[Json], *managed: str) -> list[Json]:
    """The same world, whose rollout may have these managed routes."""
    routing = objects[-1]["spec"]["strategy"]["canary"]["trafficRouting"]
    routing["managedRoutes"] = [{"name": name} for name in managed]
    return objects


def ping_pong(*steps: Json, **fields: Any) -> list[Json]:
    """A routed rollout whose two Services take turns at being stable's."""
    routing = {"plugins": {PLUGIN: {"httpRoute": "web"}}}
    sides = {"pingService": "web-ping", "pongService": "web-pong"}
    pair = [{"name": side, "port": 80, "weight": share} for side, share in (("web-ping", 100), ("web-pong", 0))]
    route = an_object(kinds.HTTP_ROUTES, "web", spec={"rules": [{"backendRefs": pair}]})
    strategy = canary(*steps, trafficRouting=routing, pingPong=sides, **fields)
    return [*services("web-ping", "web-pong"), route, a_rollout(strategy, replicas=2)]


@scenario
async def test_sides_are_swapped(stage: Stage) -> None:
    """Ping-pong: at a promotion the weight stays where it is and the roles change, there and back."""
    await stage.apply(*ping_pong(weight(50), pause(), scaleDownDelaySeconds=1))
    await stage.healthy(image="web:v1")
    await stage.until(lambda world: world.service_image("web-ping") == "web:v1")
    for number, old, new in ((2, "web-ping", "web-pong"), (3, "web-pong", "web-ping")):
        weights = stage.record(lambda world: world.weights())
        await stage.set_image(f"web:v{number}")
        await stage.paused(step=1)
        assert stage.world.weights() == {old: 50, new: 50}
        assert stage.world.service_image(new) == f"web:v{number}"
        await stage.promote()
        await stage.healthy(image=f"web:v{number}")
        assert stage.world.weights() == {old: 0, new: 100}
        side = stage.world.status()["canary"]["stablePingPong"]
        assert f"web-{side}" == new
        await stage.quiet()
        assert [pair[new] for pair in weights] == [0, 50, 100]


@scenario
async def test_requests_chosen_by_header(stage: Stage) -> None:
    """A header route leads to the canary alone, beside a weight of 0, and goes with the promotion."""
    steps: tuple[Json, ...] = ({"setCanaryScale": {"replicas": 1}}, {"setHeaderRoute": BETA}, pause())
    await stage.apply(*with_managed(a_routed_world(*steps, replicas=2, scaleDownDelaySeconds=1), "beta"))
    await stage.healthy(image="web:v1")
    assert names(stage.world) == [""]
    await stage.set_image("web:v2")
    await stage.paused(step=2)
    rule = rules(stage.world)[names(stage.world).index("beta")]
    assert backends(rule) == ["web-canary"]
    assert [header["name"] for header in rule["matches"][0]["headers"]] == ["x-beta"]
    (weighted,) = [one for one in rules(stage.world) if "name" not in one]
    assert {ref["name"]: ref["weight"] for ref in weighted["backendRefs"]} == {"web-stable": 100, "web-canary": 0}
    await stage.told(step_done(2, 3, "setHeaderRoute: beta"))

    await stage.promote()
    await stage.healthy(image="web:v2")
    await stage.until(lambda world: names(world) == [""])


@scenario
async def test_header_route_of_an_aborted_canary(stage: Stage) -> None:
    """An abort takes the header route away with the weight."""
    steps: tuple[Json, ...] = (weight(20), {"setHeaderRoute": BETA}, pause())
    await stage.apply(*with_managed(a_routed_world(*steps, replicas=2, abortScaleDownDelaySeconds=1), "beta"))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=2)
    assert "beta" in names(stage.world)
    await stage.abort()
    await stage.degraded()
    await stage.until(lambda world: names(world) == [""])

    assert stage.world.weights() == {"web-stable": 100, "web-canary": 0}
    await stage.until(lambda world: world.sizes() == {"web:v1": 2, "web:v2": 0})


@scenario
async def test_requests_copied(stage: Stage) -> None:
    """A mirror route copies a part of the requests that match, until a step of its name matches nothing."""
    ends = {"setMirrorRoute": {"name": "copy"}}
    steps: tuple[Json, ...] = ({"setCanaryScale": {"replicas": 1}}, {"setMirrorRoute": COPY}, pause(), ends, pause())
    await stage.apply(*with_managed(a_routed_world(*steps, replicas=2), "copy"))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=2)
    rule = rules(stage.world)[names(stage.world).index("copy")]
    (mirror,) = [one["requestMirror"] for one in rule["filters"]]
    assert (mirror["backendRef"]["name"], mirror["percent"]) == ("web-canary", 20)
    assert rule["matches"][0]["method"] == "GET"

    await stage.promote()
    await stage.paused(step=4)
    assert names(stage.world) == [""]


@scenario
async def test_weights_out_of_a_thousand(stage: Stage) -> None:
    """maxTrafficWeight: weights, and the sizes that follow them, are parts of another whole."""
    objects = a_routed_world(weight(5), pause(), weight(500), pause(), replicas=4)
    objects[-1]["spec"]["strategy"]["canary"]["trafficRouting"]["maxTrafficWeight"] = 1000
    await stage.apply(*objects)
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    assert (stage.world.weights(), stage.world.sizes()["web:v2"]) == ({"web-stable": 995, "web-canary": 5}, 1)
    await stage.promote()
    await stage.paused(step=3)

    assert (stage.world.weights(), stage.world.sizes()["web:v2"]) == ({"web-stable": 500, "web-canary": 500}, 2)


@scenario
async def test_canary_is_never_smaller_than_asked(stage: Stage) -> None:
    """minPodsPerReplicaSet: a small weight has more than one pod behind it."""
    await stage.apply(*a_routed_world(weight(1), pause(), replicas=4, minPodsPerReplicaSet=2))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)

    assert stage.world.available() == {"web:v1": 4, "web:v2": 2}
    assert stage.world.weights() == {"web-stable": 99, "web-canary": 1}


@scenario
async def test_canary_sized_by_a_weight_of_its_own(stage: Stage) -> None:
    """setCanaryScale with a weight: pods for this share, whatever the routes say, also when the rollout is scaled."""
    await stage.apply(*a_routed_world(canary_scale(weight=75), weight(10), pause(), replicas=4))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=2)
    assert (stage.world.weights()["web-canary"], stage.world.sizes()["web:v2"]) == (10, 3)
    await stage.scale(8)
    await stage.until(lambda world: world.available() == {"web:v1": 8, "web:v2": 6})
    await stage.scale(2)
    await stage.until(lambda world: world.available() == {"web:v1": 2, "web:v2": 2})

    assert (stage.world.phase(), stage.world.weights()["web-canary"]) == ("Paused", 10)
    await stage.promote()
    await stage.until(lambda world: world.available()["web:v2"] == 2 and world.phase() == "Healthy")


@scenario
async def test_most_pods_are_enough(stage: Stage) -> None:
    """replicaProgressThreshold: a step is done when most of the canary's pods serve, though one never will."""
    gate = "example.com/warm"
    objects = a_routed_world(
        weight(100), pause(), replicas=4, replicaProgressThreshold={"type": "Percent", "value": 75}
    )
    await stage.apply(*objects)
    await stage.healthy(image="web:v1")
    await stage.edit(
        {"op": "add", "path": "/spec/template/spec/readinessGates", "value": [{"conditionType": gate}]},
        {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "web:v2"},
    )
    await stage.until(lambda world: len(world.pods("web:v2")) == 4)
    await stage.quiet()
    assert stage.world.step() == 0
    await stage.open_gates(gate, image="web:v2", most=2)
    await stage.quiet()
    assert (stage.world.step(), stage.world.weights()["web-canary"]) == (0, 0)
    await stage.open_gates(gate, image="web:v2", most=3)
    await stage.paused(step=1)

    assert stage.world.weights() == {"web-stable": 0, "web-canary": 100}
    assert stage.world.available() == {"web:v1": 4, "web:v2": 3}


@scenario
async def test_scaled_to_nothing_and_back(stage: Stage) -> None:
    """A routed canary that is scaled to 0 in its pause has no pod at all; scaled up again it is as before."""
    await stage.apply(*a_routed_world(weight(50), pause(), replicas=2))
    await stage.healthy(image="web:v1")
    await stage.set_image("web:v2")
    await stage.paused(step=1)
    await stage.scale(0)
    await stage.until(lambda world: world.sizes() == {"web:v1": 0, "web:v2": 0} and not world.pods())
    await stage.quiet()
    await stage.scale(4)
    await stage.until(lambda world: world.available() == {"web:v1": 4, "web:v2": 2})
    await stage.until(lambda world: world.weights() == {"web-stable": 50, "web-canary": 50})

    assert (stage.world.phase(), stage.world.step()) == ("Paused", 1)
    assert stage.world.reasons().count("RolloutPaused") == 1
