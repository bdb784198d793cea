"""Whom a check asks: the Prometheus of everybody or of this Canary, or the service of its MetricTemplate.

Called by the shell with each question; `analysis/sampling` takes the number.
"""

from collections.abc import Mapping
from typing import Any

from analysis.requests import Pairs
from analysis.samples.source import Source
from rollouts.dialects.flagger.analysis import Templates, metrics_server_of
from rollouts.dialects.flagger.canary import is_strict
from rollouts.model.objects import Json
from rollouts.model.reading import items, mapping, text
from rollouts.model.strategy import Check

PROMETHEUS = "prometheus"


def metric_source_of(manifest: Json, check: Check, templates: Templates, default_address: str) -> Source:
    """The source of a check's number; `default_address` is everybody's Prometheus."""
    template = templates.get(check.source) if check.source else None
    if template is None:
        return Source(PROMETHEUS, check.query, metrics_server_of(manifest) or default_address)
    provider = mapping(mapping(template.get("spec")).get("provider"))
    return Source(
        service=text(provider.get("type")),
        query=check.query,
        address=text(provider.get("address")),
        interval=check.interval,
        namespace=check.source.partition("/")[0],
        secret=text(mapping(provider.get("secretRef")).get("name")),
        region=text(provider.get("region")),
        headers=_headers(provider),
        is_insecure=provider.get("insecureSkipVerify") is True,
        nothing=0.0 if is_strict(manifest) else None,
    )


def _headers(provider: Mapping[str, Any]) -> Pairs:
    """Only Prometheus is told them; of several values of a name the last one goes."""
    if text(provider.get("type")) != PROMETHEUS:
        return ()
    headers = mapping(provider.get("headers"))
    return tuple((str(name), text(value)) for name, values in headers.items() for value in items(values)[-1:])
