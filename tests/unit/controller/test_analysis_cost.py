"""What analyses cost, counted: rounds, writes, and what is kept of runs that have ended."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from analysis.asking import IN_A_ROW
from analysis.errors import NoAnswerError
from rollouts.cluster import kinds
from rollouts.cluster.port import Collection, Json
from tests.builders.manifests import a_routed_world, a_template, an_object, pause, weight
from tests.unit.controller.stories import Running, Shop, Spy, tell

MINUTES = 10
ADDRESS = "http://prometheus.example"
VERDICT = {"phase": "Successful", "startedAt": "2025-12-31T00:00:00Z", "completedAt": "2025-12-31T00:09:00Z"}


def a_metric(name: str) -> Json:
    """A metric that is good, every minute."""
    prometheus = {"address": ADDRESS, "query": "1"}
    return {"name": name, "interval": "1m", "successCondition": "result[0] > 0", "provider": {"prometheus": prometheus}}


def a_run(name: str = "run", status: Json | None = None) -> Json:
    """A run of three metrics."""
    body = an_object(kinds.ANALYSIS_RUNS, name, spec={"metrics": [a_metric(each) for each in ("a", "b", "c")]})
    body["metadata"]["namespace"] = "shop"
    return body if status is None else {**body, "status": status}


def page(running: Running) -> list[tuple[str, dict[str, str], float]]:
    """Every line of the metrics page."""
    text = running.controller.metrics.render().decode()
    return [(s.name, s.labels, s.value) for family in text_string_to_metric_families(text) for s in family.samples]


def rounds(running: Running, kind: str = "analysis_run") -> float:
    """How many rounds there were."""
    return sum(value for name, _, value in page(running) if name == f"{kind}_reconcile_count")


def test_metrics_of_a_run_share_rounds_and_writes() -> None:
    """A minute costs two rounds and one write, whatever the number of metrics."""

    async def story(shop: Shop) -> tuple[int, float]:
        spy = Spy(shop.store)
        running = await shop.start(spy)
        await shop.store.create(Collection(kinds.ANALYSIS_RUNS, "shop"), a_run())
        await asyncio.sleep(30)
        before, done = len(spy.said()), rounds(running)
        await asyncio.sleep(60 * MINUTES)
        return len(spy.said()) - before, rounds(running) - done

    assert tell(story) == (MINUTES, 2 * MINUTES)


def test_ended_runs_get_no_round_and_no_room() -> None:
    """A controller that finds them makes no round for them, not even at a resync, and keeps neither spec nor values."""

    async def story(shop: Shop) -> tuple[float, list[Json]]:
        taken = [{"phase": "Successful", "value": "[1]"}] * 10
        status = {**VERDICT, "metricResults": [{"name": "a", "phase": "Successful", "measurements": taken}]}
        for number in range(20):
            await shop.store.create(Collection(kinds.ANALYSIS_RUNS, "shop"), a_run(f"run-{number}", status))
        running = await shop.start()
        await asyncio.sleep(3600)
        return rounds(running), list(running.controller.caches.of(kinds.ANALYSIS_RUNS))

    made, kept = tell(story)

    assert (made, len(kept)) == (0, 20)
    assert [(run["spec"], run["status"]) for run in kept] == [({}, VERDICT)] * 20


def test_a_rollout_sleeps_while_its_analysis_measures() -> None:
    """Measurements are no news to it; the verdict is."""

    async def story(shop: Shop) -> tuple[float, str]:
        template = a_template(interval="10s", provider={"prometheus": {"address": ADDRESS, "query": "1"}})
        world = a_routed_world(weight(20), pause(), analysis={"templates": [{"templateName": "check"}]})
        running = await shop.start()
        await shop.world.apply(_in_shop([template, *world]))
        await asyncio.sleep(30)
        await shop.use("web:v2")
        await asyncio.sleep(60)
        before = rounds(running, "rollout")
        await asyncio.sleep(300)
        (run,) = await shop.listed(kinds.ANALYSIS_RUNS)
        assert run["status"]["metricResults"][0]["count"] >= 30
        return rounds(running, "rollout") - before, run["status"]["phase"]

    assert tell(story) == (0, "Running")


def _in_shop(objects: Iterable[Json]) -> list[Json]:
    return [{**obj, "metadata": {**obj["metadata"], "namespace": "shop"}} for obj in objects]


class Silent(Shop):
    """A shop whose Prometheus does not answer."""

    def measure(self, query: str, now: datetime) -> Any:
        raise NoAnswerError(f"{ADDRESS} cannot be asked")


def test_a_service_that_is_left_alone_is_seen_in_run_and_metrics() -> None:
    """The measurement says why it was not taken, and the page which service does not answer."""

    async def story(shop: Shop) -> tuple[list[str], list[tuple[dict[str, str], float]]]:
        silent = Silent(shop.world, shop.store)
        running = await silent.start()
        for number in range(IN_A_ROW):
            await shop.store.create(Collection(kinds.ANALYSIS_RUNS, "shop"), a_run(f"run-{number}"))
        await asyncio.sleep(5)
        runs = await shop.listed(kinds.ANALYSIS_RUNS)
        results = [result for run in runs for result in run["status"]["metricResults"]]
        messages = [measurement["message"] for result in results for measurement in result["measurements"]]
        series = "sluice_metric_service_unanswered_requests"
        return messages, [(labels, value) for name, labels, value in page(running) if name == series]

    messages, rows = tell(story)

    assert f"{ADDRESS} is not asked for 10.0 s more: {IN_A_ROW} requests in a row got no answer" in messages
    assert rows == [({"address": ADDRESS}, IN_A_ROW)]
