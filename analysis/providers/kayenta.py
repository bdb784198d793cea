"""Kayenta: starts a canary judgement, looks every 15 seconds whether it is done, and goes by its score.

A score of `threshold.pass` or more is Successful, of `threshold.marginal` or more Inconclusive, less is Failed. Scopes
without `start` and `end` are those of the last interval, or with `lookback` of the whole run so far.
"""

import json
from collections.abc import Generator, Mapping
from datetime import timedelta
from typing import Any

from analysis.errors import DurationError, ProviderError
from analysis.model import Measurement, Metric, Phase
from analysis.providers.reading import JSON_HEADERS, Fields, at
from analysis.requests import Answer, Flow, Http, Pending, Provider, Request, Server, Setting, Verdict
from analysis.units import format_time

EXECUTION = "canaryExecutionId"
AGAIN_AFTER = timedelta(seconds=15)
TIMEOUT = timedelta(seconds=15)
_SCOPE = ("scope", "region", "step", "start", "end")


def run(metric: Metric, setting: Setting) -> Flow:
    """Start it."""
    fields = Fields(metric)
    server = Server(fields.address(), timeout=TIMEOUT)
    found = yield from _config(fields, server)
    params = (
        ("application", fields.text("application")),
        ("metricsAccountName", fields.text("metricsAccountName")),
        ("configurationAccountName", fields.text("configurationAccountName")),
        ("storageAccountName", fields.text("storageAccountName")),
    )
    body = json.dumps({"scopes": _scopes(metric, fields, setting), "thresholds": _thresholds(fields)}).encode()
    answer = yield Http(server, "POST", f"/canary/{found}", params, JSON_HEADERS, body)
    execution = at(_read(answer), EXECUTION)
    if not execution:
        raise ProviderError("Invalid canaryExecutionId")
    return Pending(setting.now + AGAIN_AFTER, {EXECUTION: str(execution)})


def resume(metric: Metric, pending: Measurement, setting: Setting) -> Flow:
    """Look whether it is done."""
    fields = Fields(metric)
    execution = pending.metadata.get(EXECUTION, "")
    answer = yield Http(Server(fields.address(), timeout=TIMEOUT), "GET", f"/canary/{execution}")
    body = _read(answer)
    is_complete = at(body, "complete")
    if not isinstance(is_complete, bool):
        raise ProviderError("Missing Complete Status")
    if not is_complete:
        return Pending(setting.now + AGAIN_AFTER, pending.metadata)
    score = at(body, "result", "judgeResult", "score", "score")
    if isinstance(score, bool) or not isinstance(score, int | float):
        raise ProviderError("Missing Score")
    return Verdict(_phase(int(score), _thresholds(fields)), str(int(score)), metadata=pending.metadata)


def _phase(score: int, thresholds: Mapping[str, int]) -> Phase:
    if score >= thresholds["pass"]:
        return Phase.SUCCESSFUL
    return Phase.INCONCLUSIVE if score >= thresholds["marginal"] else Phase.FAILED


def _config(fields: Fields, server: Server) -> Generator[Request, Any, str]:
    """The id of the configuration. Argo: it is looked up by the account of storage."""
    name, account = fields.text("canaryConfigName"), fields.text("storageAccountName")
    params = (("application", fields.text("application")), ("configurationAccountName", account))
    answer = yield Http(server, "GET", "/canaryConfig", params)
    found = _read(answer)
    configs = found if isinstance(found, list) else []
    known = {str(at(config, "name")): str(at(config, "id")) for config in configs}
    if name not in known:
        there = ", ".join(sorted(known)) or "none"
        raise ProviderError(f"Kayenta has no canary configuration {name!r} for this application; there are: {there}")
    return known[name]


def _read(answer: Answer) -> Any:
    if answer.status != 200:
        raise ProviderError(f"Invalid Response: {answer.address} answered {answer.status}")
    return answer.json()


def _thresholds(fields: Fields) -> dict[str, int]:
    given = fields.mapping("threshold")
    found = {name: given.get(name) for name in ("pass", "marginal")}
    for name, value in found.items():
        if isinstance(value, bool) or not isinstance(value, int):
            raise fields.wrong(f"threshold.{name}", f"must be a whole number, it is {value!r}")
    return {name: int(value or 0) for name, value in found.items()}


def _scopes(metric: Metric, fields: Fields, setting: Setting) -> dict[str, Any]:
    span = _span(metric, fields, setting)
    return {
        str(scope.get("name", "")): {
            kind: _scope(scope.get(kind), span) for kind in ("controlScope", "experimentScope")
        }
        for scope in fields.items("scopes")
        if isinstance(scope, Mapping)
    }


def _scope(given: Any, span: Mapping[str, str]) -> dict[str, Any]:
    scope = {name: at(given, name) or (0 if name == "step" else "") for name in _SCOPE}
    return scope | {name: moment for name, moment in span.items() if not scope[name]}


def _span(metric: Metric, fields: Fields, setting: Setting) -> dict[str, str]:
    """Start and end for scopes that name none; nothing where neither the run nor an interval gives them."""
    try:
        every = metric.every()
    except DurationError as error:
        raise fields.wrong("interval", str(error)) from error
    if fields.flag("lookback") and setting.run.started is not None:
        start = setting.run.started
    elif every is not None:
        start = setting.now - every
    else:
        return {}
    return {"start": format_time(start), "end": format_time(setting.now)}


PROVIDER = Provider(run=run, resume=resume)
