"""The plugins that the controller's ConfigMap names: `argo-rollouts-config`, a key for each sort, as Argo has it.

Read once at the start. A list that cannot be read is told and gives no plugin: what wants one then says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from rollouts.cluster.port import Json
from rollouts.dialects.argo.strategy import GATEWAY_PLUGINS
from rollouts.model.reading import items, mapping, text
from rollouts.telemetry.logs import log

CONFIG_MAP = "argo-rollouts-config"
USUAL_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort of plugins: how logs call it, its key in the ConfigMap, the entry points of packages that have some.

    What is `native` needs no plugin here: an entry of that name is left alone.
    """

    word: str
    key: str
    group: str
    native: tuple[str, ...] = ()


STEP = Sort("step plugin", "stepPlugins", "sluice.step_plugins")
ROUTER = Sort("traffic router", "trafficRouterPlugins", "sluice.traffic_routers", GATEWAY_PLUGINS)
METRIC = Sort("metric plugin", "metricProviderPlugins", "sluice.metric_providers")


@dataclass(frozen=True, slots=True)
class Configured:
    """One entry. `location` is a file:// or http(s):// URL; `timeout` are the seconds that one call may take."""

    name: str
    location: str = ""
    sha256: str = ""
    args: tuple[str, ...] = ()
    is_disabled: bool = False
    timeout: float = USUAL_TIMEOUT


def configured_in(config_map: Json | None, sort: Sort) -> tuple[Configured, ...]:
    """What the ConfigMap says of a sort; nothing where it is absent."""
    written = text(mapping((config_map or {}).get("data")).get(sort.key))
    try:
        entries = yaml.safe_load(written) if written else []
    except yaml.YAMLError as error:
        log().error(f"the {sort.word}s cannot be read", configmap=CONFIG_MAP, key=sort.key, error=str(error))
        return ()
    return tuple(_entries(entries, sort))


def _entries(entries: Any, sort: Sort) -> Iterator[Configured]:
    for entry in map(mapping, items(entries)):
        name, location, timeout = text(entry.get("name")), text(entry.get("location")), entry.get("timeoutSeconds")
        if not name:
            log().error(f"a {sort.word} without a name", configmap=CONFIG_MAP, key=sort.key, entry=dict(entry))
            continue
        if name in sort.native:
            log().info(f"this {sort.word} is built in: its plugin is not started", plugin=name)
            continue
        yield Configured(
            name=name,
            location=location,
            sha256=text(entry.get("sha256")),
            args=tuple(str(arg) for arg in items(entry.get("args"))),
            is_disabled=entry.get("disabled") is True,
            timeout=float(timeout) if isinstance(timeout, int | float) and timeout > 0 else USUAL_TIMEOUT,
        )
