"""spec.analysis as common values: the way of the weights, the checks of a tick, webhooks. Called by canary.parse."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from analysis.builtin import FAMILIES, Target, family_of
from analysis.errors import DurationError, SettingsError
from analysis.providers.access import checked_url
from analysis.units import parse_duration
from rollouts.dialects.flagger import queries
from rollouts.dialects.flagger.queries import Subject
from rollouts.dialects.flagger.reading import duration, integer, number
from rollouts.model import gates as moments
from rollouts.model.objects import Json
from rollouts.model.reading import items, mapping, text
from rollouts.model.strategy import Check, Climb, Gate, Unit

DEFAULT_INTERVAL = timedelta(seconds=60)
LEAST_INTERVAL, LEAST_INTERVAL_TO_THE_LETTER = timedelta(seconds=1), timedelta(seconds=10)
DEFAULT_TIMEOUT = timedelta(seconds=10)
DEFAULT_WINDOW = "1m"
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


def interval_of(analysis: Mapping[str, Any], *, is_letter: bool) -> timedelta:
    """The time between two ticks: what the user says, from a second on. To the letter, never below ten seconds."""
    least = LEAST_INTERVAL_TO_THE_LETTER if is_letter else LEAST_INTERVAL
    return max(duration(analysis.get("interval")) or DEFAULT_INTERVAL, least)


def climb_of(analysis: Mapping[str, Any]) -> Climb:
    """The canary's weights; stepWeight wins over stepWeights. maxWeight ends the way, it is no clamp."""
    step = integer(analysis.get("stepWeight"))
    if step > 0:
        return Climb(step, integer(analysis.get("maxWeight")) or WHOLE)
    return Climb(weights=tuple(min(integer(weight), WHOLE) for weight in items(analysis.get("stepWeights"))))


Templates = Mapping[str, Json]
"""MetricTemplates by `namespace/name`."""


def checks_of(
    analysis: Mapping[str, Any], provider: str, subject: Subject, templates: Templates | None, *, is_letter: bool
) -> tuple[Check, ...]:
    """Every metric in the order in which a tick judges them: those by templates last.

    A metric with a built-in name and a template counts twice, against the same bounds. To the letter, a metric by a
    template has no interval but its own.
    """
    metrics = [mapping(metric) for metric in items(analysis.get("metrics"))]
    own = [metric for metric in metrics if not metric.get("templateRef") or text(metric.get("name")) in queries.BUILTIN]
    return (
        *(_check(metric, provider, subject) for metric in own),
        *(
            _templated(metric, subject, templates, "" if is_letter else DEFAULT_WINDOW)
            for metric in metrics
            if metric.get("templateRef")
        ),
    )


def source_of(metric: Mapping[str, Any], namespace: str) -> str:
    """The template of a metric as `namespace/name`; it may live elsewhere."""
    reference = mapping(metric.get("templateRef"))
    return f"{text(reference.get('namespace')) or namespace}/{text(reference.get('name'))}"


def sources_of(manifest: Json) -> tuple[str, ...]:
    """The MetricTemplates that a Canary names, as `namespace/name`, in order."""
    analysis = mapping(mapping(manifest.get("spec")).get("analysis"))
    namespace = text(mapping(manifest.get("metadata")).get("namespace"))
    metrics = map(mapping, items(analysis.get("metrics")))
    return tuple(dict.fromkeys(source_of(metric, namespace) for metric in metrics if metric.get("templateRef")))


def metrics_server_of(manifest: Json) -> str:
    """The Prometheus of this Canary, "" for everybody's."""
    return text(mapping(manifest.get("spec")).get("metricsServer"))


def gates_of(analysis: Mapping[str, Any]) -> tuple[Gate, ...]:
    """Every webhook, in order; without a type it is asked in each tick."""
    return tuple(_gate(mapping(webhook)) for webhook in items(analysis.get("webhooks")))


def traffic_of(analysis: Mapping[str, Any]) -> str:
    """How a Canary goes about it, as alerts say it."""
    most, weights = integer(analysis.get("maxWeight")), items(analysis.get("stepWeights"))
    if integer(analysis.get("iterations")) > 0:
        return "A/B Testing" if items(analysis.get("match")) else "Blue/Green"
    if step := integer(analysis.get("stepWeight")):
        return f"Weight step: {step} max: {most}"
    if weights:
        return f"Weight steps: {','.join(map(str, weights))} max: {most}"
    return "Blue/Green"


def _check(metric: Mapping[str, Any], provider: str, subject: Subject) -> Check:
    name, interval = text(metric.get("name")), text(metric.get("interval")) or DEFAULT_WINDOW
    low, high = _bounds(metric, name)
    if name in queries.BUILTIN:
        return replace(_builtin(name, provider, subject.about, interval), low=low, high=high)
    # Of an inline query that cannot be filled in the ancestor asks nothing at all: "" (faults.py refuses it before)
    return Check(
        name=name,
        query=queries.rendered(text(metric.get("query")), of_metric(subject, metric, interval)).query,
        low=low,
        high=high,
        label=name,
        no_values=f"Halt advancement no values found for metric: {name}",
        window=duration(interval) or timedelta(),
        broken=f"Prometheus query failed for {name}: ",
    )


def of_metric(subject: Subject, metric: Mapping[str, Any], interval: str) -> Subject:
    """What the query of this metric is about."""
    variables = {str(name): text(value) for name, value in mapping(metric.get("templateVariables")).items()}
    return replace(subject, interval=interval, variables=variables)


def _templated(metric: Mapping[str, Any], subject: Subject, templates: Templates | None, window: str) -> Check:
    name, interval = text(metric.get("name")), text(metric.get("interval")) or window
    low, high = _bounds(metric, name)
    source = source_of(metric, subject.about.namespace)
    query, fault = _filled_in(source, of_metric(subject, metric, interval), templates)
    return Check(
        name=name,
        query=query,
        low=low,
        high=high,
        label=name,
        no_values=f"Halt advancement no values found for custom metric: {name}: no values found",
        broken=f"Metric query failed for {name}: ",
        source=source,
        interval=interval,
        window=duration(interval) or timedelta(),
        fault=fault,
    )


def _filled_in(source: str, subject: Subject, templates: Templates | None) -> tuple[str, str]:
    """The query of a template, and what is told where there is none; nothing is where nobody has looked yet."""
    if templates is None:
        return "", ""
    namespace, _, name = source.partition("/")
    template = templates.get(source)
    if template is None:
        missing = f'metrictemplate.flagger.app "{name}" not found'
        return "", f"Metric template {name}.{namespace} error: {missing}"
    found = queries.rendered(text(mapping(template.get("spec")).get("query")), subject)
    told = f"Metric template {name}.{namespace} query render error: {found.fault}" if found.fault else ""
    return found.query, told


def _builtin(name: str, provider: str, about: Target, interval: str) -> Check:
    """One of the two metrics that need no query. Families that measure plain HTTP word their errors otherwise."""
    no_values = (
        f"Halt advancement no values found for {provider} metric {name} probably {about.target}.{about.namespace}"
    )
    is_rate, family = name == queries.SUCCESS_RATE, family_of(provider)
    running = "" if is_rate and family is FAMILIES["http"] else "running query failed: "
    return Check(
        name=name,
        query=family.query(name, about, interval),
        unit=Unit.PERCENT if is_rate else Unit.MILLISECONDS,
        scale=MILLISECONDS if family.counts_seconds and not is_rate else 1.0,
        label="success rate" if is_rate else "request duration",
        no_values=f"{no_values} is not receiving traffic{f': {running}no values found' if is_rate else ''}",
        broken=f"Prometheus query failed: {running}",
        window=duration(interval) or timedelta(),
    )


def _bounds(metric: Mapping[str, Any], name: str) -> tuple[float | None, float | None]:
    """thresholdRange, or else the old threshold: the least success rate, the most of anything else."""
    given = metric.get("thresholdRange")
    if isinstance(given, dict):
        return number(given.get("min")), number(given.get("max"))
    threshold = number(metric.get("threshold")) or 0
    return (threshold, None) if name == queries.SUCCESS_RATE else (None, threshold)


def _gate(webhook: Mapping[str, Any]) -> Gate:
    timeout, fault = patience_of(text(webhook.get("timeout")))
    url = text(webhook.get("url"))
    return Gate(
        name=text(webhook.get("name")),
        url=url,
        moment=text(webhook.get("type")) or moments.ROLLOUT,
        timeout=timeout,
        retries=integer(webhook.get("retries")),
        metadata={str(key): str(value) for key, value in mapping(webhook.get("metadata")).items()},
        is_muted=webhook.get("muteAlert") is True,
        is_insecure=webhook.get("disableTLS") is True,
        fault=fault or address_fault(url),
    )


def address_fault(url: str) -> str:
    """What is wrong with a webhook's address."""
    try:
        checked_url(url, "the webhook's address")
    except SettingsError as error:
        return str(error)
    return ""


def patience_of(written: str) -> tuple[timedelta, str]:
    """A webhook's timeout, and what is wrong with it; a single sign counts as none."""
    try:
        return (parse_duration(written) if len(written) > 1 else DEFAULT_TIMEOUT), ""
    except DurationError as error:
        return DEFAULT_TIMEOUT, str(error)
