"""Graphite: the data points of the first series that the render API gives, as a vector without the empty ones.

`query` holds the parameters of the render API (`target=…&from=-5min`), white space in it does not count. No series, or
one without any point, is an error: no condition can tell an empty answer from a good one.
"""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from analysis.errors import NoDataError, ProviderError
from analysis.model import Metric
from analysis.providers.reading import Fields, at, quoted
from analysis.requests import Flow, Http, Pairs, Provider, Server, Setting, Value

TIMEOUT = timedelta(seconds=10)


def run(metric: Metric, _setting: Setting) -> Flow:
    """Ask once."""
    fields = Fields(metric)
    params = parameters(fields.needed("query", "give the parameters of the render API, such as target=a.b"))
    answer = yield Http(Server(fields.address(), timeout=TIMEOUT), "GET", "/render", params)
    if answer.status >= 400:
        raise ProviderError(f"error response: {quoted(answer)}")
    return _value(answer.json())


def parameters(query: str) -> Pairs:
    """The parameters of the render API in a query."""
    pairs = parse_qsl(re.sub(r"\s+", "", query), keep_blank_values=True)
    return tuple(sorted([*(pair for pair in pairs if pair[0] != "format"), ("format", "json")]))


def _value(series: Any) -> Value:
    if not isinstance(series, list):
        raise ProviderError(f"Graphite answered with JSON that is no list of series: {str(series)[:200]}")
    points = at(series, 0, "datapoints")
    values = tuple(value for value in map(_number, points or ()) if value is not None)
    if not points:
        raise NoDataError("no values found")
    return Value(values, f"[{','.join(f'{value:f}' for value in values)}]")


def _number(point: Any) -> float | None:
    if not isinstance(point, list) or len(point) != 2:
        raise ProviderError(f"error unmarshaling data point: {point}")
    value = point[0]
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError) as error:
        raise ProviderError(f"error unmarshaling value: {value}") from error


PROVIDER = Provider(run=run)
