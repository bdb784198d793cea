"""Canaries that are judged: by how many requests succeed, how long they take, and what users measure themselves."""

from typing import Any

from rollouts.cluster.port import Json
from tests.builders.canaries import a_canary, a_deployment, a_metric_template, steps
from tests.scenarios.playing import scenario
from tests.scenarios.stage import Stage

COUNTED, TIMED = "http_request_duration_seconds_count", "http_request_duration_seconds_bucket"
SUCCESSES = {"name": "request-success-rate", "interval": "1m", "thresholdRange": {"min": 99}}
DURATIONS = {"name": "request-duration", "interval": "1m", "thresholdRange": {"max": 500}}


async def released(stage: Stage, *metrics: Json, before: tuple[Json, ...] = (), **analysis: Any) -> None:
    """A second version is on its way, by 20 % to 40 %, judged by these metrics."""
    await stage.apply(*before, a_deployment(), a_canary(steps(20, most=40, metrics=list(metrics), **analysis)))
    await stage.canary_phase("Initialized")
    await stage.release("web:v2")


async def ends_well(stage: Stage) -> None:
    """The primary runs the second version, and serves all."""
    await stage.canary_phase("Succeeded")
    assert stage.world.weights() == {"web-primary": 100, "web-canary": 0}
    assert stage.world.deployments() == {"web": ("web:v2", 0), "web-primary": ("web:v2", 2)}


async def ends_badly(stage: Stage, *halts: str) -> None:
    """The primary runs the first version still, and serves all; each of the two failed ticks told what it saw."""
    await stage.canary_phase("Failed")
    assert stage.world.weights() == {"web-primary": 100, "web-canary": 0}
    assert stage.world.deployments() == {"web": ("web:v2", 0), "web-primary": ("web:v1", 2)}
    name = f"web.{stage.namespace}"
    await stage.told(("Warning", "Synced", f"Canary failed! Scaling down {name}"))
    told = [message for type_, _, message in stage.events() if type_ == "Warning"]
    wanted = [f"Halt {name} advancement {halt}" for halt in halts for _ in range(2)]
    assert told[-len(wanted) - 2 :] == [
        *wanted,
        f"Rolling back {name} failed checks threshold reached 2",
        f"Canary failed! Scaling down {name}",
    ]


@scenario
async def test_a_version_that_serves_well_is_promoted(stage: Stage) -> None:
    """Enough requests succeed and are fast, by the built-in metrics."""
    stage.counts(COUNTED, 99.9)
    stage.counts(TIMED, 0.25)
    await released(stage, SUCCESSES, DURATIONS)

    await ends_well(stage)


@scenario
async def test_a_version_whose_requests_fail_is_rolled_back(stage: Stage) -> None:
    """Too few requests succeed."""
    stage.counts(COUNTED, 98.5)
    stage.counts(TIMED, 0.25)
    await released(stage, SUCCESSES, DURATIONS)

    await ends_badly(stage, "success rate 98.50% < 99%")


@scenario
async def test_a_version_that_is_slow_is_rolled_back(stage: Stage) -> None:
    """Requests succeed, but take too long; seconds are counted, and told in milliseconds."""
    stage.counts(COUNTED, 100)
    stage.counts(TIMED, 0.75)
    await released(stage, SUCCESSES, DURATIONS)

    await ends_badly(stage, "request duration 750ms > 500ms")


@scenario
async def test_a_version_is_judged_by_a_template(stage: Stage) -> None:
    """A MetricTemplate is filled in for this Canary: its target, its namespace, its own variables."""
    template = a_metric_template("{{ namespace }}/{{ target }}-{{ variables.kind }}", stage.house.hooks.address)
    metric = {"name": "lost orders", "templateRef": {"name": "errors"}, "thresholdRange": {"max": 3}}
    stage.says("web-lost", 4)
    stage.says("web-found", 2)
    bad, good = ({**metric, "templateVariables": {"kind": kind}} for kind in ("lost", "found"))
    await released(stage, bad, before=(template,))
    await ends_badly(stage, "lost orders 4.00 > 3")

    await stage.apply(a_canary(steps(20, most=40, metrics=[good])))
    await stage.argo("retry", "canary", "web")
    await ends_well(stage)


@scenario
async def test_a_version_that_nobody_calls_is_rolled_back(stage: Stage) -> None:
    """Nothing measured proves nothing."""
    await released(stage, SUCCESSES)
    await stage.canary_phase("Failed")

    name = f"web.{stage.namespace}"
    halt = "Halt advancement no values found for gatewayapi:v1 metric request-success-rate"
    found = [message for _, _, message in stage.events() if message.startswith(f"{halt} probably {name}")]
    assert len(found) == 2, stage.picture()
