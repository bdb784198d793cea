"""Range queries and the availability check, by prometheus-api-client. Called by ports.

The library makes the request and reads the answer, and blocks in between; so it is asked twice, once for the request
and once with the answer, and what lies between is the HTTP client's. One set of rules then holds for all metrics:
proxies, certificates, addresses, authorization, sizes and time; and nobody waits in a thread. Loaded on the first
request.
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

Use = Callable[[Any], Any]
"""Something that the library is to do."""


class _Wanted(Exception):  # noqa: N818  # no error: the request that the library would send
    def __init__(self, request: Http) -> None:
        super().__init__()
        self.request = request


class _Between(BaseAdapter):
    """Stands where the library would send: raises what it wants, or gives the answer that is there already."""

    def __init__(self, server: Server, answer: Answer | None) -> None:
        super().__init__()
        self._server = server
        self._answer = answer

    def send(self, request: PreparedRequest, *_: Any, **_options: Any) -> Response:
        """The answer in the library's form."""
        url = str(request.url)
        if self._answer is None:
            raise _Wanted(Http(self._server, str(request.method), _path(url, self._server.address)))
        response = Response()
        response.status_code = self._answer.status
        response.headers.update(self._answer.headers)
        response.raw = BytesIO(self._answer.body)
        response.url, response.request = url, request
        return response

    def close(self) -> None:
        """Nothing was opened."""


def range_request(request: RangeQuery) -> Http:
    """What the library asks for a range query."""
    return _request(request.server, lambda prometheus: _ranged(prometheus, request))


def range_answer(request: RangeQuery, answer: Answer) -> Json:
    """The matrix as a body of the query API. ProviderError when the server refused."""
    try:
        result = _ranged(_connected(request.server, answer), request)
    except (PrometheusApiClientException, ValueError, KeyError, TypeError) as error:
        raise ProviderError(f"{request.server.address} refused the range query: {error}") from error
    body: Json = {"status": "success", "data": {"resultType": "matrix", "result": result}}
    return {**body, **_warnings(answer)}


def availability_request(server: Server) -> Http:
    """What the library asks to see whether a Prometheus is there."""
    return _request(server, lambda prometheus: prometheus.check_prometheus_connection())


def is_available(server: Server, answer: Answer) -> bool:
    """Whether one is there, by the answer."""
    return bool(_connected(server, answer).check_prometheus_connection())


def _request(server: Server, use: Use) -> Http:
    try:
        use(_connected(server, None))
    except _Wanted as wanted:
        return wanted.request
    raise ProviderError(f"{server.address} was not asked")  # pragma: no cover  # the library always asks


def _ranged(prometheus: Any, request: RangeQuery) -> Any:
    step = f"{request.step.total_seconds():.3f}"
    return prometheus.custom_query_range(request.query, start_time=request.start, end_time=request.end, step=step)


def _path(url: str, address: str) -> str:
    """What comes after the address; the library may have written its host in another way."""
    if url.startswith(address):
        return url.removeprefix(address)
    parts, base = urlsplit(url), urlsplit(address).path
    return parts.path.removeprefix(base) + (f"?{parts.query}" if parts.query else "")


def _warnings(answer: Answer) -> Mapping[str, Any]:
    """What the library leaves out of an answer."""
    told = answer.json().get("warnings")
    return {"warnings": told} if told else {}


def _connected(server: Server, answer: Answer | None) -> Any:
    session = Session()
    session.trust_env = False
    session.max_redirects = 0
    prometheus = PrometheusConnect(url=server.address, session=session)
    session.adapters.clear()  # the library has put one of its own there, that would send
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Between(server, answer))
    return prometheus
