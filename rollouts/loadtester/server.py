"""The HTTP side: which path does what, and how errors are answered. Called by production.

Every path but those below takes a task. Any method will do, as callers are used to.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from rollouts.cluster.errors import ClusterError
from rollouts.loadtester.errors import LoadTesterError
from rollouts.loadtester.gates import Gate, Gates, gate_of
from rollouts.loadtester.kinds import Surroundings, kind_of, task_of
from rollouts.loadtester.meters import Meters
from rollouts.loadtester.payload import Payload, read
from rollouts.loadtester.tasks import Tasks
from rollouts.telemetry.logs import log

LARGEST = 1024 * 1024
"""Bytes of a request's body."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Tester:
    """All that answers work with. `namespaces` must match the whole or a part of the caller's, "" matches any."""

    gates: Gates
    background: Tasks
    awaited: Tasks
    around: Surroundings
    meters: Meters
    namespaces: re.Pattern[str]


def application(tester: Tester) -> web.Application:
    """The server, ready to be run."""
    app = web.Application(client_max_size=LARGEST, middlewares=[_answering_errors])
    app.router.add_route("*", "/healthz", _constant(200, "OK"))
    app.router.add_route("*", "/metrics", _metrics(tester.meters))
    app.router.add_route("*", "/gate/approve", _constant(200, "OK"))
    app.router.add_route("*", "/gate/halt", _constant(403, "Forbidden"))
    for word in ("gate", "rollback"):
        app.router.add_route("*", f"/{word}/check", _gate(tester, word, "check", _check))
        app.router.add_route("*", f"/{word}/open", _gate(tester, word, "open", _open))
        app.router.add_route("*", f"/{word}/close", _gate(tester, word, "close", _close))
    app.router.add_route("*", "/{path:.*}", _task(tester))
    return app


@web.middleware
async def _answering_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except LoadTesterError as error:
        return _said(_code_of(error), str(error))
    except ClusterError as error:
        log().error("the gates cannot be reached", path=request.path, cause=error.message)
        return _said(_code_of(error), f"the gates cannot be reached: {error.message}")


def _code_of(error: web.HTTPException | LoadTesterError | ClusterError) -> int:
    match error:
        case web.HTTPException():
            return error.status
        case LoadTesterError():
            return error.code
        case _:
            return 503


def _said(code: int, text: str = "") -> web.Response:
    return web.Response(status=code, text=text)


def _constant(code: int, text: str) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        return _said(code, text)

    return answer


def _metrics(meters: Meters) -> Handler:
    async def scrape(_request: web.Request) -> web.Response:
        return web.Response(body=meters.render(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    return scrape


async def _payload(tester: Tester, request: web.Request) -> Payload:
    """What the caller sent; those of a namespace that is not ours are sent away."""
    payload = read(await request.read())
    if not tester.namespaces.search(payload.namespace):
        log().warning("a caller of a namespace that is not served", canary=payload.canary, path=request.path)
        raise web.HTTPForbidden(text="Forbidden")
    return payload


def _gate(tester: Tester, word: str, verb: str, act: Callable[[Gates, Gate], Awaitable[web.Response]]) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        code = 500
        try:
            response = await act(tester.gates, gate_of(await _payload(tester, request), word))
            code = response.status
            return response
        except (web.HTTPException, LoadTesterError, ClusterError) as error:
            code = _code_of(error)
            raise
        finally:
            tester.meters.asked(f"/{word}/{verb}", code)

    return answer


async def _check(gates: Gates, gate: Gate) -> web.Response:
    is_open = await gates.is_open(gate)
    log().debug(f"{gate.word} checked", canary=gate.canary, approved=is_open)
    return _said(200, "Approved") if is_open else _said(403, "Forbidden")


async def _open(gates: Gates, gate: Gate) -> web.Response:
    await gates.turn(gate, is_open=True)
    log().info(f"{gate.word} opened", canary=gate.canary)
    return _said(202)


async def _close(gates: Gates, gate: Gate) -> web.Response:
    await gates.turn(gate, is_open=False)
    log().info(f"{gate.word} closed", canary=gate.canary)
    return _said(202)


def _task(tester: Tester) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        payload = await _payload(tester, request)
        if not payload.metadata:
            return _said(400, "metadata not found in payload")
        name, kind = kind_of(payload)
        task = task_of(payload, name, kind, tester.around)
        if not kind.is_awaited:
            tester.background.start(task)
            return _said(202)
        outcome = await tester.awaited.finish(task)
        if outcome.error:
            told = (f"command {task.title} failed", outcome.output, outcome.error)
            return _said(500, ": ".join(filter(None, told)))
        return _said(200, outcome.output if payload.has("returnCmdOutput") else "")

    return answer
