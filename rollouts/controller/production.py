"""The controller against a real API server: credentials, one session, kopf, Prometheus, git, probes, signals.

Called by the CLI. All that is heavy is imported here, and this module only by `sluice controller`.
"""

import asyncio
import gc
import os
import signal
import socket
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

from analysis.outside import Outside
from analysis.ports import HttpPorts
from analysis.providers import VARIABLES, job
from analysis.requests import Defaults
from rollouts.cluster import kinds
from rollouts.cluster.client import ClientSettings, HttpCluster, OnRequest
from rollouts.cluster.login import Credentials, login, pod_login
from rollouts.cluster.wire import Call
from rollouts.controller.clock import wall_clock
from rollouts.controller.handlers import KopfSource
from rollouts.controller.measuring import ClusterPorts
from rollouts.controller.permissions import tell_missing_rules
from rollouts.controller.plugins.config import ROUTER
from rollouts.controller.plugins.finding import find_plugins
from rollouts.controller.plugins.metrics import MetricPlugins
from rollouts.controller.plugins.registry import StepPlugins
from rollouts.controller.ports import GitPorts, Ports
from rollouts.controller.probes import listening
from rollouts.controller.settings import Settings, without_meaning
from rollouts.controller.sources import Watched
from rollouts.controller.wiring import Controller
from rollouts.telemetry.logs import log
from rollouts.telemetry.metrics import Metrics

LATE_SECONDS = 5.0
IN_CLUSTER = "in-cluster"
"""Argo: as a kubeconfig, the account of the pod."""
DISTRIBUTION = "sluice-delivery"


async def serve(settings: Settings, values: Mapping[str, Any]) -> None:
    """Run until SIGTERM or SIGINT. `values` are the flags as given, to name those without a meaning yet."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def claim_signals() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)

    claim_signals()
    for name in without_meaning(values):
        log().info("this setting has no meaning yet", flag=name)
    credentials = await _log_in(settings)
    if settings.namespace == "":
        settings = replace(settings, namespace=credentials.namespace)
    async with _ports(settings, credentials, stop, claim_signals) as ports:
        controller = Controller(ports, settings)
        async with listening(
            health_port=settings.healthz_port,
            metrics_port=settings.metrics_port,
            metrics=ports.metrics,
            is_ready=controller.ready.is_set,
        ) as (health, numbers):
            log().info("listening", healthz=health, metrics=numbers)
            asking = asyncio.create_task(_ask_for_permissions(controller, ports, settings))
            try:
                await controller.run(stop)
            finally:
                asking.cancel()
                await asyncio.gather(asking, return_exceptions=True)
    log().info("stopped")


@asynccontextmanager
async def _ports(
    settings: Settings, credentials: Credentials, stop: asyncio.Event, claim_signals: Callable[[], None]
) -> AsyncIterator[Ports]:
    """Everything opened, and closed at the end."""
    metrics = Metrics(version=_version())
    variables = {name: os.environ[name] for name in VARIABLES if name in os.environ}
    client = ClientSettings(
        timeout=settings.request_timeout,
        qps=settings.qps,
        burst=settings.burst,
        accepts_compression=settings.accepts_compression,
    )
    count = _counting(metrics, is_told=settings.logs_requests)
    with tempfile.TemporaryDirectory(prefix="sluice-") as scratch:
        async with (
            HttpCluster(credentials, settings=client, on_request=count) as cluster,
            cluster_of_jobs(variables.get(job.KUBECONFIG_VARIABLE, ""), client) as jobs,
        ):

            def source(watched: Sequence[Watched]) -> KopfSource:
                return KopfSource(
                    cluster, watched, credentials=credentials, claim_signals=claim_signals, on_signal=stop.set
                )

            plugins = await find_plugins(cluster, settings.lease_namespace, Path(settings.data_dir or scratch))
            metric_plugins = MetricPlugins(plugins.metrics)
            services = HttpPorts(Defaults(settings.prometheus, variables), Outside(settings.reach), metric_plugins.call)
            try:
                yield Ports(
                    cluster=cluster,
                    plugins=StepPlugins(plugins.steps),
                    routers=MetricPlugins(plugins.routers, ROUTER.word),
                    clock=wall_clock,
                    source=source,
                    measuring=ClusterPorts(services, cluster, settings.lease_namespace, jobs),
                    git=_git(settings, scratch),
                    identity=f"{socket.gethostname()}_{uuid.uuid4()}",
                    metrics=metrics,
                    on_ready=_settle_memory,
                )
            finally:
                await services.close()
                await metric_plugins.close()


@asynccontextmanager
async def cluster_of_jobs(kubeconfig: str, client: ClientSettings) -> AsyncIterator[HttpCluster | None]:
    """Where Jobs of analyses run, if the operator named another cluster: a kubeconfig, or the pod's own."""
    if not kubeconfig:
        yield None
        return
    logging_in = pod_login if kubeconfig == IN_CLUSTER else partial(login, kubeconfig=kubeconfig)
    async with HttpCluster(await asyncio.to_thread(logging_in), settings=client) as cluster:
        yield cluster


def _counting(metrics: Metrics, *, is_told: bool) -> OnRequest:
    """Every request counts; only a Rollout's own are counted by name, since names of other kinds come without end."""

    def count(call: Call, code: int) -> None:
        about = call.target if call.resource == kinds.ROLLOUTS else None
        rollout = None if about is None else (about.namespace or "", about.name)
        metrics.requested(call.verb, call.resource.plural, code, rollout)
        if is_told:
            log().info("request", verb=call.verb, path=call.path, code=code)

    return count


def _version() -> str:
    try:
        return installed_version(DISTRIBUTION)
    except PackageNotFoundError:
        return "unknown"


async def _log_in(settings: Settings) -> Credentials:
    kubeconfig, context = settings.kubeconfig or None, settings.context or None
    return await asyncio.to_thread(login, kubeconfig=kubeconfig, context=context, overrides=settings.overrides)


def _git(settings: Settings, scratch: str) -> GitPorts | None:
    if not settings.syncs_git:
        return None
    from rollouts.gitsync.checkout import GitCheckout
    from rollouts.gitsync.render import KubectlRender

    return GitPorts(GitCheckout(Path(settings.data_dir or scratch)), KubectlRender())


def _settle_memory() -> None:
    """What is there now stays: the collector need not look at it again (spec/performance.md §2.1)."""
    gc.collect()
    gc.freeze()


async def _ask_for_permissions(controller: Controller, ports: Ports, settings: Settings) -> None:
    """Once there is time for it, or when starting takes so long that a missing right may be why."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LATE_SECONDS):
            await controller.ready.wait()
    await tell_missing_rules(ports.cluster, settings)
