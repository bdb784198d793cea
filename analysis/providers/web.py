"""Any web address: what it answers, or the part of it that a JSONPath names.

JSON is a value with floats for numbers; what is no JSON is a text, which conditions judge as well. Only statuses of 200
to 299 count. Words and rules are Argo's.
"""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from analysis.errors import NoDataError, ProviderError, SettingsError
from analysis.jsonpath_template import paths_in, results
from analysis.model import Metric
from analysis.providers.access import checked_url, server_of
from analysis.providers.reading import JSON_HEADERS, Fields, json_value
from analysis.redirects import origin_and_rest
from analysis.requests import Answer, Flow, Http, Provider, Setting, Value

METHODS = ("GET", "POST", "PUT")
USUAL_SECONDS = 10
WHOLE = "{$}"
_KEPT = "/:?#[]@!$&'()*+,;=%~-._"


def run(metric: Metric, _: Setting) -> Flow:
    """Ask once; SettingsError for settings that cannot work, ProviderError for an answer that is none."""
    fields = Fields(metric)
    paths = paths_in(fields.text("jsonPath") or WHOLE)
    answer: Answer = yield request_of(fields)
    if not answer.is_good:
        raise ProviderError(f"received non 2xx response code: {answer.status}")
    return value_of(answer, paths)


def request_of(fields: Fields) -> Http:
    """What is sent."""
    method = fields.text("method") or "GET"
    if method not in METHODS:
        raise fields.wrong("method", f"{method!r} is unknown: use one of {', '.join(METHODS)}")
    url = checked_url(fields.needed("url", "give the address to ask"), "provider.web.url")
    origin, rest = origin_and_rest(url)
    seconds = fields.number("timeoutSeconds")
    server = server_of(fields, origin, timedelta(seconds=seconds if seconds > 0 else USUAL_SECONDS))
    body, headers = _body(fields, method)
    return Http(server, method, quote(rest, safe=_KEPT), headers=headers, body=body)


def _body(fields: Fields, method: str) -> tuple[bytes, tuple[tuple[str, str], ...]]:
    text, document = fields.text("body"), fields.anything("jsonBody")
    if text and document is not None:
        raise SettingsError("use either Body or JSONBody; both cannot exists for WebMetric payload")
    if (text or document is not None) and method == "GET":
        raise SettingsError("Body/JSONBody can only be used with POST or PUT WebMetric Method types")
    if document is None:
        return text.encode(), ()
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode(), JSON_HEADERS


def value_of(answer: Answer, paths: tuple[str, ...]) -> Value:
    """The first value that the paths lead to."""
    try:
        body: Any = json.loads(answer.body, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return Value(answer.text, answer.text)
    try:
        found = list(results(paths, body))
    except NoDataError as error:
        raise NoDataError(f"Could not find JSONPath in body: {error}") from error
    if not found:
        raise NoDataError("result of web metric produced no value")
    return json_value(found[0])


def _refuse(name: str) -> None:
    """NaN and Infinity are no JSON."""
    raise ValueError(name)


PROVIDER = Provider(run=run)
