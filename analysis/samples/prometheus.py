"""Prometheus: an instant query; the last series counts, and NaN is nothing."""

import json
import math
import re
from collections.abc import Generator
from dataclasses import replace
from typing import Any

from analysis.errors import NoDataError, ProviderError
from analysis.expression.encoding import json_fault
from analysis.providers.reading import at, secret_of
from analysis.requests import Answer, Auth, Basic, Bearer, Http, Request, Setting
from analysis.samples.source import Sample, Source, Way, refused
from analysis.units import quote

PATH = "/api/v1/query"
_KEYS = ("token", "username", "password")


def run(source: Source, setting: Setting) -> Sample:
    """Ask once."""
    auth = yield from _auth(source)
    server = replace(source.server(), auth=auth)
    query = re.sub(r"\s+", " ", source.query)
    params = (("query", query), ("time", f"{setting.now.timestamp():.3f}"))
    answer = yield Http(server, "GET", PATH, params)
    return read(answer)


def _auth(source: Source) -> Generator[Request, Any, Auth | None]:
    if not source.secret:
        return None
    found = yield from secret_of(source.secret, source.namespace, _KEYS)
    if found.get("token"):
        return Bearer(found["token"])
    if not (found.get("username") and found.get("password")):
        raise ProviderError("prometheus credentials does not contain a token, or username and password")
    return Basic(found["username"], found["password"])


def read(answer: Answer) -> float:
    """The number in an answer. NoDataError where there is none, ProviderError where it cannot be read."""
    if answer.status >= 400:
        raise refused(answer)
    data = at(_body(answer), "data")
    series = at(data, "result") or []
    if at(data, "resultType") == "scalar" or not isinstance(series, list):
        raise ProviderError("error unmarshaling result: a scalar is no series: write vector(…) around it")
    if any(at(one, "values") for one in series):
        raise ProviderError("query returned multiple values")
    numbers = [_number(at(one, "value", 1)) for one in series if isinstance(at(one, "value", 1), str)]
    if not numbers or math.isnan(numbers[-1]):
        raise NoDataError("no values found")
    return numbers[-1]


def _body(answer: Answer) -> Any:
    try:
        return json.loads(answer.body)
    except json.JSONDecodeError as error:
        raise ProviderError(f"error unmarshaling result: {json_fault(error)}, '{answer.text[:500]}'") from None
    except (ValueError, RecursionError):
        raise ProviderError(f"error unmarshaling result: '{answer.text[:500]}'") from None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ProviderError(f"strconv.ParseFloat: parsing {quote(text)}: invalid syntax") from None


WAY = Way(run)
