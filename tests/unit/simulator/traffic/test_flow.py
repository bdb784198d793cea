"""Requests follow what the objects say, and the metrics tell of it."""

import asyncio
from typing import Any

import pytest

from rollouts.cluster import kinds
from rollouts.cluster.port import Json, Target
from rollouts.simulator.clock import virtual_now
from rollouts.simulator.promql import query
from rollouts.simulator.scenario import Behaviour, Latency, Scenario
from rollouts.simulator.traffic.served import Tally, Version
from rollouts.simulator.world import World
from tests.builders.simulated import NAMESPACE, a_replica_set, a_route, a_service, live, merge

SCENARIO = Scenario(
    images={
        "app:good": Behaviour(error_rate=0.001, latency=Latency(0.04, 0.15)),
        "app:bad": Behaviour(error_rate=0.05, latency=Latency(0.3, 0.9)),
    },
    requests_per_second=100,
)


def two_versions(**weights: int) -> list[Json]:
    """Versions stable (good) and canary (bad), a Service each, and a route over both."""
    return [
        a_replica_set("stable", "app:good"),
        a_replica_set("canary", "app:bad"),
        a_service("stable", "stable"),
        a_service("canary", "canary"),
        a_route("web", **weights),
    ]


async def warm(world: World, objects: list[Json]) -> Tally:
    """All is ready; what was served until then."""
    await world.apply([obj for obj in objects if obj["kind"] != "HTTPRoute"])
    await world.settle()
    await world.apply(objects)
    await world.settle()
    return world.traffic.served.total


def served(world: World, name: str) -> Tally:
    """What the version with this hash served."""
    found = [tally for version, tally in world.traffic.served.by_version.items() if version.hash == name]
    return sum(found, Tally())


def value(world: World, text: str) -> float:
    """A query's only value now."""
    (sample,) = query(world.series, text, virtual_now().timestamp())["result"]
    return float(sample["value"][1])


def test_weights_share_the_requests_out() -> None:
    """Ninety to ten of a hundred requests a second, errors at each version's own rate."""

    async def story(world: World) -> tuple[Tally, Tally]:
        await warm(world, two_versions(stable=90, canary=10))
        await asyncio.sleep(100)
        return served(world, "stable"), served(world, "canary")

    stable, canary = live(story, SCENARIO)

    assert (stable.requests, canary.requests) == (9000, 1000)
    assert (stable.errors, canary.errors) == (9, 50)
    assert canary.seconds / canary.requests > 5 * stable.seconds / stable.requests


def test_a_changed_weight_counts_from_the_next_tick() -> None:
    """The route says all to the canary: stable gets nothing more."""

    async def story(world: World) -> tuple[int, int]:
        await warm(world, two_versions(stable=100, canary=0))
        await asyncio.sleep(10)
        refs = [{"name": "stable", "port": 80, "weight": 0}, {"name": "canary", "port": 80, "weight": 100}]
        await merge(world, kinds.HTTP_ROUTES, "web", {"spec": {"rules": [{"backendRefs": refs}]}})
        await asyncio.sleep(10)
        return served(world, "stable").requests, served(world, "canary").requests

    assert live(story, SCENARIO) == (1000, 1000)


def test_a_service_without_ready_endpoints_costs_users_errors() -> None:
    """The share of a Service whose pods are not ready is answered by 503, and counted."""

    async def story(world: World) -> tuple[int, float]:
        await warm(world, [*two_versions(stable=80, empty=20), a_service("empty", "nobody")])
        await asyncio.sleep(50)
        return world.traffic.served.by_version[Version()].errors, value(world, 'http_requests_total{code="503"}')

    assert live(story, SCENARIO) == (1000, 1000)


@pytest.mark.parametrize("weights", [{"stable": 0, "canary": 0}, {"missing": 1}])
def test_a_route_to_nowhere_is_answered_by_500(weights: dict[str, int]) -> None:
    """All weights zero, or a Service that does not exist: every request fails."""

    async def story(world: World) -> tuple[Tally, float]:
        before = await warm(world, two_versions(**weights))
        await asyncio.sleep(10)
        total = value(world, 'sum(http_requests_total{code="500",rollouts_pod_template_hash=""})')
        return world.traffic.served.total - before, total

    tally, total = live(story, SCENARIO)

    assert tally.errors == tally.requests == total == 1000


def test_a_marked_service_needs_no_route() -> None:
    """Blue-green without a gateway: the active Service's requests follow its selector."""

    async def story(world: World) -> tuple[int, int]:
        await world.apply([a_replica_set("blue"), a_replica_set("green")])
        await world.settle()
        await world.apply([a_service("active", "blue", rate=50)])
        await asyncio.sleep(10)
        await merge(world, kinds.SERVICES, "active", {"spec": {"selector": {"app": "green"}}})
        await asyncio.sleep(10)
        return served(world, "blue").requests, served(world, "green").requests

    assert live(story, SCENARIO) == (500, 500)


def test_prometheus_queries_tell_good_from_bad() -> None:
    """Success rate and p99 latency by hash, as the example analyses ask for them."""

    async def story(world: World) -> list[float]:
        await warm(world, two_versions(stable=50, canary=50))
        await asyncio.sleep(120)
        rate = 'sum(rate(http_requests_total{{rollouts_pod_template_hash="{0}"{1}}}[1m]))'
        p99 = (
            "histogram_quantile(0.99, sum by (le) "
            '(rate(http_request_duration_seconds_bucket{{rollouts_pod_template_hash="{0}"}}[1m])))'
        )
        answers = []
        for name in ("stable", "canary"):
            good = rate.format(name, ',code!~"5.."')
            answers += [value(world, f"{good} / {rate.format(name, '')}"), value(world, p99.format(name))]
        return answers

    stable_rate, stable_p99, canary_rate, canary_p99 = live(story, SCENARIO)

    assert stable_rate == pytest.approx(0.999, abs=0.001)
    assert canary_rate == pytest.approx(0.95, abs=0.001)
    assert stable_p99 == pytest.approx(0.15, rel=0.7)
    assert canary_p99 == pytest.approx(0.9, rel=0.3)


def test_counters_start_at_zero_so_that_the_first_error_counts() -> None:
    """A version behind a route shows zeros before its first request."""

    async def story(world: World) -> list[float]:
        await warm(world, two_versions(stable=100, canary=0))
        await asyncio.sleep(2)
        text = 'http_requests_total{{rollouts_pod_template_hash="canary",code="{}"}}'
        return [value(world, text.format(code)) for code in ("200", "500")]

    assert live(story, SCENARIO) == [0, 0]


def test_versions_that_are_gone_are_not_measured_any_more() -> None:
    """After the staleness window nothing is left of a version without pods."""

    async def story(world: World) -> Any:
        await warm(world, two_versions(stable=50, canary=50))
        await asyncio.sleep(10)
        await world.cluster.delete(Target(kinds.REPLICA_SETS, "canary", NAMESPACE))
        await asyncio.sleep(400)
        text = 'http_requests_total{rollouts_pod_template_hash="canary"}'
        return query(world.series, text, virtual_now().timestamp())["result"]

    assert live(story, SCENARIO) == []


def test_the_damage_of_all_at_once_is_reckoned() -> None:
    """Requests since a moment times the image's error rate."""

    async def story(world: World) -> tuple[float, int]:
        await warm(world, two_versions(stable=99, canary=1))
        since, before = virtual_now(), world.traffic.errors_seen_by_users
        await asyncio.sleep(100)
        return world.traffic.errors_all_at_once("app:bad", since), world.traffic.errors_seen_by_users - before

    all_at_once, seen = live(story, SCENARIO)

    assert all_at_once == pytest.approx(500, abs=5)
    assert seen == pytest.approx(15, abs=1)


def test_a_rate_that_makes_no_sense_is_reported_and_others_flow() -> None:
    """A wrong annotation silences its own Service only."""

    async def story(world: World) -> tuple[list[Any], int]:
        broken = a_service("broken", "blue", rate=1)
        broken["metadata"]["annotations"] = {"simulator.sluice.dev/traffic": "lots"}
        await world.apply([a_replica_set("blue"), broken])
        await world.settle()
        await world.apply([a_service("active", "blue", rate=50)])
        await asyncio.sleep(10)
        return list(world.traffic.faults), served(world, "blue").requests

    assert live(story, SCENARIO) == ([(NAMESPACE, "broken")], 500)


def test_noise_is_the_seeds() -> None:
    """With noise requests and errors vary, and the same seed gives the same ones."""

    def run(seed: int) -> list[Tally]:
        async def story(world: World) -> list[Tally]:
            await warm(world, two_versions(stable=50, canary=50))
            await asyncio.sleep(30)
            return list(world.traffic.served.by_version.values())

        return live(story, Scenario(SCENARIO.images, requests_per_second=100, noise=0.3, seed=seed))

    assert run(1) == run(1)
    assert run(1) != run(2)
