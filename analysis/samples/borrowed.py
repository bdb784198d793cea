"""Services that analyses ask in the same way: their flows, and which of their numbers is the one."""

import json
from collections.abc import Callable, Generator, Mapping
from typing import Any

from analysis.errors import NoDataError, ProviderError, SettingsError
from analysis.model import Measurement, Metric
from analysis.providers import provider_of
from analysis.providers.reading import at
from analysis.requests import Outcome, Request, Secret, Setting, Value
from analysis.samples.source import INTERVALS, Sample, Source, Way, number_of, secrets_of, single, with_namespace

Settings = Callable[[Source], Mapping[str, Any]]


def _usual(source: Source) -> Mapping[str, Any]:
    given = {"query": source.query, "address": source.address, "interval": source.interval}
    flags = {"insecureSkipVerify": True} if source.is_insecure else {}
    secret = {"secretRef": {"name": source.secret}} if source.secret else {}
    return {key: value for key, value in given.items() if value} | flags | secret


def _as_it_is(name: str) -> Way:
    """A service whose outcome is the number."""

    def run(source: Source, setting: Setting) -> Sample:
        metric = Metric(source.service, name, _usual(source))
        return single((yield from provider_of(name).run(metric, with_namespace(source, setting))))

    def resume(source: Source, pending: Measurement, setting: Setting) -> Sample:
        metric, provider = Metric(source.service, name, _usual(source)), provider_of(name)
        if provider.resume is None:
            return single((yield from provider.run(metric, with_namespace(source, setting))))
        return single((yield from provider.resume(metric, pending, with_namespace(source, setting))))

    return Way(run, resume)


def _cloudwatch(source: Source, setting: Setting) -> Sample:
    """The query is JSON with metric data queries; the first value of the first result counts."""
    try:
        queries = json.loads(source.query)
    except ValueError as error:
        raise SettingsError(f"error unmarshaling query: {error}") from error
    if not source.region:
        raise SettingsError("region not specified")
    seconds = INTERVALS * source.window().total_seconds()
    settings = {"metricDataQueries": queries, "interval": f"{seconds:g}s", "region": source.region}
    outcome = yield from provider_of("cloudWatch").run(Metric(source.service, "cloudWatch", settings), setting)
    found = at(outcome.result if isinstance(outcome, Value) else None, 0, "Values", 0)
    if found is None:
        raise NoDataError("no values found")
    return number_of(found)


def _influxdb(source: Source, setting: Setting) -> Sample:
    """The account stands in the source's Secret under other keys, and the address in the source."""
    secret = yield from secrets_of(source, "token", "org")
    account = {"authToken": secret["token"], "org": secret["org"], "address": source.server().address}
    metric = Metric(source.service, "influxdb", {"query": source.query})
    try:
        outcome = yield from _with_account(provider_of("influxdb").run(metric, setting), account)
    except NoDataError:
        if source.nothing is None:
            raise
        return source.nothing
    values = outcome.result if isinstance(outcome, Value) else None
    found = at(values, 0)
    if not isinstance(found, float):
        raise ProviderError(f"the first value is no float: {found!r}")
    return found


def _with_account(
    flow: Generator[Request, Any, Outcome], account: Mapping[str, str]
) -> Generator[Request, Any, Outcome]:
    """A flow whose question for a Secret is answered here."""
    answer: Any = None
    while True:
        try:
            request = flow.send(answer)
        except StopIteration as stop:
            outcome: Outcome = stop.value
            return outcome
        answer = account if isinstance(request, Secret) else (yield request)


WAYS: Mapping[str, Way] = {
    "cloudwatch": Way(_cloudwatch),
    "dynatrace": _as_it_is("dynatrace"),
    "externalmetrics": _as_it_is("externalmetrics"),
    "influxdb": Way(_influxdb),
    "keptn": _as_it_is("keptn"),
    "splunk": _as_it_is("splunk"),
    "stackdriver": _as_it_is("stackdriver"),
}
