"""The server: one aiohttp application over a store, on loopback. Called through `serve`."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import web

from rollouts.cluster.errors import ClusterError, NotFoundError
from rollouts.cluster.port import Json
from rollouts.cluster.refusals import status_of
from rollouts.simulator.api import discovery, media, openapi, verbs
from rollouts.simulator.api.addresses import address_of
from rollouts.simulator.api.requests import asked
from rollouts.simulator.api.verbs import answered
from rollouts.simulator.store import Store

_PROBES: Final = frozenset({"/healthz", "/livez", "/readyz"})
_LARGEST_BODY: Final = 3 * 1024 * 1024  # as an API server has it
_REVIEWS: Final = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
OnRequest = Callable[[web.Request], None]


@dataclass(frozen=True, slots=True)
class Front:
    """A running server. `url` is where; `kubeconfig` writes a file that leads kubectl and our clients there."""

    url: str

    def kubeconfig(self, path: Path, *, namespace: str = "default") -> Path:
        """Write a kubeconfig (JSON is YAML too) with one context, `sluice`."""
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "sluice",
            "clusters": [{"name": "sluice", "cluster": {"server": self.url}}],
            "users": [{"name": "sluice", "user": {}}],
            "contexts": [
                {"name": "sluice", "context": {"cluster": "sluice", "user": "sluice", "namespace": namespace}}
            ],
        }
        path.write_text(json.dumps(content, indent=2) + "\n")
        return path


@asynccontextmanager
async def serve(
    store: Store,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    mounted: Mapping[str, web.Application] | None = None,
    on_request: OnRequest | None = None,
) -> AsyncIterator[Front]:
    """Serve the store until the block ends. `mounted` are further applications, by their path's beginning.

    `on_request` is told of each request before it is answered. Watches that are still open when it ends are cut.
    """
    application = _application(store, mounted or {}, on_request)
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield Front(f"http://{host}:{runner.addresses[0][1]}")
    finally:
        await runner.cleanup()


def _application(store: Store, mounted: Mapping[str, web.Application], on_request: OnRequest | None) -> web.Application:
    running: set[asyncio.Task[object]] = set()
    application = web.Application(client_max_size=_LARGEST_BODY)

    async def cut(_application: web.Application) -> None:
        for task in tuple(running):
            task.cancel()

    application.on_shutdown.append(cut)
    for prefix, mounted_application in mounted.items():
        application.add_subapp(prefix, mounted_application)
    application.router.add_route("*", "/{path:.*}", _handler(store, running, on_request))
    return application


def _handler(store: Store, running: set[asyncio.Task[object]], on_request: OnRequest | None) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        if on_request is not None:
            on_request(request)
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            return await _answer(store, request)
        except ClusterError as error:
            return _refused(error)
        finally:
            running.discard(task)

    return handle


async def _answer(store: Store, request: web.Request) -> web.StreamResponse:
    if request.path in _PROBES:
        return web.Response(text="ok")
    if request.path == "/openapi/v2":
        return web.Response(body=openapi.EMPTY_V2, headers={"Content-Type": openapi.V2_MEDIA})
    if request.method == "POST" and request.path == _REVIEWS:
        return answered(_allowed(media.object_of(await request.read(), request.content_type)), code=201)
    if request.method == "GET":
        accept = request.headers.get("Accept", "")
        known = discovery.answer(request.path, accept, store.definitions)
        if known is None:
            known = openapi.answer(request.path, store.definitions)
        if known is not None:
            return _discovered(known)
    address = address_of(request.rel_url.raw_path)
    if address is None:
        raise NotFoundError("the server could not find the requested resource")
    return await verbs.answer(asked(store, request, address))


def _discovered(known: Json) -> web.Response:
    response = answered(known)
    if known.get("kind") == "APIGroupDiscoveryList":
        response.headers["Content-Type"] = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    return response


def _allowed(review: Json) -> Json:
    """The embedded cluster has no roles: everybody may do everything."""
    named = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
    return {**review, **named, "status": {"allowed": True, "reason": "the embedded cluster allows everything"}}


def _refused(error: ClusterError) -> web.Response:
    status = status_of(error)
    response = answered(status, code=status["code"])
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(round(error.retry_after))
    return response
