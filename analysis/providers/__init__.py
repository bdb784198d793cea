"""Metric services, one module each, and the table of them. Siblings never import each other.

Called by the runner. An unknown name is an error that lists the known ones.
"""

from collections.abc import Mapping

from analysis.errors import SettingsError
from analysis.providers import prometheus
from analysis.requests import Provider

PROVIDERS: Mapping[str, Provider] = {
    "prometheus": prometheus.PROVIDER,
}


def provider_of(name: str) -> Provider:
    """The provider of this name; SettingsError for one that is not in the table."""
    provider = PROVIDERS.get(name)
    if provider is None:
        raise SettingsError(f"unknown metric provider {name!r}: this version knows {', '.join(sorted(PROVIDERS))}")
    return provider
