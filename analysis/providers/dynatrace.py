"""Dynatrace: a metric selector over ten intervals, as one number (the first value of the last series).

Metric templates name it. The token comes from the Secret of `secretRef`, key `dynatrace_token`.
"""

from datetime import timedelta

from analysis.errors import NoDataError, ProviderError
from analysis.model import Metric
from analysis.providers.reading import Fields, at, number_value, quoted, template_secret
from analysis.requests import Flow, Http, Provider, Server, Setting

TOKEN = "dynatrace_token"
INTERVALS = 10
TIMEOUT = timedelta(seconds=5)


def run(metric: Metric, setting: Setting) -> Flow:
    """Ask for the window that ends now."""
    fields = Fields(metric)
    server = Server(fields.address(), is_insecure=fields.flag("insecureSkipVerify"), timeout=TIMEOUT)
    secret = yield from template_secret(fields, setting, (TOKEN,))
    if TOKEN not in secret:
        raise ProviderError("dynatrace credentials does not contain dynatrace_token")
    start = setting.now - INTERVALS * fields.duration("interval", "1m")
    params = (
        ("metricSelector", fields.needed("query", "give a metric selector")),
        ("resolution", "Inf"),
        ("from", str(int(start.timestamp() * 1000))),
        ("to", str(int(setting.now.timestamp() * 1000))),
    )
    headers = (("Authorization", f"Api-Token {secret[TOKEN]}"),)
    answer = yield Http(server, "GET", "/api/v2/metrics/query", params, headers)
    if answer.status != 200:
        raise ProviderError(f"error response: {quoted(answer)}")
    found = at(answer.json(), "result", 0, "data", -1, "values", 0)
    if found is None:
        raise NoDataError(f"invalid response: {quoted(answer)}: no values found")
    return number_value(found, "Dynatrace")


PROVIDER = Provider(run=run)
