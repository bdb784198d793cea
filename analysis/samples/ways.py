"""All services by the name that templates give them. Called by `analysis/sampling`, and by lint for what is known."""

from collections.abc import Mapping

from analysis.errors import SettingsError
from analysis.samples import borrowed, datadog, graphite, newrelic, prometheus
from analysis.samples.source import Way

WAYS: Mapping[str, Way] = {
    **borrowed.WAYS,
    "datadog": datadog.WAY,
    "graphite": graphite.WAY,
    "newrelic": newrelic.WAY,
    "prometheus": prometheus.WAY,
}


def way_of(service: str) -> Way:
    """How a service is asked; SettingsError for one that is not known."""
    way = WAYS.get(service)
    if way is None:
        raise SettingsError(f"unknown metric provider {service!r}: use one of {', '.join(sorted(WAYS))}")
    return way
