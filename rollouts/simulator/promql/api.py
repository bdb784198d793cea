"""Prometheus' HTTP API over the embedded cluster's series, as an aiohttp application to be mounted or served.

Providers, prometheus-api-client, Grafana and curl call it; GET and form POST mean the same, as in Prometheus.
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any

import promql_parser as ast
from aiohttp import web
from multidict import MultiDict

from rollouts.simulator.promql.compiler import parse
from rollouts.simulator.promql.engine import query, query_range
from rollouts.simulator.promql.errors import BadDataError, QueryError
from rollouts.simulator.promql.parameters import duration, instant
from rollouts.simulator.promql.selectors import matchers_of, select
from rollouts.simulator.series import Series, Track

Form = MultiDict[str]
Endpoint = Callable[[web.Request], Awaitable[web.StreamResponse]]
LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)


def routes(series: Series, now: Callable[[], datetime]) -> web.Application:
    """The application. `now` is the moment of queries that name none."""
    api = _Api(series, now)
    application = web.Application()
    application.router.add_get("/", _ready)
    application.router.add_get("/-/ready", _ready)
    application.router.add_get("/-/healthy", _ready)
    for path, answer in (
        ("/api/v1/query", api.query),
        ("/api/v1/query_range", api.query_range),
        ("/api/v1/series", api.series),
        ("/api/v1/labels", api.labels),
    ):
        application.router.add_get(path, _endpoint(answer))
        application.router.add_post(path, _endpoint(answer))
    application.router.add_get("/api/v1/label/{name}/values", api.label_values)
    application.router.add_get("/api/v1/status/buildinfo", _build)
    return application


async def _ready(_: web.Request) -> web.Response:
    return web.Response(text="Prometheus Server is Ready.\n")


async def _build(_: web.Request) -> web.Response:
    return _success({"version": "2.42.0", "revision": "sluice", "branch": "embedded", "goVersion": ""})


def _success(data: Any) -> web.Response:
    return web.json_response({"status": "success", "data": data})


def _endpoint(answer: Callable[[Form], Any]) -> Endpoint:
    async def respond(request: web.Request) -> web.Response:
        form = MultiDict(request.query)
        if request.method == "POST":
            form.extend({key: value for key, value in (await request.post()).items() if isinstance(value, str)})
        return _answered(lambda: answer(form))

    return respond


def _answered(answer: Callable[[], Any]) -> web.Response:
    try:
        return _success(answer())
    except QueryError as error:
        return web.json_response({"status": "error", "errorType": error.type, "error": str(error)}, status=error.code)


class _Api:
    """One method an endpoint: form in, `data` out."""

    def __init__(self, series: Series, now: Callable[[], datetime]) -> None:
        self._series = series
        self._now = now

    def query(self, form: Form) -> Any:
        return query(
            self._series, form.get("query", ""), instant("time", form.get("time"), lambda: self._now().timestamp())
        )

    def query_range(self, form: Form) -> Any:
        start, end = (instant(name, form.get(name)) for name in ("start", "end"))
        return query_range(self._series, form.get("query", ""), start, end, duration("step", form.get("step")))

    def series(self, form: Form) -> Any:
        if "match[]" not in form:
            raise BadDataError("no match[] parameter provided")
        return [dict(track.labels) for track in self._matched(form)]

    def labels(self, form: Form) -> Any:
        return sorted({name for track in self._matched(form) for name, _ in track.labels})

    async def label_values(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        return _answered(lambda: self._values(name, MultiDict(request.query)))

    def _values(self, name: str, form: Form) -> list[str]:
        if not LABEL_NAME.fullmatch(name):
            raise BadDataError(f'invalid label name: "{name}"')
        return sorted({value for track in self._matched(form) for key, value in track.labels if key == name})

    def _matched(self, form: Form) -> Iterable[Track]:
        since = instant("start", form.get("start"), lambda: float("-inf"))
        until = instant("end", form.get("end"), lambda: float("inf"))
        found = {track.labels: track for text in form.getall("match[]", []) for track in self._select(text)}
        tracks = found.values() if "match[]" in form else self._series
        ordered = sorted(tracks, key=lambda track: track.labels)
        return [t for t in ordered if t.times and t.times[0] <= until * 1000 and t.times[-1] >= since * 1000]

    def _select(self, text: str) -> list[Track]:
        tree = parse(text)
        if not isinstance(tree, ast.VectorSelector):
            raise BadDataError(f'invalid parameter "match[]": {text!r} is no series selector')
        return select(self._series, matchers_of(tree))
