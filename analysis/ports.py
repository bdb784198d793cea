"""The doors to metric services. The runner's only way out; filled by the CLI and by simulations.

`HttpPorts` is the real one: instant queries over httpx with retries of what never reached the server, range queries by
prometheus-api-client in a few threads. `InProcessPorts` answers from a function, for virtual time, where there is no
socket and no thread. Libraries are loaded on the first request, so that the CLI starts without them.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, assert_never
from urllib.parse import urlencode

from analysis.errors import NoAnswerError, ProviderError
from analysis.requests import (
    LARGEST,
    Answer,
    Basic,
    Bearer,
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
    from httpx import AsyncClient, Response  # noqa: TID251  # this is the place

ATTEMPTS = 3
"""How often a request is sent that never got an answer."""
THREADS = 4
"""Range queries at once; the library behind them blocks."""
WITHOUT_CLUSTER = "there is no cluster here to ask: metrics with credentials or Jobs are measured by the controller"
_NO_POST = (405, 501)
_FORM: Pairs = (("Content-Type", "application/x-www-form-urlencoded"),)

Ask = Callable[[str, datetime], Json]
"""Answers a PromQL query for a moment with a body as of `/api/v1/query`."""
AskRange = Callable[[str, datetime, datetime, timedelta], Json]
"""Answers a PromQL query from, to, by step, with a body as of `/api/v1/query_range`."""

_A = TypeVar("_A")
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


def _there(function: _T | None, asked: str) -> _T:
    if function is None:
        raise ProviderError(f"{asked} not answered here")
    return function


class HttpPorts:
    """The real services. One HTTP client for each way of TLS, kept until `close`."""

    def __init__(self, defaults: Defaults | None = None) -> None:
        self.defaults = defaults or Defaults()
        self._clients: dict[bool, AsyncClient] = {}
        self._threads: ThreadPoolExecutor | None = None

    async def ask(self, request: Request) -> Any:
        """Send it; what was refused with a JSON body is an answer, too."""
        match request:
            case Query():
                form = {"query": request.query, "time": f"{request.at.timestamp():.3f}"}
                return await self._prometheus(request.server, "/api/v1/query", form)
            case RangeQuery():
                from analysis.prometheus_client import query_range

                return await self._in_thread(query_range, request)
            case Http():
                return await self._sent(request)
            case Program():
                raise ProviderError(f"the plugin {request.name} is not configured")
            case Secret() | Cluster():
                raise ProviderError(WITHOUT_CLUSTER)
            case _:
                assert_never(request)

    async def is_available(self, server: Server) -> bool:
        """Whether a Prometheus answers there."""
        from analysis.prometheus_client import is_available

        return await self._in_thread(is_available, server)

    async def close(self) -> None:
        """Close connections; threads end by themselves."""
        clients, self._clients = tuple(self._clients.values()), {}
        for client in clients:
            await client.aclose()
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None

    async def _in_thread(self, work: Callable[[_A], _T], argument: _A) -> _T:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="prometheus")
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, argument)

    async def _prometheus(self, server: Server, path: str, form: dict[str, str]) -> Json:
        post = Http(server, "POST", path, headers=_FORM, body=urlencode(form).encode())
        answer = await self._sent(post)
        if answer.status in _NO_POST:  # proxies that take reading requests only
            answer = await self._sent(Http(server, "GET", path, tuple(form.items())))
        return _body(answer)

    async def _sent(self, request: Http) -> Answer:
        import httpx
        from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential

        server = request.server
        client = self._client(is_insecure=server.is_insecure)
        options: dict[str, Any] = {
            "headers": [*server.headers, *request.headers, *_authorization(server)],
            "auth": (server.auth.user, server.auth.password) if isinstance(server.auth, Basic) else None,
            "timeout": server.timeout.total_seconds(),
            "params": request.params or None,
            "content": request.body,
        }
        again = AsyncRetrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_exponential(multiplier=0.1, max=1),
            retry=retry_if_exception_type(httpx.ConnectError),
            reraise=True,
        )
        try:
            async for attempt in again:
                with attempt:
                    async with client.stream(request.method, server.address + request.path, **options) as response:
                        body = await _content(server, response)
                        return Answer(response.status_code, body, dict(response.headers), server.address)
        except httpx.TimeoutException as error:
            raise NoAnswerError(f"{server.address} did not answer within {_seconds(server)}") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NoAnswerError(f"{server.address} cannot be asked: {error or type(error).__name__}") from error
        raise ProviderError(f"{server.address} was not asked")  # pragma: no cover  # the loop returns or raises

    def _client(self, *, is_insecure: bool) -> "AsyncClient":
        import httpx

        if is_insecure not in self._clients:
            client = httpx.AsyncClient(verify=not is_insecure, follow_redirects=False)  # noqa: TID251  # this is the place
            self._clients[is_insecure] = client
        return self._clients[is_insecure]


async def _content(server: Server, response: "Response") -> bytes:
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > LARGEST:
            raise ProviderError(f"{server.address} answered with more than {LARGEST} bytes")
    return bytes(content)


def _authorization(server: Server) -> Pairs:
    match server.auth:
        case Bearer(token):
            return (("Authorization", f"Bearer {token}"),)
        case _:
            return ()


def _body(answer: Answer) -> Json:
    try:
        body = answer.json()
    except ProviderError:
        body = None
    if not isinstance(body, dict):
        raise ProviderError(f"{answer.address} answered {answer.status}, and not with JSON of a Prometheus")
    return body


def _seconds(server: Server) -> str:
    return f"{server.timeout.total_seconds():g} s"
