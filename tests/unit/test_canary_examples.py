"""examples/flagger-*: Flagger's manifests, each played from its start to a promotion; virtual time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from rollouts.dialects.registry import TICKING
from rollouts.model.strategy import Progressive
from tests.scenarios.embedded import play
from tests.scenarios.sight import Sight
from tests.scenarios.stage import Stage

EXAMPLES = Path(__file__).parents[2] / "examples"
DIALECT = TICKING[kinds.CANARIES.api_version, kinds.CANARIES.kind]
NEW = "registry.example/shop:v2"


def documents(folder: str) -> list[Json]:
    """The objects of a folder; what others name comes first."""
    files = sorted((EXAMPLES / folder).glob("*.yaml"))
    found = [obj for file in files for obj in yaml.safe_load_all(file.read_text())]
    return sorted(found, key=lambda obj: obj["kind"] == "Canary")


def queries(objects: list[Json]) -> Iterator[tuple[str, float]]:
    """What this Canary asks Prometheus, and an answer that is within the bounds."""
    (canary,) = (obj for obj in objects if obj["kind"] == "Canary")
    canary["metadata"]["namespace"] = "shop"
    templates = {f"shop/{obj['metadata']['name']}": obj for obj in objects if obj["kind"] == "MetricTemplate"}
    strategy = DIALECT.parse(canary, "", DIALECT.provider, None, templates).strategy
    assert isinstance(strategy, Progressive)
    for check in strategy.checks:
        bound = check.low if check.low is not None else check.high
        value = (bound or 0) / check.scale
        yield from ((check.query, value), (" ".join(check.query.split()), value))


def weights_of(world: Sight) -> int | None:
    """The new version's weight on the route; a route of chosen requests has two rules."""
    route = world.one(kinds.HTTP_ROUTES, "shop")
    if route is None:
        return None
    backends = route["spec"]["rules"][0]["backendRefs"]
    return next((int(one["weight"]) for one in backends if one["name"] == "shop-canary"), None)


async def opened(stage: Stage, folder: str) -> None:
    """The first version serves, and Prometheus finds everything well."""
    objects = documents(folder)
    stage.house.answers.update(queries(objects))
    await stage.apply(*objects)
    await stage.canary_phase("Initialized", name="shop", within=180)


def calls(stage: Stage) -> list[str]:
    """What the load tester was asked to run, each once."""
    told = (body.get("metadata", {}).get("cmd", "") for _, body in stage.house.hooks.heard)
    return list(dict.fromkeys(filter(None, told)))


def test_the_canary_gets_ten_percent_more_each_minute() -> None:
    """Up to half of the requests; then a person agrees, and the primary takes the version over."""

    async def story(stage: Stage) -> None:
        await opened(stage, "flagger-canary")
        stage.house.hooks.replies["/gate/check"] = 403, "closed"
        weights = stage.record(weights_of)
        await stage.release(NEW, name="shop")
        await stage.canary_phase("WaitingPromotion", name="shop", within=900)
        assert weights == [0, 10, 20, 30, 40, 50]

        await stage.argo("promote", "canary/shop")
        await stage.canary_phase("Succeeded", name="shop", within=600)
        assert stage.world.deployments()["shop-primary"][0] == NEW
        assert calls(stage) == [
            "curl -sf http://shop-canary.shop/healthz",
            "hey -z 1m -q 10 -c 2 http://shop-canary.shop/",
        ]

    play(story, "shop")


def test_the_ab_test_shows_the_version_to_those_who_asked() -> None:
    """Requests by header or cookie for ten ticks, and to nobody else before the promotion."""

    async def story(stage: Stage) -> None:
        await opened(stage, "flagger-ab")
        await stage.release(NEW, name="shop")
        await stage.until(lambda world: weights_of(world) == 100, within=180)
        chosen, others = (await stage.get(kinds.HTTP_ROUTES, "shop"))["spec"]["rules"]
        assert [header["name"] for match in chosen["matches"] for header in match["headers"]] == ["x-beta", "cookie"]
        assert [(one["name"], one["weight"]) for one in others["backendRefs"]] == [("shop-primary", 100)]

        await stage.canary_phase("Succeeded", name="shop", within=1200)
        assert stage.world.deployments() == {"shop": (NEW, 0), "shop-primary": (NEW, 3)}

    play(story, "shop")


@pytest.mark.parametrize(("rate", "phase"), [(99.5, "Succeeded"), (95.0, "Failed")])
def test_metrics_of_ones_own_judge_each_weight(rate: float, phase: str) -> None:
    """10, 25 and 50 percent, then the promotion; errors at the first weight, and it is the last one."""

    async def story(stage: Stage) -> None:
        await opened(stage, "flagger-metrics")
        weights = stage.record(weights_of)
        stage.house.answers.update({query: rate for query in stage.house.answers if "code!~" in query})
        await stage.release(NEW, name="shop")
        await stage.canary_phase(phase, name="shop", within=900)
        assert weights == ([0, 10, 25, 50, 0] if phase == "Succeeded" else [0, 10, 0])

    play(story, "shop")


@pytest.mark.parametrize(("rate", "phase", "image"), [(100.0, "Succeeded", NEW), (90.0, "Failed", "")])
def test_blue_green_judges_before_the_primary_changes(rate: float, phase: str, image: str) -> None:
    """Ten good ticks promote the version; two bad ones, and nobody has ever seen it."""

    async def story(stage: Stage) -> None:
        await opened(stage, "flagger-bluegreen")
        await stage.release(NEW, name="shop")
        stage.house.answers.update({query: rate for query in stage.house.answers if "status!~" in query})
        await stage.canary_phase(phase, name="shop", within=900)
        served: dict[str, Any] = dict(stage.world.deployments())
        assert served["shop-primary"] == (image or "registry.example/shop:v1", 3)
        assert served["shop"] == (NEW, 0)

        before = await stage.get(kinds.CANARIES, "shop")
        await stage.seconds(300)
        assert await stage.get(kinds.CANARIES, "shop") == before  # Flagger writes in each tick of a failed one

    play(story, "shop")
