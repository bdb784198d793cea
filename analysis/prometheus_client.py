"""Range queries and the availability check, by prometheus-api-client. Called by ports in a bounded pool of threads.

The library blocks and retries on its own; it is kept to one attempt, to the server that was named and to a whole answer
in time, so that no server can hold a thread. Every failure of it becomes a ProviderError. Loaded on the first request.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

from prometheus_api_client import PrometheusConnect
from prometheus_api_client.exceptions import PrometheusApiClientException
from requests import Response, Session
from requests.exceptions import RequestException
from urllib3.response import HTTPResponse
from urllib3.util.retry import Retry

from analysis.errors import ProviderError
from analysis.requests import LARGEST, Basic, Json, RangeQuery, Server

_CHUNK = 64 * 1024


class _Deadline:
    """The body of an answer, read until it is whole, too late or too large.

    requests' own timeout is for each next byte: a server that trickles would hold its thread for ever.
    """

    def __init__(self, body: HTTPResponse, until: float, seconds: float) -> None:
        self._body = body
        self._until = until
        self._seconds = seconds

    def stream(self, _size: int, *, decode_content: bool) -> Iterator[bytes]:
        """Pieces as they come in; requests asks for them by this name."""
        length = 0
        while piece := self._body.read1(_CHUNK, decode_content=decode_content):
            length += len(piece)
            if length > LARGEST:
                raise self._broken_off(f"answered with more than {LARGEST} bytes")
            if time.monotonic() > self._until:
                raise self._broken_off(f"no whole answer within {self._seconds:g} s")
            yield piece

    def close(self) -> None:
        """Drop the connection."""
        self._body.close()

    def _broken_off(self, why: str) -> RequestException:
        self.close()  # the traceback would keep it open
        return RequestException(why)


def query_range(request: RangeQuery) -> Json:
    """The matrix as a body of the query API. ProviderError when the server refuses or cannot be reached."""
    try:
        with _connected(request.server) as prometheus:
            result = prometheus.custom_query_range(
                request.query,
                start_time=request.start,
                end_time=request.end,
                step=f"{request.step.total_seconds():.3f}",
                timeout=request.server.timeout.total_seconds(),
            )
    except (PrometheusApiClientException, RequestException) as error:
        raise ProviderError(f"{request.server.address} refused the range query: {error}") from error
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}


def is_available(server: Server) -> bool:
    """Whether a Prometheus answers there."""
    try:
        with _connected(server) as prometheus:
            return bool(prometheus.check_prometheus_connection())
    except RequestException:
        return False


def _connected(server: Server) -> Any:
    seconds = server.timeout.total_seconds()
    session = Session()
    session.verify = not server.is_insecure
    session.max_redirects = 0  # credentials stay where they were meant for
    session.hooks["response"].append(_hurried(seconds))
    return PrometheusConnect(
        url=server.address,
        headers=dict(server.headers),
        auth=(server.auth.user, server.auth.password) if isinstance(server.auth, Basic) else None,
        session=session,
        retry=Retry(total=0),
        timeout=max(1, round(seconds)),
    )


def _hurried(seconds: float) -> Callable[..., Response]:
    until = time.monotonic() + seconds

    def hurry(response: Response, **_options: Any) -> Response:
        response.raw = _Deadline(response.raw, until, seconds)
        return response

    return hurry
