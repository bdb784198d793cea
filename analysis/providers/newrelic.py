"""New Relic: an NRQL query by NerdGraph. One row is a map, several are a list of maps.

The account comes from the Secret that `profile` names (`newrelic` if none), beside the controller: `personal-api-key`,
`account-id`, perhaps `region` (us or eu) and `base-url-nerdgraph`.
"""

from collections.abc import Mapping
from datetime import timedelta

from analysis.errors import NoDataError, ProviderError
from analysis.model import Metric
from analysis.providers.graphql import data_of, posted
from analysis.providers.reading import Fields, at, json_value, secret_of
from analysis.requests import PATIENCE, Flow, Provider, Server, Setting

DEFAULT_SECRET = "newrelic"
ENDPOINTS = {"us": "https://api.newrelic.com/graphql", "eu": "https://api.eu.newrelic.com/graphql"}
QUERY = (
    "query($query: Nrql!, $accountId: Int!, $timeout: Seconds) "
    "{ actor { account(id: $accountId) { nrql(query: $query, timeout: $timeout) { results } } } }"
)


def run(metric: Metric, _setting: Setting) -> Flow:
    """Ask once."""
    fields = Fields(metric)
    query, timeout = fields.needed("query", "give it an NRQL query"), fields.number("timeout")
    secret = yield from secret_of(fields.text("profile") or DEFAULT_SECRET, "", ("personal-api-key",))
    server = Server(_endpoint(secret), timeout=max(PATIENCE, timedelta(seconds=timeout + 5)))
    key, account = _account(secret)
    variables = {"query": query, "accountId": account, "timeout": timeout or None}
    answer = yield posted(server, "", QUERY, variables, (("Api-Key", key),))
    rows = at(data_of(answer, "New Relic"), "actor", "account", "nrql", "results")
    if not rows or not isinstance(rows, list) or (len(rows) == 1 and not rows[0]):
        raise NoDataError("no results returned from NRQL query")
    return json_value(rows[0] if len(rows) == 1 else rows)


def _account(secret: Mapping[str, str]) -> tuple[str, int]:
    key, account = secret.get("personal-api-key", ""), secret.get("account-id", "")
    if not key or not account:
        raise ProviderError("account ID or personal API key not found")
    if not account.isdecimal():
        raise ProviderError(f"could not parse account ID: {account!r} is no number")
    return key, int(account)


def _endpoint(secret: Mapping[str, str]) -> str:
    if base := secret.get("base-url-nerdgraph"):
        return base.rstrip("/")
    region = (secret.get("region") or "us").lower()
    if region not in ENDPOINTS:
        raise ProviderError(f"region {region!r} of New Relic is unknown: use one of {', '.join(sorted(ENDPOINTS))}")
    return ENDPOINTS[region]


PROVIDER = Provider(run=run)
