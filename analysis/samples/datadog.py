"""Datadog: API v1 over ten intervals; the first point of the first series counts, which is the oldest."""

from analysis.errors import NoDataError
from analysis.providers.reading import at
from analysis.requests import Http, Setting
from analysis.samples.source import INTERVALS, Sample, Source, Way, number_of, refused, secrets_of

ADDRESS = "https://api.datadoghq.com"
KEYS = ("datadog_api_key", "datadog_application_key")
HEADERS = ("DD-API-KEY", "DD-APPLICATION-KEY")


def run(source: Source, setting: Setting) -> Sample:
    """Ask for the window that ends now."""
    secret = yield from secrets_of(source, *KEYS)
    end = int(setting.now.timestamp())
    start = end - INTERVALS * int(source.window().total_seconds())
    params = (("query", source.query), ("from", str(start)), ("to", str(end)))
    headers = tuple((header, secret[key]) for header, key in zip(HEADERS, KEYS, strict=True))
    answer = yield Http(source.server(ADDRESS), "GET", "/api/v1/query", params, headers)
    if answer.status != 200:
        raise refused(answer)
    found = at(answer.json(), "series", 0, "pointlist", 0, 1)
    if found is None:
        raise NoDataError("invalid response: no values found")
    return number_of(found)


WAY = Way(run)
