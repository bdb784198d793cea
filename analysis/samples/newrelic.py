"""New Relic: an NRQL query by the Insights API, over one interval; the first result counts."""

from analysis.errors import NoDataError
from analysis.providers.reading import at
from analysis.requests import Http, Setting
from analysis.samples.source import Sample, Source, Way, number_of, refused, secrets_of

ADDRESS = "https://insights-api.newrelic.com"
ACCOUNT, KEY = "newrelic_account_id", "newrelic_query_key"


def run(source: Source, _: Setting) -> Sample:
    """Ask for the interval that ends now."""
    secret = yield from secrets_of(source, ACCOUNT, KEY)
    query = f"{source.query} SINCE {int(source.window().total_seconds())} seconds ago"
    path = f"/v1/accounts/{secret[ACCOUNT]}/query"
    answer = yield Http(source.server(ADDRESS), "GET", path, (("nrql", query),), (("X-Query-Key", secret[KEY]),))
    if answer.status != 200:
        raise refused(answer)
    found = at(answer.json(), "results", 0, "result")
    if found is None:
        raise NoDataError("invalid response: no values found")
    return number_of(found)


WAY = Way(run)
