"""The two small servers of the controller: /healthz and /readyz for the kubelet, /metrics for Prometheus.

They run on the controller's own loop, so an answer also proves that the loop turns. Opened by production.py.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from rollouts.telemetry.metrics import Metrics


@asynccontextmanager
async def listening(
    *, health_port: int, metrics_port: int, metrics: Metrics, is_ready: Callable[[], bool], host: str = "0.0.0.0"
) -> AsyncIterator[tuple[int, int]]:
    """Serve while inside; gives the two ports (of which 0 means any free one)."""
    health, numbers = _health_app(is_ready), _metrics_app(metrics)
    runners = [web.AppRunner(app, access_log=None, shutdown_timeout=1.0) for app in (health, numbers)]
    try:
        ports = [
            await _open(runner, host, port) for runner, port in zip(runners, (health_port, metrics_port), strict=True)
        ]
        yield ports[0], ports[1]
    finally:
        for runner in runners:
            await runner.cleanup()


async def _open(runner: web.AppRunner, host: str, port: int) -> int:
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    bound: int = runner.addresses[0][1]
    return bound


def _health_app(is_ready: Callable[[], bool]) -> web.Application:
    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def readyz(_request: web.Request) -> web.Response:
        return web.Response(text="ok") if is_ready() else web.Response(status=503, text="the caches are being filled")

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    return app


def _metrics_app(metrics: Metrics) -> web.Application:
    async def scrape(_request: web.Request) -> web.Response:
        return web.Response(body=metrics.render(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    app = web.Application()
    app.router.add_get("/metrics", scrape)
    return app
