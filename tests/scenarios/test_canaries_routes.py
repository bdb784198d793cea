"""Canaries whose requests are chosen, copied or held: by header, cookie and query, behind a gateway and in a mesh."""

import re
from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from tests.builders.canaries import a_canary, a_deployment, rounds, steps
from tests.builders.foreign import VIRTUAL_SERVICES
from tests.scenarios.holding import held, let_go
from tests.scenarios.playing import scenario
from tests.scenarios.sight import Sight
from tests.scenarios.stage import Stage

CHOSEN: dict[str, Json] = {
    "header": {"headers": {"x-user": {"exact": "insider"}}},
    "cookie": {"headers": {"cookie": {"regex": "^(.*?;)?(canary=always)(;.*)?$"}}},
    "query": {"queryParams": {"try": {"exact": "new"}}},
}
ALL_STABLE = {"web-primary": 100, "web-canary": 0}


def rules(world: Sight, name: str = "web") -> list[Json]:
    """The rules of an HTTPRoute."""
    route = world.one(kinds.HTTP_ROUTES, name) or {"spec": {"rules": []}}
    found: list[Json] = route["spec"]["rules"]
    return found


def conditions(match: Json) -> list[Json]:
    """Headers and queries by which a rule of an HTTPRoute chooses requests."""
    return [*match.get("headers", []), *match.get("queryParams", [])]


def values(match: Json) -> list[str]:
    """What the manifest says that they are to be."""
    return [value for named in match.values() for how in named.values() for value in how.values()]


def shares(rule: Json) -> dict[str, int]:
    """Where a rule of an HTTPRoute leads to."""
    return {one["name"]: one.get("weight", 1) for one in rule["backendRefs"]}


def copies(rule: Json) -> list[str]:
    """The Services to which a rule of an HTTPRoute copies requests."""
    filters = [one for one in rule.get("filters", []) if one["type"] == "RequestMirror"]
    return [one["requestMirror"]["backendRef"]["name"] for one in filters]


def cookies_set(holder: Json) -> list[str]:
    """What a rule of an HTTPRoute, or one of its backends, adds to answers as cookies."""
    modifiers = [one.get("responseHeaderModifier", {}) for one in holder.get("filters", [])]
    return [header["value"] for one in modifiers for header in one.get("add", []) if header["name"] == "Set-Cookie"]


async def routes_of_mesh(stage: Stage, name: str = "web") -> list[Json]:
    """The HTTP routes of a VirtualService, as the object has them now."""
    found: list[Json] = (await stage.get(VIRTUAL_SERVICES, name))["spec"]["http"]
    return found


def led(route: Json) -> dict[str, int]:
    """Where a route of a VirtualService leads to."""
    return {one["destination"]["host"]: one.get("weight", 100) for one in route["route"]}


@scenario
async def test_requests_are_chosen_behind_a_gateway(stage: Stage) -> None:
    """By header, cookie or query: who is chosen gets the new version in all rounds, and everybody else never does."""
    for name, match in CHOSEN.items():
        canary = a_canary(rounds(2, match=[match], webhooks=held(stage)), name=name)
        await stage.apply(a_deployment(name), canary)
    for name in CHOSEN:
        await stage.canary_phase("Initialized", name=name)
    others = stage.record(lambda world: [shares(rules(world, name)[-1]) for name in CHOSEN])
    for name in CHOSEN:
        await stage.release("web:v2", name)
    for name, match in CHOSEN.items():
        await stage.canary_phase("WaitingPromotion", name=name)
        chosen = rules(stage.world, name)[0]
        assert shares(chosen) == {f"{name}-primary": 0, f"{name}-canary": 100}
        assert [told["value"] for one in chosen["matches"] for told in conditions(one)] == values(match)

    let_go(stage)
    for name in CHOSEN:
        await stage.canary_phase("Succeeded", name=name)
        assert shares(rules(stage.world, name)[0]) == {f"{name}-primary": 100, f"{name}-canary": 0}
    assert others == [[{f"{name}-primary": 100} for name in CHOSEN]]


@scenario
async def test_requests_are_chosen_in_a_mesh(stage: Stage) -> None:
    """The same in a VirtualService, together with what the user wants of every request."""
    for name, match in CHOSEN.items():
        service = {"port": 80, "timeout": "5s", "match": [{"uri": {"prefix": "/api"}}]}
        analysis = rounds(2, match=[match], webhooks=held(stage))
        await stage.apply(a_deployment(name), a_canary(analysis, name=name, provider="istio", service=service))
    for name in CHOSEN:
        await stage.canary_phase("Initialized", name=name)
        await stage.release("web:v2", name)
    for name, match in CHOSEN.items():
        await stage.canary_phase("WaitingPromotion", name=name)
        chosen, rest = await routes_of_mesh(stage, name)
        assert chosen["match"] == [{"uri": {"prefix": "/api"}, **match}]
        assert led(chosen) == {f"{name}-primary": 0, f"{name}-canary": 100}
        assert (rest["match"], led(rest)) == ([{"uri": {"prefix": "/api"}}], {f"{name}-primary": 100})
        assert {chosen["timeout"], rest["timeout"]} == {"5s"}

    let_go(stage)
    for name in CHOSEN:
        await stage.canary_phase("Succeeded", name=name)
        assert led((await routes_of_mesh(stage, name))[0]) == {f"{name}-primary": 100, f"{name}-canary": 0}


@scenario
async def test_requests_are_copied_before_anybody_is_sent(stage: Stage) -> None:
    """The new version first gets copies, whose answers nobody sees; then its weights, and no copy any more."""
    await stage.apply(a_deployment(), a_canary(steps(50, most=50, mirror=True)))
    await stage.canary_phase("Initialized")
    seen = stage.record(lambda world: (copies(rules(world)[0]), world.weights()["web-canary"]))
    await stage.release("web:v2")
    await stage.canary_phase("Succeeded")

    assert seen == [([], 0), (["web-canary"], 0), ([], 50), ([], 0)]


@scenario
async def test_requests_are_copied_in_all_rounds(stage: Stage) -> None:
    """Blue-green in a mesh: a part of the requests is copied as long as the new version is judged, and nobody sent."""
    halts = {"name": "go", "type": "rollout", "url": stage.hook("go", 403)}
    analysis = rounds(2, mirror=True, mirrorWeight=20, webhooks=[halts], threshold=1000)
    await stage.apply(a_deployment(), a_canary(analysis, provider="istio", service={"port": 80}))
    await stage.canary_phase("Initialized")
    await stage.release("web:v2")
    await stage.until(lambda world: world.canary_status().get("failedChecks", 0) > 1)
    (route,) = await routes_of_mesh(stage)
    assert route["mirror"] == {"host": "web-canary"}
    assert route["mirrorPercentage"] == {"value": 20}
    assert led(route) == ALL_STABLE

    stage.hook("go")
    await stage.canary_phase("Succeeded")
    (route,) = await routes_of_mesh(stage)
    assert "mirror" not in route
    assert led(route) == ALL_STABLE


@scenario
async def test_users_stay_with_their_version(stage: Stage) -> None:
    """Who was sent to the new version once has a cookie that leads there, and loses it when the run is over."""
    sticky = {"cookieName": "lot", "maxAge": 60}
    await stage.apply(a_deployment(), a_canary(steps(30, most=30, sessionAffinity=sticky, webhooks=held(stage))))
    await stage.canary_phase("Initialized")
    await stage.release("web:v2")
    await stage.canary_phase("WaitingPromotion")
    carriers, lots = rules(stage.world)
    cookie = stage.world.canary_status()["sessionAffinityCookie"]
    assert re.fullmatch(r"lot=[A-Za-z]{10}", cookie)
    (pattern,) = [header["value"] for match in carriers["matches"] for header in match["headers"]]
    assert re.fullmatch(pattern, f"theme=dark; {cookie}; lang=de")
    assert shares(carriers) == {"web-primary": 0, "web-canary": 100}
    assert shares(lots) == {"web-primary": 70, "web-canary": 30}
    (given,) = [setting for backend in lots["backendRefs"] for setting in cookies_set(backend)]
    assert given == f"{cookie}; Max-Age=60"

    let_go(stage)
    await stage.canary_phase("Succeeded")
    former, rest = rules(stage.world)
    assert cookies_set(former) == [f"{cookie}; Max-Age=-1"]
    assert shares(rest) == ALL_STABLE
    assert "sessionAffinityCookie" not in stage.world.canary_status()


@scenario
async def test_a_route_that_another_delegates_to(stage: Stage) -> None:
    """It has neither hosts nor gateways; a user who gives it some is told so, and need only take them away."""
    service: Json = {"port": 80, "delegation": True, "hosts": ["shop.test"]}
    await stage.apply(a_deployment(), a_canary(steps(50, most=50), provider="istio", service=service))
    await stage.until(lambda world: world.canary_status().get("conditions"))
    (mistake,) = stage.world.canary_status()["conditions"]
    assert mistake["message"].startswith("spec.service.delegation: goes with neither hosts nor gateways")
    await stage.patch({"spec": {"service": {"hosts": None}}}, resource=kinds.CANARIES)
    await stage.canary_phase("Initialized")
    assert not {"hosts", "gateways"} & {key for key, value in (await _spec(stage)).items() if value}

    await stage.release("web:v2")
    await stage.canary_phase("Succeeded")
    (route,) = await routes_of_mesh(stage)
    assert led(route) == ALL_STABLE


async def _spec(stage: Stage) -> Any:
    return (await stage.get(VIRTUAL_SERVICES))["spec"]
