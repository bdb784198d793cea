"""Each folder of examples/ runs as it stands: controller, embedded cluster, users and their metrics; virtual time."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
import yaml

from rollouts.cluster import kinds
from rollouts.cluster.port import Json, Target
from rollouts.controller.ports import GitPorts
from rollouts.dialects.argo.analysis import faults_of, parse_template
from rollouts.gitsync.memory import MemoryCheckout, MemoryRemote, PlainRender
from rollouts.simulator.promql import query
from rollouts.simulator.scenario import parse_scenario
from tests.unit.controller.stories import Shop, tell

EXAMPLES = Path(__file__).parents[2] / "examples"
SHOP = "registry.example/shop"
SCENARIO = parse_scenario(
    {
        "requestsPerSecond": 20,
        "images": {
            f"{SHOP}:v1": {"errorRate": "0.1%", "latency": {"median": "40ms", "p99": "150ms"}, "readyAfter": "2s"},
            f"{SHOP}:v2": {"errorRate": "0.1%", "latency": {"median": "40ms", "p99": "150ms"}, "readyAfter": "2s"},
            f"{SHOP}:errors": {"errorRate": "20%", "latency": {"median": "40ms", "p99": "150ms"}},
            f"{SHOP}:slow": {"errorRate": "0.1%", "latency": {"median": "900ms", "p99": "3s"}},
        },
    }
)


@dataclass
class Measured(Shop):
    """A shop whose Prometheus knows what its users saw."""

    def measure(self, query_text: str, now: datetime) -> Json:
        """The answer to a query, from the series of the traffic."""
        return {"status": "success", "data": query(self.world.series, query_text, now.timestamp())}


def documents(*folders: str) -> Iterator[Json]:
    """The objects of these folders, in the shop's namespace where a namespace is theirs to have."""
    for folder in folders:
        for file in sorted((EXAMPLES / folder).glob("*.yaml")):
            for obj in yaml.safe_load_all(file.read_text()):
                if obj["kind"] != "ClusterAnalysisTemplate":
                    obj["metadata"]["namespace"] = "shop"
                yield obj


async def opened(shop: Shop, *folders: str) -> Measured:
    """The shop with a controller and the objects of these folders, once v1 had time to become healthy."""
    measured = Measured(shop.world, shop.store, prometheus="http://prometheus.example")
    await measured.start()
    await measured.world.apply(documents(*folders))
    await asyncio.sleep(30)
    return measured


async def canary_weights(shop: Shop, *, seconds: int) -> list[int]:
    """The weights that the canary has in turn from now on."""
    seen = [0]
    for _ in range(seconds):
        await asyncio.sleep(1)
        weight = (await shop.weights("shop"))["shop-canary"]
        if weight != seen[-1]:
            seen.append(weight)
    return seen


async def service_hash(shop: Shop, name: str) -> str:
    """The version that a Service selects."""
    selector: dict[str, str] = (await shop.get(kinds.SERVICES, name))["spec"]["selector"]
    return selector["rollouts-pod-template-hash"]


def test_every_folder_is_tried_here() -> None:
    """A new example comes with its test."""
    tried = {"analysis", "blue-green", "canary", "canary-services", "gitops", "step-plugin"}
    tried |= {"analysis-services"}  # in test_service_examples
    tried |= {"appmesh", "istio-hosts", "istio-subsets"}  # by test_mesh_examples
    tried |= {"metric-plugin-package", "metric-plugin-program"}  # in test_metric_plugin_examples
    tried |= {"router-plugin-package", "router-plugin-program"}  # in test_router_plugin_examples
    tried |= {"alb-ingress", "ambassador-mapping", "apisix-route", "nginx-ingress", "smi-split", "traefik-service"}

    tried |= {"backtest"}  # in tests/e2e/test_backtest
    tried |= {"loadtester"}  # in test_loadtester_example
    tried |= {"experiment", "canary-experiment"}  # in test_experiment_examples
    tried |= {"flagger-ab", "flagger-bluegreen", "flagger-canary", "flagger-metrics"}  # in test_canary_examples

    folders = {folder.name for folder in EXAMPLES.iterdir() if folder.is_dir()}
    assert folders == tried
    assert folders == set(re.findall(r"\]\(([\w-]+)\)", (EXAMPLES / "README.md").read_text()))


def test_a_good_canary_climbs_and_is_promoted() -> None:
    """The route carries each step's weight in turn, each one judged; at the end all pods are of the new version."""

    async def story(shop: Shop) -> None:
        shop = await opened(shop, "canary", "analysis")
        assert await shop.phase("shop") == ("Healthy", "")
        await shop.use(f"{SHOP}:v2", "shop")
        seen = await canary_weights(shop, seconds=330)
        assert seen == [0, 10, 25, 50, 100, 0]
        assert await shop.phase("shop") == ("Healthy", "")
        runs = await shop.listed(kinds.ANALYSIS_RUNS)
        assert [run["status"]["phase"] for run in runs] == ["Successful"] * 4

        await asyncio.sleep(60)
        assert await shop.sizes() == {f"{SHOP}:v1": 0, f"{SHOP}:v2": 4}

    tell(story, SCENARIO)


@pytest.mark.parametrize(("tag", "metric"), [("errors", "success-rate"), ("slow", "latency-p99")])
def test_a_bad_canary_is_taken_back_by_its_analysis(tag: str, metric: str) -> None:
    """Each of the two templates finds the fault that it is for, at the first step."""

    async def story(shop: Shop) -> None:
        shop = await opened(shop, "canary", "analysis")
        await shop.use(f"{SHOP}:{tag}", "shop")
        await asyncio.sleep(90)

        phase, message = await shop.phase("shop")
        assert phase == "Degraded"
        assert f'Metric "{metric}" assessed Failed' in message
        assert await shop.weights("shop") == {"shop-stable": 100, "shop-canary": 0}

    tell(story, SCENARIO)


@pytest.mark.parametrize("name", ["success-rate", "latency"])
def test_the_templates_are_without_fault(name: str) -> None:
    """Metrics can run and conditions can be read."""
    (template,) = (obj for obj in documents("analysis") if obj["metadata"]["name"] == name)

    assert faults_of(parse_template(template)) == ()


def test_blue_green_shows_a_preview_and_then_switches() -> None:
    """Users stay on v1 for the 30 seconds of the preview; then both Services select v2."""

    async def story(shop: Shop) -> None:
        shop = await opened(shop, "blue-green")
        assert await shop.phase("shop") == ("Healthy", "")
        before = await service_hash(shop, "shop")
        await shop.use(f"{SHOP}:v2", "shop")
        await asyncio.sleep(20)
        assert await shop.phase("shop") == ("Paused", "BlueGreenPause")
        assert await service_hash(shop, "shop") == before
        assert await service_hash(shop, "shop-preview") != before

        await asyncio.sleep(80)
        assert await shop.phase("shop") == ("Healthy", "")
        assert await service_hash(shop, "shop") == await service_hash(shop, "shop-preview") != before
        assert await shop.sizes() == {f"{SHOP}:v1": 0, f"{SHOP}:v2": 3}

    tell(story, SCENARIO)


def test_a_canary_by_services_alone_is_as_near_as_pods_come() -> None:
    """A quarter, a half, all of the pods behind the one Service that users call; each version has one of its own."""

    async def story(shop: Shop) -> None:
        shop = await opened(shop, "canary-services")
        stable = await service_hash(shop, "shop-stable")
        await shop.use(f"{SHOP}:v2", "shop")
        seen: list[int] = []
        for _ in range(120):
            await asyncio.sleep(1)
            new = (await shop.sizes()).get(f"{SHOP}:v2", 0)
            seen += [new] if new not in seen[-1:] else []

        assert seen == [1, 2, 3, 4]
        assert await shop.phase("shop") == ("Healthy", "")
        assert await service_hash(shop, "shop-stable") == await service_hash(shop, "shop-canary") != stable

    tell(story, SCENARIO)


def test_gitops_follows_the_repository() -> None:
    """A commit of the blue-green example becomes a rollout, and the next one a new version of it."""

    async def story(shop: Shop) -> None:
        source, sync = documents("gitops")
        remote = MemoryRemote()
        files = {f"deploy/{file.name}": file.read_text() for file in (EXAMPLES / "blue-green").glob("*.yaml")}
        remote.commit(files)
        await shop.start(git=GitPorts(MemoryCheckout({source["spec"]["url"]: remote}), PlainRender()))
        await shop.world.apply([source, sync])
        await asyncio.sleep(30)
        assert await image_and_phase(shop) == (f"{SHOP}:v1", "Healthy")

        remote.commit({name: text.replace("shop:v1", "shop:v2") for name, text in files.items()})
        await asyncio.sleep(180)
        assert await image_and_phase(shop) == (f"{SHOP}:v2", "Healthy")

    tell(story, SCENARIO)


async def image_and_phase(shop: Shop) -> tuple[str, str]:
    """How the rollout fares that the sync put into its target namespace."""
    live = await shop.store.get(Target(kinds.ROLLOUTS, "shop", "default"))
    return live["spec"]["template"]["spec"]["containers"][0]["image"], live["status"]["phase"]
