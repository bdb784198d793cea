"""Graphite: the render API; the last point that holds a value counts, of the last series."""

from dataclasses import replace

from analysis.errors import NoDataError
from analysis.providers.graphite import parameters
from analysis.providers.reading import at
from analysis.requests import Http, Setting
from analysis.samples.source import Sample, Source, Way, basic_auth_of, number_of, refused


def run(source: Source, _: Setting) -> Sample:
    """Ask once."""
    auth = yield from basic_auth_of(source)
    answer = yield Http(replace(source.server(), auth=auth), "GET", "/render", parameters(source.query))
    if answer.status >= 400:
        raise refused(answer)
    points = at(answer.json(), -1, "datapoints") or []
    values = [at(point, 0) for point in points if at(point, 0) is not None]
    if not values:
        raise NoDataError("no values found")
    return number_of(values[-1])


WAY = Way(run)
