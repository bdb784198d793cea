"""The load tester as a process: its server, its gates, its children, and a clean end. Called by `sluice loadtester`.

On SIGTERM no task begins any more, those that run are ended with all of their children, who waits for one is told so,
and then the server closes.
"""

import asyncio
import os
import shlex
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from rollouts.cluster.client import ClientSettings, HttpCluster
from rollouts.cluster.errors import ClusterError, NotFoundError
from rollouts.cluster.kinds import CONFIG_MAPS
from rollouts.cluster.login import LoginError, login, pod_namespace
from rollouts.cluster.port import Target
from rollouts.loadtester.gates import ClusterGates, Gates, MemoryGates
from rollouts.loadtester.kinds import Surroundings
from rollouts.loadtester.meters import Meters
from rollouts.loadtester.server import Tester, application
from rollouts.loadtester.services import Services
from rollouts.loadtester.settings import Settings, SettingsError
from rollouts.loadtester.tasks import Tasks
from rollouts.telemetry.logs import log

FAREWELL = 5.0
"""Seconds that answers under way get at the end."""
STAND_IN = "hey"
"""The load generator that users' commands name most; ours stands in for it where it is not installed."""
_ASKING = 5.0
_CURE = "allow get, create and patch of configmaps in its namespace (install/loadtester.yaml), or say --gates=memory"


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with gates_of(settings) as gates, listening(settings, gates) as port:
        log().info("listening", port=port)
        await stop.wait()
        log().info("ending")
    log().info("stopped")


@asynccontextmanager
async def listening(settings: Settings, gates: Gates) -> AsyncIterator[int]:
    """Answer as long as the block lasts; gives the port."""
    meters, services = Meters(), Services()
    background, awaited = (Tasks(settings.running, settings.waiting, meters) for _ in range(2))
    with tempfile.TemporaryDirectory(prefix="sluice-loadtester-") as folder:
        env = environment(os.environ, Path(folder), settings.load)
        around = Surroundings(env, settings.timeout, settings.load, services)
        app = application(Tester(gates, background, awaited, around, meters, settings.namespaces))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=FAREWELL)
        try:
            await runner.setup()
            await web.TCPSite(runner, settings.host, settings.port).start()
            yield runner.addresses[0][1]
        finally:
            await asyncio.gather(background.close(), awaited.close())
            await runner.cleanup()
            await services.close()


@asynccontextmanager
async def gates_of(settings: Settings) -> AsyncIterator[Gates]:
    """Where gates are kept, as the settings say. `auto`: in the cluster, if there is one that lets us."""
    if settings.gates == "memory" or not (settings.gates == "cluster" or settings.kubeconfig or pod_namespace()):
        log().info("gates are kept in memory: a restart closes them, and each replica has its own")
        yield MemoryGates()
        return
    try:
        credentials = await asyncio.to_thread(login, kubeconfig=settings.kubeconfig or None)
    except LoginError as error:
        raise SettingsError(f"--gates={settings.gates}: {error}") from error
    target = Target(CONFIG_MAPS, settings.gates_name, settings.namespace or credentials.namespace)
    async with HttpCluster(credentials, settings=ClientSettings(timeout=_ASKING)) as cluster:
        refused = await _refusal(cluster, target)
        if refused and settings.gates == "auto":
            log().warning("gates are kept in memory: the cluster lets us keep none", cause=refused, cure=_CURE)
            yield MemoryGates()
            return
        if refused:
            log().warning("gates cannot be read, and count as closed", cause=refused, cure=_CURE)
        log().info("gates are kept in the cluster", config_map=f"{target.namespace}/{target.name}")
        yield ClusterGates(cluster, target)


async def _refusal(cluster: HttpCluster, target: Target) -> str:
    """Why the gates cannot be read, or ""."""
    try:
        await cluster.get(target)
    except NotFoundError:
        return ""
    except ClusterError as error:
        return error.message
    return ""


def environment(outside: Mapping[str, str], folder: Path, load: Sequence[str]) -> dict[str, str]:
    """What commands find: all that we have, and behind everything installed a stand-in for hey, if a load is ours."""
    if not load:
        return dict(outside)
    script = folder / STAND_IN
    script.write_text(f'#!/bin/sh\nexec {shlex.join(load)} "$@"\n')
    script.chmod(0o755)
    return {**outside, "PATH": os.pathsep.join(filter(None, (outside.get("PATH", os.defpath), str(folder))))}
