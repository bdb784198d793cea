"""AnalysisRuns by themselves: limits, rules over metrics, arguments, times to live, and being told to end."""

import base64
from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.port import Json
from tests.builders.manifests import an_object
from tests.scenarios.playing import scenario
from tests.scenarios.sight import Sight
from tests.scenarios.stage import Stage

GOOD, BAD = "1", "0"


def a_metric(name: str, query: str = GOOD, **metric: Any) -> Json:
    """A metric that is good above zero."""
    return {"name": name, "successCondition": "result[0] > 0", "provider": {"prometheus": {"query": query}}, **metric}


def a_run(*metrics: Json, name: str = "trial", **spec: Any) -> Json:
    """A run that nobody owns."""
    return an_object(kinds.ANALYSIS_RUNS, name, spec={"metrics": list(metrics), **spec})


def status(world: Sight, name: str = "trial") -> Json:
    """What the run says of itself."""
    runs = {run["metadata"]["name"]: run for run in world.all(kinds.ANALYSIS_RUNS)}
    return (runs.get(name) or {}).get("status") or {}


def phase(world: Sight, name: str = "trial") -> str:
    """Its phase."""
    return str(status(world, name).get("phase", ""))


def results(world: Sight, name: str = "trial") -> dict[str, Json]:
    """Its metrics' results by name."""
    return {result["name"]: result for result in status(world, name).get("metricResults") or ()}


@scenario
async def test_run_with_failures_switched_off(stage: Stage) -> None:
    """failureLimit -1 lets a metric fail as often as it will, until so many successes in a row have come."""
    query = stage.says("moody", 0)
    metric = a_metric("moody", query, interval="1s", failureLimit=-1, consecutiveSuccessLimit=2)
    await stage.apply(a_run(metric))
    await stage.until(lambda world: results(world).get("moody", {}).get("failed", 0) >= 2)
    assert phase(stage.world) == "Running"
    stage.says("moody", 1)
    await stage.until(lambda world: phase(world) == "Successful")

    result = results(stage.world)["moody"]
    assert (result["successful"], result["consecutiveSuccess"]) == (2, 2)


@scenario
async def test_run_whose_count_comes_before_enough_successes(stage: Stage) -> None:
    """Where the count is reached without the successes in a row, the run is Inconclusive."""
    undecided = a_metric("rate", "0.5", successCondition="result[0] > 0.9", failureCondition="result[0] < 0.1")
    undecided |= {"interval": "1s", "count": 2, "inconclusiveLimit": 2, "consecutiveSuccessLimit": 1}
    await stage.apply(a_run(undecided))
    await stage.until(lambda world: phase(world) == "Inconclusive")

    assert results(stage.world)["rate"]["inconclusive"] == 2


@scenario
async def test_run_with_rules_over_its_metrics(stage: Stage) -> None:
    """dryRun and measurementRetention find metrics by patterns: what is dry may fail, what is kept is few."""
    metrics = [
        a_metric("error-rate", GOOD, interval="1s", count=4),
        a_metric("trial-latency", BAD),
        a_metric("trial-cpu", BAD),
    ]
    dry, kept = [{"metricName": "^trial-.*"}], [{"metricName": "rate$", "limit": 2}]
    await stage.apply(a_run(*metrics, dryRun=dry, measurementRetention=kept))
    await stage.until(lambda world: phase(world) == "Successful")

    found = results(stage.world)
    assert (found["error-rate"]["count"], len(found["error-rate"]["measurements"])) == (4, 2)
    assert {name: result.get("dryRun", False) for name, result in found.items()} == {
        "error-rate": False,
        "trial-latency": True,
        "trial-cpu": True,
    }
    assert status(stage.world)["dryRunSummary"] == {"count": 2, "failed": 2}
    assert status(stage.world)["runSummary"] == {"count": 1, "successful": 1}
    assert found["trial-cpu"]["message"] == "Metric assessed Failed due to failed (1) > failureLimit (0)"


@scenario
async def test_run_with_a_rule_about_nothing(stage: Stage) -> None:
    """A rule that finds no metric is a mistake, and so is one that Go cannot read."""
    await stage.apply(a_run(a_metric("rate"), dryRun=[{"metricName": "*"}]))
    await stage.until(lambda world: phase(world) == "Error")

    told = "Analysis spec invalid: dryRun[0]: Rule didn't match any metric name(s)"
    assert status(stage.world)["message"] == told


@scenario
async def test_runs_that_live_as_long_as_they_say(stage: Stage) -> None:
    """After its time to live a run that has ended is deleted; how it ended decides which time that is."""
    lives = {"secondsAfterSuccess": 1, "secondsAfterFailure": 3600}
    await stage.apply(a_run(a_metric("m", GOOD), name="good", ttlStrategy=lives))
    await stage.apply(a_run(a_metric("m", BAD), name="bad", ttlStrategy=lives))
    await stage.until(lambda world: phase(world, "bad") == "Failed")
    await stage.until(lambda world: [r["metadata"]["name"] for r in world.all(kinds.ANALYSIS_RUNS)] == ["bad"])


@scenario
async def test_run_that_is_told_to_end(stage: Stage) -> None:
    """spec.terminate ends a run well unless something was bad before; what waits for its delay is never measured."""
    endless, later = a_metric("endless", GOOD, interval="1s"), a_metric("later", BAD, initialDelay="1h")
    await stage.apply(a_run(endless, later))
    await stage.until(lambda world: results(world).get("endless", {}).get("count", 0) >= 1)
    await stage.patch({"spec": {"terminate": True}}, name="trial", resource=kinds.ANALYSIS_RUNS)
    await stage.until(lambda world: phase(world) == "Successful")

    assert status(stage.world)["message"] == "Run Terminated"
    assert list(results(stage.world)) == ["endless"]


@scenario
async def test_run_with_a_secret(stage: Stage) -> None:
    """What comes from a Secret is filled in and never shown; a Secret that is missing is an error that names it."""
    value = base64.b64encode(b"hunter2").decode()
    await stage.apply(an_object(kinds.SECRETS, "login", data={"token": value}))
    args = [{"name": "token", "valueFrom": {"secretKeyRef": {"name": "login", "key": "token"}}}]
    metric = a_metric("m", GOOD, provider={"prometheus": {"query": "no such {{args.token}}"}})
    missing = [{"name": "token", "valueFrom": {"secretKeyRef": {"name": "login", "key": "none"}}}]
    await stage.apply(a_run(metric, args=args), a_run(metric, name="other", args=missing))
    await stage.until(lambda world: "m" in results(world) and "m" in results(world, "other"))

    assert results(stage.world)["m"]["metadata"] == {"ResolvedPrometheusQuery": "no such *****"}
    assert "hunter2" not in str(status(stage.world))
    said = results(stage.world, "other")["m"]["measurements"][0]["message"]
    assert said == "key 'none' does not exist in secret 'login'"


@scenario
async def test_run_with_one_metric_bad(stage: Stage) -> None:
    """The run ends at once; the other metric, which would go on for ever, counts as it stands."""
    worse = a_metric("bad", stage.says("worse", 1), interval="1s")
    await stage.apply(a_run(a_metric("endless", GOOD, interval="1s"), worse))
    await stage.until(lambda world: set(results(world)) == {"endless", "bad"})
    stage.says("worse", 0)
    await stage.until(lambda world: phase(world) == "Failed")

    assert status(stage.world)["message"] == 'Metric "bad" assessed Failed due to failed (1) > failureLimit (0)'
    assert {name: result["phase"] for name, result in results(stage.world).items()} == {
        "endless": "Successful",
        "bad": "Failed",
    }
