"""The doors to metric services. The runner's only way out; filled by the CLI and by simulations.

`HttpPorts` is the real one: everything goes over http_client, range queries too, which prometheus-api-client makes and
reads. `InProcessPorts` answers from functions, for virtual time, where there is no socket and no thread.
Libraries are loaded on the first request, so that the CLI starts without them.
"""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, assert_never
from urllib.parse import urlencode

from analysis.errors import ProviderError
from analysis.outside import Outside
from analysis.requests import (
    Answer,
    Cluster,
    Defaults,
    Http,
    Json,
    Pairs,
    Program,
    Query,
    RangeQuery,
    Request,
    Secret,
    Server,
)

if TYPE_CHECKING:
    from analysis.http_client import HttpClient

WITHOUT_CLUSTER = "there is no cluster here to ask: metrics with credentials or Jobs are measured by the controller"
_NO_POST = (405, 501)
_FORM: Pairs = (("Content-Type", "application/x-www-form-urlencoded"),)

Ask = Callable[[str, datetime], Json]
"""Answers a PromQL query for a moment with a body as of `/api/v1/query`."""
AskRange = Callable[[str, datetime, datetime, timedelta], Json]
"""Answers a PromQL query from, to, by step, with a body as of `/api/v1/query_range`."""

CallPlugin = Callable[[Program], Awaitable[Any]]
"""Calls a metric plugin's method, and gives what it returned. ProviderError when there is none."""

_T = TypeVar("_T")


class Ports(Protocol):
    """What the runner needs of the world."""

    @property
    def defaults(self) -> Defaults:
        """What the operator set for all metrics."""
        ...

    async def ask(self, request: Request) -> Any:
        """The answer to a request; ProviderError when there is none. The caller limits time and number."""
        ...

    async def close(self) -> None:
        """Give back connections and threads."""
        ...


class InProcessPorts:
    """Answers from functions of this process; a kind of question without its function is refused."""

    def __init__(
        self,
        query: Ask,
        query_range: AskRange | None = None,
        defaults: Defaults | None = None,
        http: Callable[[Http], Answer] | None = None,
        program: Callable[[Program], Any] | None = None,
    ) -> None:
        self.defaults = defaults or Defaults()
        self._query = query
        self._query_range = query_range
        self._http = http
        self._program = program

    async def ask(self, request: Request) -> Any:
        """The function's answer, at once."""
        match request:
            case Query():
                return self._query(request.query, request.at)
            case RangeQuery():
                answer = _there(self._query_range, "range queries are")
                return answer(request.query, request.start, request.end, request.step)
            case Http(method="GET", path="/api/v1/query"):
                return self._instant(dict(request.params))
            case Http():
                return _there(self._http, "HTTP requests are")(request)
            case Program():
                return _there(self._program, "calls of plugins are")(request)
            case Secret() | Cluster():
                raise ProviderError(WITHOUT_CLUSTER)
            case _:
                assert_never(request)

    async def close(self) -> None:
        """Nothing to give back."""

    def _instant(self, params: dict[str, str]) -> Answer:
        """A query that somebody sends by itself."""
        at = datetime.fromtimestamp(float(params["time"]), UTC)
        return Answer(200, json.dumps(self._query(params["query"], at)).encode())


def _there(function: _T | None, asked: str) -> _T:
    if function is None:
        raise ProviderError(f"{asked} not answered here")
    return function


class HttpPorts:
    """The real services, over one HTTP client that is kept until `close`. `call` carries calls to metric plugins."""

    def __init__(
        self, defaults: Defaults | None = None, outside: Outside | None = None, call: CallPlugin | None = None
    ) -> None:
        self.defaults = defaults or Defaults()
        self._outside = outside or Outside()
        self._call = call
        self._client: HttpClient | None = None

    async def ask(self, request: Request) -> Any:
        """Send it; what was refused with a JSON body is an answer, too."""
        match request:
            case Query():
                form = {"query": request.query, "time": f"{request.at.timestamp():.3f}"}
                return await self._prometheus(request.server, "/api/v1/query", form)
            case RangeQuery():
                from analysis import prometheus_client as library

                return library.range_answer(request, await self._sent(library.range_request(request)))
            case Http():
                return await self._sent(request)
            case Program():
                return await _there(self._call, "calls of plugins are")(request)
            case Secret() | Cluster():
                raise ProviderError(WITHOUT_CLUSTER)
            case _:
                assert_never(request)

    async def is_available(self, server: Server) -> bool:
        """Whether a Prometheus answers there."""
        from analysis import prometheus_client as library

        try:
            answer = await self._sent(library.availability_request(server))
        except ProviderError:
            return False
        return library.is_available(server, answer)

    async def close(self) -> None:
        """Close connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _prometheus(self, server: Server, path: str, form: dict[str, str]) -> Json:
        post = Http(server, "POST", path, headers=_FORM, body=urlencode(form).encode())
        answer = await self._sent(post)
        if answer.status in _NO_POST:  # proxies that take reading requests only
            answer = await self._sent(Http(server, "GET", path, tuple(form.items())))
        return _body(answer)

    async def _sent(self, request: Http) -> Answer:
        if self._client is None:
            from analysis.http_client import HttpClient

            self._client = HttpClient(self._outside)
        return await self._client.send(request)


def _body(answer: Answer) -> Json:
    try:
        body = answer.json()
    except ProviderError:
        body = None
    if not isinstance(body, dict):
        raise ProviderError(f"{answer.address} answered {answer.status}, and not with JSON of a Prometheus")
    return body
