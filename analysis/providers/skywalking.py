"""Apache SkyWalking: a GraphQL query over a window that ends now; the result is all that it gives, as a map.

The query takes the window as `$duration`; `interval` is its length.
"""

from analysis.errors import NoDataError
from analysis.model import Metric
from analysis.providers.graphql import data_of, posted
from analysis.providers.reading import Fields, json_value
from analysis.requests import Flow, Provider, Server, Setting

DEFAULT_INTERVAL = "5m"


def run(metric: Metric, setting: Setting) -> Flow:
    """Ask for the window that ends now."""
    fields = Fields(metric)
    query = fields.needed("query", "give it a GraphQL query that takes $duration")
    start = setting.now - fields.duration("interval", DEFAULT_INTERVAL)
    moments = {"start": f"{start:%Y-%m-%d %H%M}", "end": f"{setting.now:%Y-%m-%d %H%M}", "step": "MINUTE"}
    answer = yield posted(Server(fields.address()), "/graphql", query, {"duration": moments})
    data = data_of(answer, "graphql")
    if data is None:
        raise NoDataError("no results returned from SkyWalking query")
    return json_value(data)


PROVIDER = Provider(run=run)
