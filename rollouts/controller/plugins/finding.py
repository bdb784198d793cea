"""Finds a controller's plugins when it starts: packages beside it, and programs that its ConfigMap names.

Called by production. What cannot be had is told and left out: who wants it then says so.
"""

import asyncio
import hashlib
import stat
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from rollouts.cluster import kinds
from rollouts.cluster.errors import ClusterError, ForbiddenError, NotFoundError
from rollouts.cluster.port import Cluster, Json, Target
from rollouts.controller.plugins.config import CONFIG_MAP, METRIC, ROUTER, STEP, Configured, Sort, configured_in
from rollouts.controller.plugins.packages import installed
from rollouts.controller.plugins.programs import program
from rollouts.controller.plugins.protocol import Plugin, PluginError
from rollouts.telemetry.logs import log

_DOWNLOAD_SECONDS = 60.0
_PAUSES = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Seconds before each look for the ConfigMap."""


@dataclass(frozen=True, slots=True)
class Found:
    """The plugins by their sort."""

    steps: tuple[Plugin, ...] = ()
    metrics: tuple[Plugin, ...] = ()
    routers: tuple[Plugin, ...] = ()


async def find_plugins(cluster: Cluster, namespace: str, folder: Path) -> Found:
    """What the ConfigMap and the installed packages offer. Downloads go into `folder`; the ConfigMap wins a name."""
    config_map = await _config_map(cluster, namespace)
    steps, metrics, routers = [await _of_sort(sort, config_map, folder) for sort in (STEP, METRIC, ROUTER)]
    return Found(steps, metrics, routers)


async def _of_sort(sort: Sort, config_map: Json | None, folder: Path) -> tuple[Plugin, ...]:
    found = {plugin.name: plugin for plugin in installed(sort)}
    for configured in configured_in(config_map, sort):
        plugin = await _ready(configured, found.get(configured.name), folder / sort.key)
        if plugin is not None:
            found[configured.name] = plugin
    return tuple(found.values())


async def _config_map(cluster: Cluster, namespace: str) -> Json | None:
    """The ConfigMap, if there is one. A server in trouble gets a few chances."""
    error: ClusterError | None = None
    for pause in _PAUSES:
        await asyncio.sleep(pause)
        try:
            return await cluster.get(Target(kinds.CONFIG_MAPS, CONFIG_MAP, namespace))
        except NotFoundError:
            return None
        except ClusterError as met:
            error = met
            if isinstance(met, ForbiddenError):
                break
    log().error("the plugins' ConfigMap cannot be read", configmap=f"{namespace}/{CONFIG_MAP}", error=str(error))
    return None


async def _ready(configured: Configured, package: Plugin | None, folder: Path) -> Plugin | None:
    """The plugin of an entry; None where it cannot be had, which is told."""
    if configured.is_disabled or (package is not None and not configured.location):
        base = package or program(configured.name, Path(), (), timeout=configured.timeout)
        return Plugin(configured.name, base.call, base.close, is_disabled=configured.is_disabled)
    try:
        path = await asyncio.to_thread(_fetched, configured, folder)
    except (OSError, PluginError) as error:
        where = configured.location
        log().error("a plugin cannot be had", plugin=configured.name, location=where, error=str(error))
        return None
    return program(configured.name, path, configured.args, timeout=configured.timeout)


def _fetched(configured: Configured, folder: Path) -> Path:
    """The program's file, downloaded where it is not on this machine."""
    url = urlsplit(configured.location)
    match url.scheme:
        case "file":
            path = Path(url.netloc + url.path).absolute()
            if not path.is_file():
                raise PluginError(f"{path} is not there")
            return path
        case "http" | "https":
            return _downloaded(configured, folder)
        case _:
            raise PluginError("location must be a file://, http:// or https:// URL")


def _downloaded(configured: Configured, folder: Path) -> Path:
    """The program, once, held to its checksum."""
    with urllib.request.urlopen(configured.location, timeout=_DOWNLOAD_SECONDS) as response:
        content = response.read()
    digest = hashlib.sha256(content).hexdigest()
    if configured.sha256 and digest != configured.sha256.lower():
        raise PluginError(f"sha256 is {digest}, and not {configured.sha256}")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / hashlib.sha256(configured.name.encode()).hexdigest()[:16]
    path.write_bytes(content)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path
