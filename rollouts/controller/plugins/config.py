"""The plugins that the controller's ConfigMap names: `argo-rollouts-config`, key `stepPlugins`, as Argo has it.

Read once at the start. A list that cannot be read is told and gives no plugin: rollouts that want one then say so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from rollouts.cluster.port import Json
from rollouts.dialects.argo.reading import items, mapping, text
from rollouts.telemetry.logs import log

CONFIG_MAP = "argo-rollouts-config"
KEY = "stepPlugins"
USUAL_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Configured:
    """One entry. `location` is a file:// or http(s):// URL; `timeout` are the seconds that one call may take."""

    name: str
    location: str = ""
    sha256: str = ""
    args: tuple[str, ...] = ()
    is_disabled: bool = False
    timeout: float = USUAL_TIMEOUT


def configured_in(config_map: Json | None) -> tuple[Configured, ...]:
    """What the ConfigMap says; nothing where it is absent."""
    written = text(mapping((config_map or {}).get("data")).get(KEY))
    try:
        entries = yaml.safe_load(written) if written else []
    except yaml.YAMLError as error:
        log().error("the step plugins cannot be read", configmap=CONFIG_MAP, key=KEY, error=str(error))
        return ()
    return tuple(_entries(entries))


def _entries(entries: Any) -> Iterator[Configured]:
    for entry in map(mapping, items(entries)):
        name, location, timeout = text(entry.get("name")), text(entry.get("location")), entry.get("timeoutSeconds")
        if not name:
            log().error("a step plugin without a name", configmap=CONFIG_MAP, key=KEY, entry=dict(entry))
            continue
        yield Configured(
            name=name,
            location=location,
            sha256=text(entry.get("sha256")),
            args=tuple(str(arg) for arg in items(entry.get("args"))),
            is_disabled=entry.get("disabled") is True,
            timeout=float(timeout) if isinstance(timeout, int | float) and timeout > 0 else USUAL_TIMEOUT,
        )
