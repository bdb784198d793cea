"""InfluxDB 2: a Flux query; the `_value` of every record, in order, as a list.

The account comes from the Secret that `profile` names (`influxdb` if none), beside the controller: `address`,
`authToken`, `org`. The answer is annotated CSV; its types decide what is a number, a text or nothing.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from analysis.errors import NoDataError, ProviderError
from analysis.model import Metric
from analysis.providers.reading import JSON_HEADERS, Fields, good, secret_of
from analysis.requests import Answer, Flow, Http, Provider, Server, Setting, Value
from analysis.units import format_number, parse_time

DEFAULT_SECRET = "influxdb"
DIALECT = {"annotations": ["datatype", "group", "default"], "delimiter": ",", "header": True}

_READ: Mapping[str, Callable[[str], Any]] = {
    "double": float,
    "long": int,
    "unsignedLong": int,
    "boolean": lambda text: text == "true",
    "dateTime:RFC3339": parse_time,
    "dateTime:RFC3339Nano": parse_time,
}


def run(metric: Metric, _setting: Setting) -> Flow:
    """Ask once."""
    fields = Fields(metric)
    query = fields.needed("query", "give it a Flux query")
    secret = yield from secret_of(fields.text("profile") or DEFAULT_SECRET, "", ("authToken",))
    token, org, address = (secret.get(key, "") for key in ("authToken", "org", "address"))
    if not token or not org or not address:
        raise ProviderError("authToken, org, or address not found")
    body = json.dumps({"query": query, "type": "flux", "dialect": DIALECT}).encode()
    headers = (*JSON_HEADERS, ("Accept", "application/csv"), ("Authorization", f"Token {token}"))
    server = Server(address.rstrip("/"))
    answer = yield Http(server, "POST", "/api/v2/query", (("org", org),), headers, body)
    values = list(_values(answer))
    if not values:
        raise NoDataError("no results returned from flux query")
    return Value(values, f"[{' '.join(map(_shown, values))}]")


def _values(answer: Answer) -> Iterator[Any]:
    """The values of all tables. A table that tells of an error is one."""
    types: list[str] = []
    header: list[str] = []
    for row in csv.reader(io.StringIO(good(answer, "InfluxDB").text)):
        if not row:
            header = []
        elif row[0].startswith("#"):
            header = []
            types = row if row[0] == "#datatype" else types
        elif not header:
            header = row
        else:
            yield _value(dict(zip(header, row, strict=False)), dict(zip(header, types, strict=False)))


def _value(record: Mapping[str, str], types: Mapping[str, str]) -> Any:
    if "_value" not in record:
        if record.get("error"):
            raise ProviderError(f"InfluxDB: {record['error']}")
        raise ProviderError(
            "InfluxDB answered with a record that has no _value: let the query end in one, as by keep()"
        )
    text = record["_value"]
    read = _READ.get(types.get("_value", ""))
    if text == "" and read is not None:
        return None
    try:
        return read(text) if read else text
    except ValueError as error:
        raise ProviderError(f"InfluxDB answered with a value that cannot be read: {text!r}") from error


def _shown(value: Any) -> str:
    """As Go prints a value among others."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return str(value).lower()
    return format_number(value) if isinstance(value, int | float) else str(value)


PROVIDER = Provider(run=run)
