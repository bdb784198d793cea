"""The metric plugins of a controller, called by name: what answers the `Program` requests of analyses.

Made in production and given to the ports of analysis, which know neither Kubernetes nor programs. What goes wrong is a
ProviderError, and so a measurement of phase Error. Traffic routers are called in the same way.
"""

from collections.abc import Iterable
from typing import Any

from analysis.errors import ProviderError, SettingsError
from analysis.requests import Program
from rollouts.controller.plugins.config import METRIC
from rollouts.controller.plugins.protocol import MissingMethodError, Plugin, PluginError


class MetricPlugins:
    """Plugins by name, of one sort (`word`). With none, whoever wants one is told so."""

    def __init__(self, plugins: Iterable[Plugin] = (), word: str = METRIC.word) -> None:
        self._plugins = {plugin.name: plugin for plugin in plugins}
        self._word = word

    @property
    def names(self) -> frozenset[str]:
        """Those that can be called."""
        return frozenset(self._plugins)

    async def call(self, request: Program) -> Any:
        """What the plugin's method returns; None where it lacks one that it need not have."""
        plugin = self._plugins.get(request.name)
        if plugin is None:
            known = ", ".join(sorted(self._plugins))
            there = f"configured are {known}" if known else "none is configured"
            raise SettingsError(f"{self._word} {request.name} is not configured; {there}")
        if plugin.is_disabled:
            raise SettingsError(f"{self._word} {request.name} is disabled by the operator")
        try:
            return await plugin.call(request.method, request.params)
        except MissingMethodError as error:
            if request.is_optional:
                return None
            raise ProviderError(f"{self._word} {request.name}: {error}") from error
        except PluginError as error:
            raise ProviderError(f"{self._word} {request.name}: {error}") from error

    async def close(self) -> None:
        """End them."""
        for plugin in self._plugins.values():
            await plugin.close()
