"""Range queries and the availability check, by prometheus-api-client. Called by ports in a bounded pool of threads.

The library makes the requests and reads the answers; they are carried by the HTTP client of all metrics, so one set of
rules holds for proxies, certificates, addresses, authorization, sizes and time. Every failure becomes a ProviderError.
Loaded on the first request.
"""

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from prometheus_api_client import PrometheusConnect
from prometheus_api_client.exceptions import PrometheusApiClientException
from requests import PreparedRequest, Response, Session
from requests.adapters import BaseAdapter

from analysis.errors import ProviderError
from analysis.requests import Answer, Http, Json, RangeQuery, Server

Send = Callable[[Http], Answer]


class _Carried(BaseAdapter):
    """The library's requests, sent by ours. `answer` is the last one."""

    def __init__(self, server: Server, send: Send) -> None:
        super().__init__()
        self._server = server
        self._send = send
        self.answer: Answer | None = None

    def send(self, request: PreparedRequest, *_: Any, **_options: Any) -> Response:
        """The answer in the library's form."""
        url = str(request.url)
        parts = urlsplit(url)
        rest = url.removeprefix(self._server.address) if url.startswith(self._server.address) else parts.path
        self.answer = self._send(Http(self._server, str(request.method), rest))
        response = Response()
        response.status_code = self.answer.status
        response.headers.update(self.answer.headers)
        response.raw = BytesIO(self.answer.body)
        response.url, response.request = url, request
        return response

    def close(self) -> None:
        """Connections are not kept here."""


def query_range(request: RangeQuery, send: Send) -> Json:
    """The matrix as a body of the query API. ProviderError when the server refuses or cannot be reached."""
    prometheus, carried = _connected(request.server, send)
    try:
        result = prometheus.custom_query_range(
            request.query, start_time=request.start, end_time=request.end, step=f"{request.step.total_seconds():.3f}"
        )
    except (PrometheusApiClientException, ValueError, KeyError, TypeError) as error:
        raise ProviderError(f"{request.server.address} refused the range query: {error}") from error
    body: Json = {"status": "success", "data": {"resultType": "matrix", "result": result}}
    return {**body, **_warnings(carried.answer)}


def is_available(server: Server, send: Send) -> bool:
    """Whether a Prometheus answers there."""
    prometheus, _ = _connected(server, send)
    try:
        return bool(prometheus.check_prometheus_connection())
    except ProviderError:
        return False


def _warnings(answer: Answer | None) -> Mapping[str, Any]:
    """What the library leaves out of an answer."""
    told = answer.json().get("warnings") if answer is not None else None
    return {"warnings": told} if told else {}


def _connected(server: Server, send: Send) -> tuple[Any, _Carried]:
    carried = _Carried(server, send)
    session = Session()
    session.trust_env = False
    session.max_redirects = 0
    prometheus = PrometheusConnect(url=server.address, session=session)
    session.mount(server.address, carried)  # in place of the library's own, which it puts there
    return prometheus, carried
