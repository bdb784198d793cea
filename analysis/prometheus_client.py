"""Range queries and the availability check, by prometheus-api-client. Called by ports in a bounded pool of threads.

The library blocks and retries on its own; it is kept to one attempt, and every failure of it becomes a ProviderError.
"""

from typing import Any

from analysis.errors import ProviderError
from analysis.requests import Json, RangeQuery, Server


def query_range(request: RangeQuery) -> Json:
    """The matrix as a body of the query API. ProviderError when the server refuses or cannot be reached."""
    from prometheus_api_client.exceptions import PrometheusApiClientException
    from requests.exceptions import RequestException

    try:
        result = _connected(request.server).custom_query_range(
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
    from requests.exceptions import RequestException

    try:
        return bool(_connected(server).check_prometheus_connection())
    except RequestException:
        return False


def _connected(server: Server) -> Any:
    from prometheus_api_client import PrometheusConnect
    from urllib3.util.retry import Retry

    return PrometheusConnect(
        url=server.address,
        headers=dict(server.headers),
        auth=server.basic,
        disable_ssl=server.is_insecure,
        retry=Retry(total=0),
        timeout=max(1, round(server.timeout.total_seconds())),
    )
