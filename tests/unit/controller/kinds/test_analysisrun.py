"""AnalysisRuns on the embedded store, in virtual time: rounds, crashes, slow services, termination."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from analysis.requests import Defaults, Json, Query, Request
from rollouts.cluster import kinds
from rollouts.cluster.errors import NotFoundError, ServerError
from rollouts.cluster.port import Collection, CreateOptions, Patch, PatchType, Target
from rollouts.controller.caches import Caches
from rollouts.controller.kinds.analysisrun import AnalysisRuns
from rollouts.controller.kinds.protocol import Key
from rollouts.model.plan import Event
from rollouts.simulator.clock import run_virtual, virtual_now
from rollouts.simulator.store import Store

T = TypeVar("T")
CRDS = Path(__file__).parents[4] / "crds"
KEY = Key("analysisruns", "shop", "run")
TARGET = Target(kinds.ANALYSIS_RUNS, "run", "shop")


def vector(*values: float) -> Json:
    samples = [{"metric": {}, "value": [0, str(value)]} for value in values]
    return {"status": "success", "data": {"resultType": "vector", "result": samples}}


class Doors:
    """Ports that answer by a function of the test."""

    def __init__(self) -> None:
        self.defaults = Defaults("http://prometheus.example")
        self.asked: list[str] = []
        self.answer: Callable[[str], Awaitable[Json]] = self.good

    async def good(self, _: str) -> Json:
        return vector(1)

    async def ask(self, request: Request) -> Json:
        assert isinstance(request, Query)
        self.asked.append(request.query)
        return await self.answer(request.query)

    async def close(self) -> None:
        """Nothing to close."""


class Bench:
    """A store with one run in it, and a queue of one key."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.doors = Doors()
        self.events: list[str] = []
        self.writes = 0
        self.fault: Callable[[], None] = lambda: None
        self.restart()

    def restart(self) -> None:
        """A new controller that knows nothing."""
        self.caches = Caches([kinds.ANALYSIS_RUNS])
        self.cache = self.caches.of(kinds.ANALYSIS_RUNS)
        self.woken = asyncio.Event()
        self.kind = AnalysisRuns(self, self.caches, self.doors, virtual_now, self._emit, self._wake)  # type: ignore[arg-type]  # the verbs that a run needs

    async def create(self, *metrics: Json, **spec: Any) -> None:
        """Make the run."""
        body = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "AnalysisRun",
            "metadata": {"name": "run", "namespace": "shop"},
            "spec": {"metrics": list(metrics), **spec},
        }
        await self.store.create(Collection(kinds.ANALYSIS_RUNS, "shop"), body, CreateOptions())

    async def status(self) -> Json:
        """What the object says."""
        status: Json = (await self.store.get(TARGET)).get("status", {})
        return status

    async def round(self) -> datetime | None:
        """One round on what the watch would have brought."""
        self.woken.clear()
        try:
            self.cache.put(await self.store.get(TARGET))
        except NotFoundError:
            held = self.cache.get("shop", "run")
            if held is not None:
                self.cache.remove(held)
        return await self.kind.reconcile(KEY, virtual_now())

    async def until(self, *phases: str) -> Json:
        """Rounds as the queue makes them, until the run is in one of these phases."""
        for _ in range(500):
            wake_at = await self.round()
            status = await self.status()
            if status.get("phase") in phases:
                return status
            pause = None if wake_at is None else max(0.0, (wake_at - virtual_now()).total_seconds())
            try:
                await asyncio.wait_for(self.woken.wait(), pause)
            except TimeoutError:
                continue
        raise AssertionError(f"never {phases}: {await self.status()}")

    async def get(self, target: Target) -> Json:
        return await self.store.get(target)

    async def patch(self, target: Target, patch: Patch) -> Json:
        self.writes += 1
        answer = await self.store.patch(target, patch)
        self.fault()
        return answer

    async def delete(self, target: Target, options: Any) -> None:
        await self.store.delete(target, options)

    async def _emit(self, _: Json, event: Event) -> None:
        self.events.append(event.reason)

    def _wake(self, key: Key) -> None:
        assert key == KEY
        self.woken.set()


def on_bench(story: Callable[[Bench], Coroutine[Any, Any, T]]) -> T:
    async def main() -> T:
        store = Store(virtual_now, seed=1)
        store.load_definitions([CRDS])
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
        await store.create(Collection(kinds.NAMESPACES), namespace, CreateOptions())
        bench = Bench(store)
        try:
            return await story(bench)
        finally:
            await bench.kind.close()

    return run_virtual(main())


def a_metric(name: str = "rate", **metric: Any) -> Json:
    provider = {"prometheus": {"query": metric.pop("query", name)}}
    return {"name": name, "provider": provider, "successCondition": "result[0] > 0.5", **metric}


def test_a_run_measures_and_succeeds() -> None:
    """Three measurements a minute apart, then phase, times, summary and events as Argo's."""

    async def story(bench: Bench) -> None:
        await bench.create(a_metric(count=3, interval="1m"))
        status = await bench.until("Successful")

        result = status["metricResults"][0]
        assert (status["phase"], status["runSummary"]) == ("Successful", {"count": 1, "successful": 1})
        assert (result["successful"], result["count"], result["metadata"]) == (
            3,
            3,
            {"ResolvedPrometheusQuery": "rate"},
        )
        assert [m["value"] for m in result["measurements"]] == ["[1]"] * 3
        assert status["startedAt"] == "2026-01-01T00:00:00Z"
        assert status["completedAt"] in ("2026-01-01T00:02:00Z", "2026-01-01T00:02:01Z")
        assert bench.events == ["MetricSuccessful", "AnalysisRunSuccessful"]
        assert bench.writes == 4

    on_bench(story)


def test_a_bad_version_fails_the_run() -> None:
    """The first value below the condition exceeds the limit, and the message says so."""

    async def story(bench: Bench) -> None:
        async def bad(_: str) -> Json:
            return vector(0.2)

        bench.doors.answer = bad
        await bench.create(a_metric(count=3, interval="1m"))
        status = await bench.until("Failed")

        assert status["message"] == 'Metric "rate" assessed Failed due to failed (1) > failureLimit (0)'
        assert bench.events == ["MetricFailed", "AnalysisRunFailed"]

    on_bench(story)


def test_a_finished_run_costs_nothing() -> None:
    """Rounds after the end write nothing, ask nothing and do not come again."""

    async def story(bench: Bench) -> None:
        await bench.create(a_metric())
        await bench.until("Successful")
        before = (bench.writes, len(bench.doors.asked))

        assert await bench.round() is None
        assert (bench.writes, len(bench.doors.asked)) == before
        assert bench.kind._flights == {}

    on_bench(story)


def test_a_run_goes_on_after_a_crash() -> None:
    """Nothing of importance is in memory: a new controller takes up where the status stands."""

    async def story(bench: Bench) -> None:
        await bench.create(a_metric(count=3, interval="1m"))
        for _ in range(6):
            await bench.round()
            await asyncio.sleep(25)
            bench.restart()
        status = await bench.until("Successful")

        assert status["metricResults"][0]["count"] == 3
        assert status["startedAt"] == "2026-01-01T00:00:00Z"

    on_bench(story)


def test_a_slow_service_delays_neither_other_metrics_nor_the_end() -> None:
    """While one metric waits for its answer, another fails and ends the run at once."""

    async def story(bench: Bench) -> None:
        async def answer(query: str) -> Json:
            await asyncio.sleep(29 if query == "slow" else 1)
            return vector(0)

        bench.doors.answer = answer
        await bench.create(a_metric("slow"), a_metric("quick"))
        status = await bench.until("Failed")

        assert status["completedAt"] == "2026-01-01T00:00:01Z"
        assert [result["name"] for result in status["metricResults"]] == ["quick"]

    on_bench(story)


def test_a_round_never_waits_for_an_answer() -> None:
    """The run is Running as soon as it is seen, and the worker is free."""

    async def story(bench: Bench) -> None:
        async def never(_: str) -> Json:
            await asyncio.Event().wait()
            raise AssertionError

        bench.doors.answer = never
        await bench.create(a_metric())
        before = virtual_now()
        wake_at = await bench.round()

        assert (virtual_now(), wake_at) == (before, None)
        assert (await bench.status())["phase"] == "Running"
        assert bench.doors.asked == []

    on_bench(story)


def test_termination_takes_effect_while_a_measurement_is_under_way() -> None:
    """spec.terminate ends the run at once; the answer that is still out is dropped."""

    async def story(bench: Bench) -> None:
        async def never(_: str) -> Json:
            await asyncio.Event().wait()
            raise AssertionError

        bench.doors.answer = never
        await bench.create(a_metric())
        await bench.round()
        await asyncio.sleep(3)
        await bench.store.patch(TARGET, Patch(PatchType.MERGE, {"spec": {"terminate": True}}))
        await bench.round()
        status = await bench.status()

        assert (status["phase"], status["message"]) == ("Successful", "Run Terminated")
        assert bench.kind._flights == {}

    on_bench(story)


def test_a_write_of_unknown_fate_counts_once() -> None:
    """The patch took effect and its answer was lost: the measurement is not taken in twice."""

    async def story(bench: Bench) -> None:
        await bench.create(a_metric(count=2, interval="1m"))
        await bench.round()
        await bench.woken.wait()

        def lost() -> None:
            bench.fault = lambda: None
            raise ServerError("no answer")

        bench.fault = lost
        with pytest.raises(ServerError):
            await bench.round()
        await bench.round()
        result = (await bench.status())["metricResults"][0]

        assert (result["count"], len(result["measurements"])) == (1, 1)

    on_bench(story)


def test_a_write_that_did_not_arrive_is_made_again() -> None:
    """A measurement that has landed waits for its write to succeed."""

    async def story(bench: Bench) -> None:
        await bench.create(a_metric())
        await bench.round()
        await bench.woken.wait()
        keep = bench.store.patch

        async def refuse(*_: Any) -> Json:
            raise ServerError("try later")

        bench.store.patch = refuse  # type: ignore[method-assign, assignment]  # a store that fails once
        with pytest.raises(ServerError):
            await bench.round()
        bench.store.patch = keep  # type: ignore[method-assign]  # and works again
        await bench.round()

        assert (await bench.status())["phase"] == "Successful"
        assert bench.doors.asked == ["rate"]

    on_bench(story)


def test_a_deleted_run_is_forgotten() -> None:
    """What is under way is dropped when the object is gone."""

    async def story(bench: Bench) -> None:
        await bench.create(a_metric())
        await bench.round()
        await bench.store.delete(TARGET)

        assert await bench.round() is None
        assert bench.kind._flights == {}

    on_bench(story)


def test_a_run_that_vanishes_during_the_round_is_forgotten() -> None:
    """The server's 404 to the write is the end of it."""

    async def story(bench: Bench) -> None:
        await bench.create(a_metric())
        bench.cache.put(await bench.store.get(TARGET))
        await bench.store.delete(TARGET)

        assert await bench.kind.reconcile(KEY, virtual_now()) is None
        assert bench.cache.get("shop", "run") is None

    on_bench(story)


def test_a_run_is_deleted_when_its_time_to_live_is_over() -> None:
    """It sleeps till then, and goes."""

    async def story(bench: Bench) -> None:
        await bench.create(a_metric(), ttlStrategy={"secondsAfterCompletion": 60})
        await bench.until("Successful")
        wake_at = await bench.round()

        assert wake_at == virtual_now() + timedelta(seconds=61)
        await asyncio.sleep(61)
        await bench.round()
        with pytest.raises(NotFoundError):
            await bench.store.get(TARGET)

    on_bench(story)


def test_secret_arguments_are_read_and_never_shown() -> None:
    """The query gets the value, the status gets stars."""

    async def story(bench: Bench) -> None:
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "creds", "namespace": "shop"},
            "data": {"token": base64.b64encode(b"hunter2").decode()},
        }
        await bench.store.create(Collection(kinds.SECRETS, "shop"), secret, CreateOptions())
        args = [{"name": "t", "valueFrom": {"secretKeyRef": {"name": "creds", "key": "token"}}}]
        await bench.create(a_metric(query="up{t='{{args.t}}'}"), args=args)
        status = await bench.until("Successful")

        assert bench.doors.asked == ["up{t='hunter2'}"]
        assert status["metricResults"][0]["metadata"] == {"ResolvedPrometheusQuery": "up{t='*****'}"}

    on_bench(story)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, 'secrets "creds" not found'),
        ({}, "key 'token' does not exist in secret 'creds'"),
        ({"token": "/w=="}, "key 'token' of secret 'creds' holds no text"),
    ],
)
def test_a_secret_that_cannot_be_read_is_an_error_of_the_measurement(data: Json | None, message: str) -> None:
    """It names Secret and key, and is tried again like every error."""

    async def story(bench: Bench) -> None:
        if data is not None:
            meta = {"name": "creds", "namespace": "shop"}
            body = {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": data}
            await bench.store.create(Collection(kinds.SECRETS, "shop"), body, CreateOptions())
        args = [{"name": "t", "valueFrom": {"secretKeyRef": {"name": "creds", "key": "token"}}}]
        await bench.create(a_metric(query="{{args.t}}", consecutiveErrorLimit=1), args=args)
        status = await bench.until("Error")

        assert message in status["metricResults"][0]["measurements"][0]["message"]
        assert len(status["metricResults"][0]["measurements"]) == 2

    on_bench(story)


def test_a_defect_ends_as_a_measurement() -> None:
    """An exception that nobody expected does not leave a run that waits for ever; its words stay untold."""

    async def story(bench: Bench) -> None:
        async def broken(_: str) -> Json:
            raise ZeroDivisionError("hunter2")

        bench.doors.answer = broken
        await bench.create(a_metric(consecutiveErrorLimit=0))
        status = await bench.until("Error")

        assert "a defect of sluice: ZeroDivisionError in broken" in status["metricResults"][0]["message"]
        assert "hunter2" not in str(status)

    on_bench(story)


def test_a_run_that_makes_no_sense_is_refused_once() -> None:
    """Its phase is Error, its message says why; nothing is measured."""

    async def story(bench: Bench) -> None:
        await bench.create(a_metric(count=3))
        status = await bench.until("Error")

        assert status["message"] == "Analysis spec invalid: metrics[0]: interval must be specified when count > 1"
        assert (bench.events, bench.doors.asked) == (["AnalysisRunError"], [])

    on_bench(story)
