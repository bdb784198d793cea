"""Amazon CloudWatch: GetMetricData for a window that ends now, signed by hand; no SDK.

The result is the list of results as CloudWatch gives it (`result[0].Values`), its text all values. The region comes
from `region` or from $AWS_REGION or $AWS_DEFAULT_REGION, credentials from where AWS' own tools find them, another
endpoint from $AWS_ENDPOINT_URL_CLOUDWATCH or $AWS_ENDPOINT_URL. The JSON protocol is used, in which keys are as in the
API's documentation; queries may be written with small first letters, as in Argo's schema.
"""

import json
from collections.abc import Mapping
from typing import Any

from analysis.errors import ProviderError, SettingsError
from analysis.model import Metric
from analysis.providers.reading import Fields, at, floats, quoted
from analysis.requests import Answer, Flow, Http, Provider, Server, Setting, SigV4, Value
from analysis.units import format_number

HEADERS = (
    ("Content-Type", "application/x-amz-json-1.0"),
    ("X-Amz-Target", "GraniteServiceVersion20100801.GetMetricData"),
)


def run(metric: Metric, setting: Setting) -> Flow:
    """Ask for the window that ends now."""
    fields, variables = Fields(metric), setting.defaults.variables
    queries = _queries(fields)
    region = fields.text("region") or variables.get("AWS_REGION") or variables.get("AWS_DEFAULT_REGION")
    if not region:
        raise SettingsError("CloudWatch has no region: set AWS_REGION for the controller")
    end = setting.now.timestamp()
    start = end - fields.duration("interval", "5m").total_seconds()
    body = json.dumps({"StartTime": start, "EndTime": end, "MetricDataQueries": queries}).encode()
    server = Server(_endpoint(variables, region), auth=SigV4(region, "monitoring"))
    answer = yield Http(server, "POST", "/", headers=HEADERS, body=body)
    return _value(answer)


def _endpoint(variables: Mapping[str, str], region: str) -> str:
    own = variables.get("AWS_ENDPOINT_URL_CLOUDWATCH") or variables.get("AWS_ENDPOINT_URL")
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return own.rstrip("/") if own else f"https://monitoring.{region}.{domain}"


def _queries(fields: Fields) -> list[Any]:
    found = [_capitalised(query) for query in fields.items("metricDataQueries")]
    if not found:
        raise fields.wrong("metricDataQueries", "is empty: give at least one query")
    return found


def _capitalised(value: Any) -> Any:
    match value:
        case Mapping():
            return {
                key[:1].upper() + key[1:]: _seconds(item) if key.lower() == "period" else _capitalised(item)
                for key, item in value.items()
            }
        case list():
            return [_capitalised(item) for item in value]
        case _:
            return value


def _seconds(value: Any) -> int:
    """An int-or-string; a text that is no number is 0, as in Argo."""
    text = str(value)
    return int(text) if text.isdecimal() else 0


def _value(answer: Answer) -> Value:
    if not answer.is_good:
        raise ProviderError(f"CloudWatch: GetMetricData: {answer.status} {_fault(answer)}")
    body = answer.json()
    results = at(body, "MetricDataResults")
    if not isinstance(results, list):
        raise ProviderError(f"CloudWatch: GetMetricData gave no MetricDataResults: {quoted(answer)[:200]}")
    found = floats(results)
    rows = [" ".join(format_number(value) for value in at(row, "Values") or ()) for row in found]
    messages = at(body, "Messages") or []
    said = ", ".join(f"{at(message, 'Code')}: {at(message, 'Value')}" for message in messages)
    return Value(found, f"[{' '.join(f'[{row}]' for row in rows)}]", {"messages": f"[{said}]"} if messages else {})


def _fault(answer: Answer) -> str:
    """The code and message of a refusal; the code may have its namespace before it."""
    try:
        body = answer.json()
    except ProviderError:
        return quoted(answer)
    code = str(at(body, "__type") or at(body, "Code") or "").rpartition("#")[2]
    message = at(body, "message") or at(body, "Message") or ""
    return f"{code}: {message}" if code else quoted(answer)


PROVIDER = Provider(run=run)
