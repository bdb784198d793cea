"""All step plugins of a controller: found at the start, called by name. Reconcile asks here, observe asks for names."""

import asyncio
import hashlib
import stat
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from rollouts.cluster import kinds
from rollouts.cluster.errors import ClusterError, ForbiddenError, NotFoundError
from rollouts.cluster.port import Cluster, Json, Target
from rollouts.controller.clock import Clock, wall_clock
from rollouts.controller.observe import World
from rollouts.controller.plugins.config import CONFIG_MAP, Configured, configured_in
from rollouts.controller.plugins.packages import installed
from rollouts.controller.plugins.programs import program
from rollouts.controller.plugins.protocol import OPERATIONS, Plugin, PluginError, reply_of
from rollouts.model.questions import AskStepPlugin, PluginAnswer
from rollouts.model.strategy import Canary, RunPlugin
from rollouts.telemetry.logs import log

_DOWNLOAD_SECONDS = 60.0
_PAUSES = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Seconds before each look for the ConfigMap."""


class StepPlugins:
    """Plugins by name. With none, every rollout that wants one is told so."""

    def __init__(self, plugins: Iterable[Plugin] = (), clock: Clock = wall_clock) -> None:
        self._plugins = {plugin.name: plugin for plugin in plugins}
        self._clock = clock

    @property
    def names(self) -> frozenset[str]:
        """What can be named in a step."""
        return frozenset(self._plugins)

    async def answer(self, question: AskStepPlugin, world: World) -> PluginAnswer:
        """Call the plugin, and take what it says; what goes wrong is an answer too."""
        plugin = self._plugins.get(question.name)
        if plugin is None:
            return PluginAnswer(error=f"plugin {question.name} is not configured")
        if plugin.is_disabled:
            return PluginAnswer(is_disabled=True)
        started = self._clock()
        try:
            answer = reply_of(await plugin.call(OPERATIONS[question.operation], _context(question, world)))
        except PluginError as error:
            return PluginAnswer(error=str(error), started=started)
        return PluginAnswer(answer.phase, answer.message, answer.state, answer.again_after, started)

    async def close(self) -> None:
        """End them."""
        for plugin in self._plugins.values():
            await plugin.close()


async def find_plugins(cluster: Cluster, namespace: str, folder: Path) -> tuple[Plugin, ...]:
    """What the ConfigMap and the installed packages offer. Downloads go into `folder`; the ConfigMap wins a name."""
    found = {plugin.name: plugin for plugin in installed()}
    for configured in configured_in(await _config_map(cluster, namespace)):
        plugin = await _ready(configured, found.get(configured.name), folder)
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
        log().error("a step plugin cannot be had", plugin=configured.name, location=where, error=str(error))
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
    path = folder / hashlib.sha256(configured.name.encode()).hexdigest()[:16]
    path.write_bytes(content)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def _context(question: AskStepPlugin, world: World) -> Json:
    """What a plugin is told: its settings, what it remembers, and the Rollout as it is."""
    strategy, status = world.rollout.strategy, world.rollout.status
    steps = strategy.steps if isinstance(strategy, Canary) else ()
    step = steps[question.index] if question.index < len(steps) else None
    known = {(entry.index, entry.operation): entry for entry in status.canary.plugins}
    memory = known.get((question.index, "Run"))
    return {
        "name": question.name,
        "operation": question.operation,
        "step": question.index,
        "config": step.config if isinstance(step, RunPlugin) else None,
        "status": memory.state if memory else None,
        "rollout": world.manifest,
    }
