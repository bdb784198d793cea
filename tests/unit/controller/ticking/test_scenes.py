"""What the metrics page says of Canaries, under the names and with the labels that dashboards know."""

import asyncio

import pytest

from rollouts.cluster import kinds
from rollouts.cluster.port import Json, Target
from rollouts.controller.settings import Settings
from rollouts.controller.ticking.scenes import rows_of
from rollouts.controller.ticking.settings import TickSettings
from rollouts.dialects.registry import TICKING
from rollouts.telemetry.series import TickName
from tests.builders.canaries import STRICT, a_canary, a_deployment, a_metric_template, at_most
from tests.unit.controller.stories import Running, Shop, tell
from tests.unit.controller.ticking.canaries import a_delivery, in_shop, release, rounds, steps

DIALECT = TICKING[kinds.CANARIES.api_version, kinds.CANARIES.kind]
WEB = 'name="web",namespace="shop"'


def shown(running: Running) -> set[str]:
    """The lines of the page that are about Canaries, but for buckets and times."""
    lines = running.controller.metrics.render().decode().splitlines()
    return {line for line in lines if line.startswith("flagger_") and "_bucket" not in line and "_sum" not in line}


def test_a_promoted_canary_is_counted() -> None:
    """A success by its strategy, what it measured, its weights, and how often it asked."""

    async def story(shop: Shop) -> None:
        running = await shop.start()
        await shop.world.apply(a_delivery())
        await asyncio.sleep(40)
        await release(shop, "web:v2")
        await asyncio.sleep(25)
        assert 'flagger_canary_weight{namespace="shop",workload="web"} 40.0' in shown(running)
        assert f"flagger_canary_status{{{WEB}}} 0.0" in shown(running)
        await asyncio.sleep(90)

        ended = f'analysis_status="completed",deployment_strategy="canary",{WEB}'
        assert f"flagger_canary_successes_total{{{ended}}} 1.0" in shown(running)
        assert f'flagger_canary_metric_analysis{{metric="errors",{WEB}}} 0.0' in shown(running)
        assert 'flagger_canary_weight{namespace="shop",workload="web-primary"} 100.0' in shown(running)
        assert 'flagger_canary_total{namespace="shop"} 1.0' in shown(running)
        assert 'flagger_info{mesh_provider="istio",version="unknown"} 1.0' in shown(running)

    tell(story)


def test_a_failed_canary_is_counted_and_one_that_went_is_not_shown() -> None:
    """No series outlives its Canary."""

    async def story(shop: Shop) -> None:
        running = await shop.start()
        bad = rounds(3, metrics=[at_most("7", 1)])
        await shop.world.apply(in_shop(a_deployment(), a_canary(bad, provider="kubernetes")))
        await asyncio.sleep(40)
        await release(shop, "web:v2")
        await asyncio.sleep(60)
        ended = f'analysis_status="completed",deployment_strategy="blue-green",{WEB}'
        assert f"flagger_canary_failures_total{{{ended}}} 1.0" in shown(running)
        assert f"flagger_canary_status{{{WEB}}} 2.0" in shown(running)
        await shop.store.delete(Target(kinds.CANARIES, "web", "shop"))
        await asyncio.sleep(60)

        assert shown(running) == {'flagger_info{mesh_provider="istio",version="unknown"} 1.0'}

    tell(story)


@pytest.mark.parametrize(
    ("phase", "standing", "literal"),
    [
        ("", 1, 1),
        ("Initialized", 1, 1),
        ("Succeeded", 1, 1),
        ("Failed", 2, 2),
        ("Progressing", 0, 0),
        ("Waiting", 0, 1),
        ("WaitingPromotion", 0, 1),
        ("Promoting", 0, 1),
    ],
)
def test_e13_what_is_under_way_is_no_success(phase: str, standing: int, literal: int) -> None:
    """To the letter a Canary that waits or is promoted counts as one that has succeeded."""
    (canary,) = in_shop(a_canary(steps(20)))
    strict = {**canary, "metadata": {**canary["metadata"], "annotations": STRICT}}
    rows = [
        row for each in (canary, strict) for row in rows_of([{**each, "status": {"phase": phase}}], DIALECT, "", "1")
    ]

    assert [row.value for row in rows if row.metric == TickName.STATUS] == [standing, literal]


def test_nothing_of_another_namespace_is_named_where_the_operator_allows_none() -> None:
    """The Canary is refused by name of what it may not name."""

    async def story(shop: Shop) -> None:
        await shop.start(settings=Settings(is_elected=False, ticking=TickSettings(stays_home=True)))
        metric: Json = {"name": "errors", "templateRef": {"name": "errors", "namespace": "ops"}}
        template = a_metric_template("0", "http://prometheus.test")
        template["metadata"]["namespace"] = "ops"
        await shop.world.apply([template, *in_shop(a_deployment(), a_canary(steps(20, metrics=[metric])))])
        await asyncio.sleep(40)

        conditions = (await shop.get(kinds.CANARIES))["status"]["conditions"]
        assert conditions[0]["message"].startswith("spec.analysis: MetricTemplate ops/errors is of another namespace")

    tell(story)
