"""Conversations with metric services as files: what is asked, what the service says, what comes of it. No test in here.

Each file in `conversations/` is of one provider and names the pages of its documentation that it follows. A case may
change settings, secrets (name, or namespace/name) and variables; `asks` and `cluster` name what must be found in a
request, `says` is the answer, `gives` what must be found in the outcome.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from analysis.errors import AnalysisError
from analysis.model import Measurement, Metric, Phase
from analysis.providers import PROVIDERS
from analysis.requests import (
    Answer,
    Bearer,
    Cluster,
    Defaults,
    Flow,
    Http,
    Outcome,
    Pending,
    Request,
    RunIdentity,
    Secret,
    Setting,
    SigV4,
    Value,
    Verdict,
)

FOLDER = Path(__file__).parent / "conversations"
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
RUN = RunIdentity("shop", "check", "run-uid", NOW - timedelta(minutes=30))

Json = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One conversation of a provider."""

    provider: str
    name: str
    settings: Json
    secrets: Json
    variables: Json
    exchange: list[Json]
    gives: Json
    resume: Json | None = None
    since: int = 0

    @property
    def metric(self) -> Metric:
        """The metric that is measured."""
        return Metric("rate", self.provider, self.settings)

    def flow(self) -> Flow:
        """The flow that it starts, or goes on with."""
        provider = PROVIDERS[self.provider]
        setting = Setting(NOW, Defaults(variables=self.variables), RUN)
        if self.resume is None:
            return provider.run(self.metric, setting)
        assert provider.resume is not None
        started = NOW - timedelta(seconds=self.since)
        return provider.resume(self.metric, Measurement(Phase.RUNNING, started, metadata=self.resume), setting)


def pages() -> dict[str, list[str]]:
    """The documentation behind each file, by provider."""
    return {path.stem: yaml.safe_load(path.read_text())["page"] for path in sorted(FOLDER.glob("*.yaml"))}


def cases(provider: str = "*", rewrite: Mapping[str, str] | None = None) -> Iterator[Case]:
    """Every case of a provider's file, or of all; `rewrite` replaces texts beforehand, such as a service's address."""
    for path in sorted(FOLDER.glob(f"{provider}.yaml")):
        text = path.read_text()
        for old, new in (rewrite or {}).items():
            text = text.replace(old, new)
        file = yaml.load(text, _Loader)
        for name, case in file["cases"].items():
            yield Case(
                provider=path.stem,
                name=name,
                settings={**file.get("settings", {}), **case.get("settings", {})},
                secrets={**file.get("secrets", {}), **case.get("secrets", {})},
                variables=case.get("variables", file.get("variables", {})),
                exchange=case.get("exchange", []),
                gives=case["gives"],
                resume=case.get("resume"),
                since=case.get("since", 0),
            )


class _Loader(yaml.CSafeLoader):
    """YAML whose times stay texts, as in the JSON of an API server."""


_Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda _loader, node: str(node.value))


def play(case: Case) -> Outcome | str:
    """What comes of the conversation; the words of an error. Each request is held against what was to be asked."""
    flow, ahead = case.flow(), list(case.exchange)
    answer: Any = None
    try:
        while True:
            request = flow.send(answer)
            answer = _secret(case, request) if isinstance(request, Secret) else _said(request, ahead.pop(0))
    except StopIteration as stop:
        outcome: Outcome = stop.value
        assert ahead == [], "not all was asked"
        return outcome
    except AnalysisError as error:
        assert ahead == [], "not all was asked"
        return str(error)


def _secret(case: Case, request: Secret) -> Any:
    return case.secrets.get(f"{request.namespace}/{request.name}" if request.namespace else request.name)


def _said(request: Request, turn: Json) -> Any:
    says = turn["says"]
    if isinstance(request, Cluster):
        _held(turn.get("cluster", {}), _shown_cluster(request))
        return tuple(says["objects"]) if "objects" in says else says.get("object")
    assert isinstance(request, Http)
    _held(turn.get("asks", {}), _shown(request))
    return Answer(says.get("status", 200), body_of(says), says.get("headers", {}), request.server.address)


def body_of(says: Json) -> bytes:
    """The bytes that a service sends."""
    return (json.dumps(says["json"]) if "json" in says else str(says.get("text", ""))).encode()


def _held(wanted: Json, found: Json) -> None:
    """All that was to be asked is there; of headers and of GraphQL just what is named."""
    for key, value in wanted.items():
        seen = found[key]
        assert value == ({name: seen.get(name) for name in value} if key == "headers" else seen), key


def _shown(request: Http) -> Json:
    server, text = request.server, request.body.decode()
    body = json.loads(text) if text.startswith("{") else {}
    auth = server.auth
    return {
        "method": request.method,
        "path": request.path,
        "params": dict(request.params),
        "headers": dict(request.headers),
        "body": text,
        "json": body,
        "variables": body.get("variables"),
        "address": server.address,
        "timeout": server.timeout.total_seconds(),
        "insecure": server.is_insecure,
        "auth": auth.token if isinstance(auth, Bearer) else None,
        "signed": {"region": auth.region, "service": auth.service} if isinstance(auth, SigV4) else None,
    }


def _shown_cluster(request: Cluster) -> Json:
    fields = ("verb", "api", "plural", "namespace", "name", "labels", "body")
    return {field: getattr(request, field) for field in fields}


def shown(outcome: Outcome | str) -> Json:
    """An outcome in the form of `gives`."""
    match outcome:
        case str():
            return {"error": outcome}
        case Value():
            return {"result": outcome.result, "text": outcome.text, "metadata": dict(outcome.metadata)}
        case Verdict():
            return {
                "phase": str(outcome.phase),
                "text": outcome.text,
                "message": outcome.message,
                "metadata": dict(outcome.metadata),
            }
        case Pending():
            after = (outcome.resume_at - NOW).total_seconds()
            return {"pending": dict(outcome.metadata), "after": after}
