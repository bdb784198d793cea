"""Datadog: one number for a window that ends now, by API v1 (the last point) or v2 (aggregated, with formulas).

No data is nil, which conditions must expect: `default(result, 0) < 0.05`. A v2 query `by {tag}` gives a vector, one
number a group, whose names are in the measurement's metadata. The keys come from `secretRef`; without it from
$DD_API_KEY, $DD_APP_KEY and $DD_ADDRESS, or else from the Secret `datadog` beside the controller, with the keys
`api-key`, `app-key` and perhaps `address`.
"""

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

from analysis.errors import ProviderError, SettingsError
from analysis.expression.encoding import marshalled
from analysis.model import Metric, Phase
from analysis.providers.reading import JSON_HEADERS, Fields, at, floats
from analysis.requests import Answer, Flow, Http, Provider, Request, Secret, Server, Setting, Value, Verdict
from analysis.units import format_value

ADDRESS = "https://api.datadoghq.com"
DEFAULT_SECRET = "datadog"
MOST_GROUPS = 100
"""Groups that the metadata names; the result has them all."""
_KEYS = ("api-key", "app-key", "address")


@dataclass(frozen=True, slots=True)
class _Account:
    api_key: str
    app_key: str
    address: str


def run(metric: Metric, setting: Setting) -> Flow:
    """Ask for the window that ends now."""
    fields = Fields(metric)
    account = yield from _account(fields, setting)
    version = _checked(fields)
    server = Server(account.address or ADDRESS, timeout=fields.duration("requestTimeout", "10s"))
    keys = (("DD-API-KEY", account.api_key), ("DD-APPLICATION-KEY", account.app_key))
    end = int(setting.now.timestamp())
    start = end - int(fields.duration("interval", "5m").total_seconds())
    request = _v1(fields, server, start, end) if version == "v1" else _v2(fields, server, start, end)
    answer = yield Http(server, request.method, request.path, request.params, (*JSON_HEADERS, *keys), request.body)
    return _outcome(answer, version)


def _account(fields: Fields, setting: Setting) -> Generator[Request, Any, _Account]:
    ref = fields.mapping("secretRef")
    name, is_namespaced = str(ref.get("name") or ""), ref.get("namespaced") is True
    if is_namespaced and not name:
        raise SettingsError("secret name is required for namespaced credentials")
    if name:
        found = yield Secret(name, setting.run.namespace if is_namespaced else "", _KEYS[:2])
    else:
        found = _from_environment(setting.defaults.variables) or (yield Secret(DEFAULT_SECRET, "", _KEYS[:2]))
    account = _Account(*((found or {}).get(key, "") for key in _KEYS))
    if not account.api_key or not account.app_key:
        raise ProviderError("failed to find the credentials for datadog metrics provider")
    return account


def _from_environment(variables: Mapping[str, str]) -> Mapping[str, str] | None:
    """All three, or none of them counts."""
    names = {key: f"DD_{key.upper().replace('-', '_')}" for key in _KEYS}
    return {key: variables[name] for key, name in names.items()} if set(names.values()) <= set(variables) else None


def _checked(fields: Fields) -> str:
    """The version of the API; SettingsError in Argo's words where the fields do not fit it."""
    version = fields.text("apiVersion") or "v1"
    query, queries, formula = fields.text("query"), fields.mapping("queries"), fields.text("formula")
    faults = (
        (version not in ("v1", "v2"), f"Invalid API version: {version}"),
        (not query and not queries, "Must have either a query or queries. Please review the Analysis Template."),
        (query and queries, "Cannot have both a query and queries. Please review the Analysis Template."),
        (
            version == "v1" and not query,
            "Query is empty. API Version v1 only supports using the query parameter in your Analysis Template.",
        ),
        (formula and not queries, "Formula are only valid when queries are set. Please review the Analysis Template."),
        (not formula and len(queries) > 1, "When multiple queries are provided you must include a formula."),
        (
            version == "v1" and fields.text("aggregator"),
            "Aggregator is not supported in v1. Please review the Analysis Template.",
        ),
        (
            fields.duration("requestTimeout", "10s").total_seconds() <= 0,
            "Request timeout must be a positive duration (e.g. 30s). Please review the Analysis Template.",
        ),
    )
    for is_wrong, words in faults:
        if is_wrong:
            raise SettingsError(words)
    return version


def _v1(fields: Fields, server: Server, start: int, end: int) -> Http:
    params = (("from", str(start)), ("query", fields.text("query")), ("to", str(end)))
    return Http(server, "GET", "/api/v1/query", params)


def _v2(fields: Fields, server: Server, start: int, end: int) -> Http:
    queries = fields.mapping("queries") or {"query": fields.text("query")}
    formula, aggregator = fields.text("formula"), fields.text("aggregator") or "last"
    attributes = {
        "from": start * 1000,
        "to": end * 1000,
        "queries": [
            {"aggregator": aggregator, "data_source": "metrics", "name": name, "query": query}
            for name, query in sorted(queries.items())
        ],
        "formulas": [{"formula": formula}] if formula else [],
    }
    body = json.dumps({"data": {"type": "scalar_request", "attributes": attributes}}).encode()
    return Http(server, "POST", "/api/v2/query/scalar", body=body)


def _outcome(answer: Answer, version: str) -> Value | Verdict:
    metadata = {"httpStatusCode": str(answer.status), "responseReceived": "true"}
    try:
        body = _body(answer)
        value = _last_point(body) if version == "v1" else _column(body)
    except ProviderError as error:
        outcome = "response_error" if answer.status == 200 else "http_error"
        return Verdict(Phase.ERROR, message=str(error), metadata={**metadata, "requestOutcome": outcome})
    return Value(value.result, value.text, {**metadata, **value.metadata, "requestOutcome": "success"})


def _body(answer: Answer) -> Any:
    if answer.status in (401, 403):
        raise ProviderError(f"received authentication error response code: {answer.status} {answer.text[:2000]}")
    if answer.status != 200:
        raise ProviderError(f"received non 2xx response code: {answer.status} {answer.text[:2000]}")
    try:
        return answer.json()
    except ProviderError as error:
        raise ProviderError(f"Could not parse JSON body: {error}") from error


def _last_point(body: Any) -> Value:
    series = at(body, "series")
    points = at(series, 0, "pointlist")
    if not points:
        shown = [{"pointlist": at(row, "pointlist")} for row in series] if isinstance(series, list) else None
        return Value(None, marshalled(shown))
    point = at(points, -1)
    if not isinstance(point, list) or len(point) != 2:
        raise ProviderError("Datapoint does not have 2 values")
    return Value(None, "null") if point[1] is None else _number(point[1])


def _number(found: Any) -> Value:
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise ProviderError(f"Could not parse JSON body: {found!r} is no number")
    return Value(floats(found), format_value(found))


def _column(body: Any) -> Value:
    """The first column of numbers. Groups stand in columns of their own, row by row."""
    if said := at(body, "data", "errors") or at(body, "errors"):
        raise ProviderError(f"There were errors in your query: {said}")
    columns = at(body, "data", "attributes", "columns")
    rows = columns if isinstance(columns, list) else []
    groups = [at(column, "values") or [] for column in rows if at(column, "type") == "group"]
    numbers = next((at(column, "values") for column in rows if at(column, "type") in (None, "", "number")), None)
    values = [(index, _number(found).result) for index, found in enumerate(numbers or []) if found is not None]
    if not values:
        return Value(None, "[]")
    if not groups:
        return _number(values[0][1])
    named = [{"name": _group(groups, index), "value": value} for index, value in values]
    result = tuple(value for _, value in values)
    return Value(result, f"[{','.join(map(format_value, result))}]", _named(named))


def _group(columns: list[Any], index: int) -> str:
    tags = [at(column, index) for column in columns]
    if not all(isinstance(names, list) and names for names in tags):
        raise ProviderError(f"could not parse group label at index {index}")
    return ",".join(str(name) for names in tags for name in names)


def _named(groups: list[dict[str, Any]]) -> dict[str, str]:
    """The groups for people to read: of too many, those with the lowest and the highest values."""
    if len(groups) <= MOST_GROUPS:
        return {"groups": json.dumps(groups, separators=(",", ":"))}
    by_value = sorted(groups, key=lambda group: float(group["value"]))
    kept = by_value[: MOST_GROUPS // 2] + by_value[-(MOST_GROUPS - MOST_GROUPS // 2) :]
    return {"groups": json.dumps(kept, separators=(",", ":")), "groups_truncated": "true"}


PROVIDER = Provider(run=run)
