"""spec.analysis as common values: the way of the weights, the checks of a tick, webhooks. Called by canary.parse."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from rollouts.dialects.flagger import queries
from rollouts.dialects.flagger.reading import duration, integer, items, mapping, number, text
from rollouts.model import gates as moments
from rollouts.model.strategy import Check, Climb, Gate, Pair, Unit

DEFAULT_INTERVAL = timedelta(seconds=60)
LEAST_INTERVAL = timedelta(seconds=10)
DEFAULT_TIMEOUT = timedelta(seconds=10)
WHOLE = 100
MOMENTS = (
    moments.CONFIRM_ROLLOUT,
    moments.PRE_ROLLOUT,
    moments.ROLLOUT,
    moments.CONFIRM_TRAFFIC_INCREASE,
    moments.CONFIRM_PROMOTION,
    moments.POST_ROLLOUT,
    moments.ROLLBACK,
    moments.EVENT,
)
MILLISECONDS = 1000.0


def interval_of(analysis: Mapping[str, Any]) -> timedelta:
    """The time between two ticks; never below ten seconds."""
    return max(duration(analysis.get("interval")) or DEFAULT_INTERVAL, LEAST_INTERVAL)


def climb_of(analysis: Mapping[str, Any]) -> Climb:
    """The canary's weights; stepWeight wins over stepWeights. maxWeight ends the way, it is no clamp."""
    step = integer(analysis.get("stepWeight"))
    if step > 0:
        return Climb(step, integer(analysis.get("maxWeight")) or WHOLE)
    return Climb(weights=tuple(min(integer(weight), WHOLE) for weight in items(analysis.get("stepWeights"))))


def checks_of(analysis: Mapping[str, Any], provider: str, namespace: str, pair: Pair) -> tuple[Check, ...]:
    """Every metric in the order in which a tick judges them."""
    return tuple(_check(mapping(metric), provider, namespace, pair) for metric in items(analysis.get("metrics")))


def gates_of(analysis: Mapping[str, Any]) -> tuple[Gate, ...]:
    """Every webhook, in order; without a type it is asked in each tick."""
    return tuple(_gate(mapping(webhook)) for webhook in items(analysis.get("webhooks")))


def _check(metric: Mapping[str, Any], provider: str, namespace: str, pair: Pair) -> Check:
    name, interval = text(metric.get("name")), text(metric.get("interval")) or "1m"
    low, high = _bounds(metric, name)
    if name not in queries.BUILTIN:
        query = text(metric.get("query"))
        return Check(
            name=name,
            query=queries.inline(query, name=name, namespace=namespace, pair=pair, interval=interval),
            low=low,
            high=high,
            label=name,
            no_values=f"Halt advancement no values found for metric: {name}",
            broken=f"Prometheus query failed for {name}: ",
        )
    no_values = f"Halt advancement no values found for {provider} metric {name} probably {pair.target}.{namespace}"
    is_rate = name == queries.SUCCESS_RATE
    return Check(
        name=name,
        query=queries.builtin(name, namespace, pair.target, interval),
        low=low,
        high=high,
        unit=Unit.PERCENT if is_rate else Unit.MILLISECONDS,
        scale=1.0 if is_rate else MILLISECONDS,
        label="success rate" if is_rate else "request duration",
        no_values=f"{no_values} is not receiving traffic{': no values found' if is_rate else ''}",
        broken=f"Prometheus query failed: {'' if is_rate else 'running query failed: '}",
    )


def _bounds(metric: Mapping[str, Any], name: str) -> tuple[float | None, float | None]:
    """thresholdRange, or else the old threshold: the least success rate, the most of anything else."""
    given = metric.get("thresholdRange")
    if isinstance(given, dict):
        return number(given.get("min")), number(given.get("max"))
    threshold = number(metric.get("threshold")) or 0
    return (threshold, None) if name == queries.SUCCESS_RATE else (None, threshold)


def _gate(webhook: Mapping[str, Any]) -> Gate:
    timeout = text(webhook.get("timeout"))
    return Gate(
        name=text(webhook.get("name")),
        url=text(webhook.get("url")),
        moment=text(webhook.get("type")) or moments.ROLLOUT,
        timeout=(duration(timeout) if len(timeout) > 1 else None) or DEFAULT_TIMEOUT,
        retries=integer(webhook.get("retries")),
        metadata={str(key): str(value) for key, value in mapping(webhook.get("metadata")).items()},
        is_muted=webhook.get("muteAlert") is True,
    )
