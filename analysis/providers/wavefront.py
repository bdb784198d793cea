"""Wavefront (Operations for Applications): the point of each time series that lies nearest to now.

One series is a number, several are a vector; times and distances (in seconds) of the points are in the metadata. The
token comes from the Secret `wavefront-api-tokens` beside the controller, whose keys are addresses.
"""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from analysis.errors import NoDataError, ProviderError
from analysis.model import Metric
from analysis.providers.reading import Fields, at, object_of, secret_of
from analysis.requests import Bearer, Flow, Http, Provider, Server, Setting, Value

SECRET = "wavefront-api-tokens"


def run(metric: Metric, setting: Setting) -> Flow:
    """Ask for the last point."""
    fields = Fields(metric)
    address = fields.needed("address", "give the name of the Wavefront host, such as example.wavefront.com")
    query = fields.needed("query", "give it a Wavefront query")
    url = address if "://" in address else f"https://{address}"
    host = urlsplit(url).hostname or address
    tokens = yield from secret_of(SECRET, "", (host,))
    if not tokens.get(host):
        raise ProviderError(f"API token not found: the Secret {SECRET} has no key {host}")
    moment = str(int(setting.now.timestamp()) * 1000)
    params = (("q", query), ("s", moment), ("e", moment), ("g", "s"), ("p", "1"), ("i", "true"), ("strict", "false"))
    answer = yield Http(Server(url.rstrip("/"), auth=Bearer(tokens[host])), "GET", "/api/v2/chart/api", params)
    return _value(object_of(answer, "Wavefront"), setting.now)


def _value(body: Mapping[str, Any], now: datetime) -> Value:
    if body.get("errorMessage") or body.get("errorType"):
        raise ProviderError(
            f"Wavefront: {body.get('errorType') or 'error'}: {body.get('errorMessage') or 'no message'}"
        )
    series = [points for points in (at(row, "data") for row in body.get("timeseries") or ()) if points]
    if not series:
        raise NoDataError("No TimeSeries found in response from Wavefront")
    points = [_nearest(found, now.timestamp()) for found in series]
    values = tuple(value for _, value in points)
    metadata = {
        "timestamps": _shown([str(int(moment)) for moment, _ in points]),
        "drift": _shown([str(int(moment - now.timestamp())) for moment, _ in points]),
    }
    if warnings := body.get("warnings"):
        metadata["warnings"] = str(warnings)
    text = _shown([_fixed(value) for value in values])
    return Value(values[0] if len(values) == 1 else values, text, metadata)


def _nearest(points: Any, moment: float) -> tuple[float, float]:
    try:
        pairs = [(float(point[0]), float(point[1])) for point in points]
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise ProviderError(f"Wavefront answered with points that cannot be read: {error!r}") from error
    return min(pairs, key=lambda pair: abs(pair[0] - moment))


def _shown(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"[{','.join(parts)}]"


def _fixed(value: float) -> str:
    if math.isfinite(value):
        return f"{value:.2f}"
    return "NaN" if math.isnan(value) else ("+Inf" if value > 0 else "-Inf")


PROVIDER = Provider(run=run)
