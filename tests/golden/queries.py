"""flagger/queries: what is asked for built-in metrics and by users' templates, and what is made of the answers.

Errors stand without what events say before them. An infinite duration counts as nothing at all, as to the letter.
"""

import json
from dataclasses import replace
from math import isinf, trunc
from typing import Any

from analysis.builtin import SUCCESS_RATE, Target, family_of
from analysis.errors import AnalysisError
from analysis.requests import Answer
from analysis.samples.prometheus import read
from rollouts.dialects.flagger.analysis import checks_of
from rollouts.dialects.flagger.canary import subject_of
from rollouts.dialects.flagger.queries import Subject, rendered
from rollouts.model.strategy import Check
from tests.golden.category import Category, Json

BOOM = {"status": "error", "errorType": "internal", "error": "boom"}
MILLISECOND = 1_000_000


def _query(given: Json) -> Json:
    return _rendered(given) if given["function"] == "render" else _measured(given)


def _rendered(given: Json) -> Json:
    subject = _of_canary(given) if "canary" in given else _of_model(given["model"])
    found = rendered(given["query"], subject)
    shown = {"error": found.fault or None, "query": found.query}
    return {**shown, "model": _model(subject)} if "canary" in given else shown


def _of_canary(given: Json) -> Subject:
    canary = given["canary"]
    subject = subject_of(canary["metadata"], canary["spec"], canary["spec"]["provider"], "")
    return replace(subject, interval=given["interval"], variables=given["variables"])


def _of_model(model: Json) -> Subject:
    about = Target(*(model[field] for field in ("namespace", "target", "service", "ingress", "route")))
    return Subject(about, model["name"], model["interval"], model.get("variables", {}))


def _model(subject: Subject) -> Json:
    about = {field: getattr(subject.about, field) for field in Target.__slots__}
    return {**about, "name": subject.name, "interval": subject.interval, "variables": dict(subject.variables)}


def _measured(given: Json) -> Json:
    name, subject = given["function"], _of_model(given["model"])
    (check,) = checks_of({"metrics": [{"name": name}]}, given["provider"], subject, None, is_letter=True)
    value, error = 0.0, None
    try:
        value = read(_answer(given["answer"])) * check.scale
    except AnalysisError as failure:
        error = check.broken.removeprefix("Prometheus query failed: ") + str(failure)
    query = family_of(given["provider"]).query(name, subject.about, subject.interval)
    return {"error": error, "query": query, **_shown(check, value)}


def _shown(check: Check, value: float) -> Json:
    if check.name == SUCCESS_RATE:
        return {"value": "+Inf" if isinf(value) else value}
    return {"valueNanoseconds": 0 if isinf(value) else trunc(value) * MILLISECOND}


def _answer(told: Any) -> Answer:
    """What the stub of the recording said."""
    match told:
        case "error":
            return Answer(500, _written(BOOM))
        case str() if told.startswith("raw:"):
            return Answer(200, told.removeprefix("raw:").encode())
        case "none":
            return Answer(200, _series([]))
        case list():
            return Answer(200, _series(told))
        case _:
            return Answer(200, _series([told]))


def _series(values: list[Any]) -> bytes:
    result = [{"metric": {}, "value": [1, str(value)]} for value in values]
    return _written({"status": "success", "data": {"resultType": "vector", "result": result}})


def _written(body: Json) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


QUERIES = Category("flagger/queries", _query)
