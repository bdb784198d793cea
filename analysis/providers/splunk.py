"""Splunk Observability: a SignalFlow program over ten intervals, as one number (the last value of its one series).

Metric templates name it. It asks over HTTP, whose answer is a stream of events that ends with the window; a WebSocket
would do the same. The token comes from the Secret of `secretRef`, key `sf_token_key`.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from analysis.errors import NoDataError, ProviderError
from analysis.model import Metric
from analysis.providers.reading import Fields, at, number_value, quoted, template_secret
from analysis.requests import Answer, Flow, Http, Provider, Server, Setting, Value

TOKEN = "sf_token_key"
INTERVALS = 10
TIMEOUT = timedelta(seconds=5)


def run(metric: Metric, setting: Setting) -> Flow:
    """Ask for the window that ends now."""
    fields = Fields(metric)
    address = _stream(fields.needed("address", "give the URL of the API, such as https://api.us1.signalfx.com"))
    secret = yield from template_secret(fields, setting, (TOKEN,))
    if TOKEN not in secret:
        raise ProviderError("splunk credentials does not contain sf_token_key")
    start = setting.now - INTERVALS * fields.duration("interval", "1m")
    params = (
        ("start", str(int(start.timestamp() * 1000))),
        ("stop", str(int(setting.now.timestamp() * 1000))),
        ("immediate", "true"),
    )
    headers = (("Content-Type", "text/plain"), ("X-SF-Token", secret[TOKEN]))
    program = fields.needed("query", "give a SignalFlow program that publishes one stream").encode()
    server = Server(address, is_insecure=fields.flag("insecureSkipVerify"), timeout=TIMEOUT)
    answer = yield Http(server, "POST", "/v2/signalflow/execute", params, headers, program)
    return _value(answer)


def _stream(address: str) -> str:
    """Where streams are served: people name the API's host, or that of its WebSocket."""
    if "://api." in address:
        address = address.replace("://api.", "://stream.", 1)
    if address.startswith(("ws://", "wss://")):
        address = "http" + address.removeprefix("ws")
    return address.rstrip("/")


def _value(answer: Answer) -> Value:
    if answer.status != 200:
        raise ProviderError(f"error executing query: {answer.status} {quoted(answer)}")
    series: dict[str, Any] = {}
    for kind, body in _events(answer.text):
        if kind == "error":
            said = at(body, "message") or at(body, "errors") or body
            raise ProviderError(f"error executing query: {said}")
        if kind == "data":
            points = at(body, "data") or ()
            series |= {str(at(point, "tsId")): at(point, "value") for point in points if at(point, "value") is not None}
    if not series:
        raise NoDataError("invalid response: no values found")
    if len(series) > 1:
        raise ProviderError("invalid response: query returned multiple values")
    return number_value(next(iter(series.values())), "Splunk")


def _events(text: str) -> Iterator[tuple[str, Any]]:
    """Name and JSON of each event: fields are lines, an event's data may be several, an empty line ends it."""
    for block in text.replace("\r\n", "\n").split("\n\n"):
        fields = [line.partition(":")[::2] for line in block.split("\n") if line and not line.startswith(":")]
        data = "\n".join(value.removeprefix(" ") for name, value in fields if name == "data")
        kind = next((value.strip() for name, value in fields if name == "event"), "message")
        if not data:
            continue
        try:
            yield kind, json.loads(data)
        except ValueError as error:
            raise ProviderError(f"Splunk answered with an event that is no JSON: {data[:200]}") from error


PROVIDER = Provider(run=run)
