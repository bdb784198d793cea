"""flagger/webhooks and flagger/alerts: what is sent to webhooks and to chats, and what becomes of their answers.

Requests are the dialect's and the chats' own; a stub of a few lines answers them as the recording says.
"""

import asyncio
import base64
import json
from typing import Any
from urllib.parse import urlsplit

from analysis.driving import drive
from analysis.errors import AnalysisError
from analysis.redirects import url_of
from analysis.requests import Answer, Http, Request, Secret
from rollouts.alerts.protocol import Notice, notice_of
from rollouts.alerts.registry import deliver
from rollouts.controller import webhooks
from rollouts.dialects.flagger import alerts
from rollouts.dialects.flagger.canary import STRICT, parse
from rollouts.dialects.flagger.webhooks import call_of, event_call_of, listeners_of
from rollouts.model.alerts import Alert, Severity
from rollouts.model.plan import Event
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Progressive
from rollouts.simulator.store.patches import merged
from tests.builders.ticking import START
from tests.golden.category import Category, Json


class _Stub:
    """Answers by path, and notes what came."""

    def __init__(self, hooks: Json, secrets: dict[tuple[str, str], dict[str, str]]) -> None:
        self._hooks = hooks
        self._secrets = secrets
        self.calls: list[Json] = []

    async def ask(self, request: Request) -> Any:
        """The answer to a call, or a Secret."""
        if isinstance(request, Secret):
            return self._secrets.get((request.namespace, request.name))
        assert isinstance(request, Http)
        return await self.send(request)

    async def send(self, request: Http) -> Answer:
        """The answer to a call."""
        parts = urlsplit(url_of(request))
        reply = self._hooks.get(parts.path, {"status": 200, "body": ""})
        call = {
            "answered": reply["status"],
            "body": _named(json.loads(request.body)),
            "contentType": dict(request.headers)["Content-Type"],
            "method": request.method,
            "path": parts.path,
            **({"rawQuery": parts.query} if parts.query else {}),
        }
        self.calls.append(call)
        return Answer(reply["status"], reply["body"].encode())


def _named(body: Json) -> Json:
    """The payload with what differs from run to run as its names."""
    if "checksum" in body:
        body["checksum"] = "SUM1"
    if "timestamp" in body.get("metadata", {}):
        body["metadata"]["timestamp"] = "TIMESTAMP"
    return body


def _canary(given: Json, hooks: list[Json]) -> Rollout:
    patch = {"metadata": {"annotations": {STRICT: "true"}}, "spec": {"analysis": {"webhooks": hooks}}}
    return parse(merged(given["canary"], patch), "")


def _webhook(given: Json) -> Json:
    stub = _Stub(given["hooks"], {})
    rollout = _canary(given, [given["hook"]])
    if given["function"] == "event":
        (gate,) = listeners_of(rollout)
        event = Event("Synced", given["eventMessage"], given["eventType"] == "Warning")
        request = event_call_of(rollout, gate, event, START)
    else:
        assert isinstance(rollout.strategy, Progressive)
        (gate,) = rollout.strategy.gates
        request = call_of(rollout, gate, given["phase"])
    if gate.fault:
        return {"calls": None, "error": gate.fault}
    answer = asyncio.run(webhooks.call(stub.send, request, gate.retries, rest=_at_once))
    return {"calls": stub.calls or None, "error": None if answer.is_open else answer.message}


async def _at_once(_: float) -> None:
    """No pause between attempts."""


def _alerts(given: Json) -> Json:
    return {"alerts": [_alert(given, alert) for alert in given["alerts"]]}


def _alert(given: Json, told: Json) -> Json:
    canary = merged(given["canary"], {"metadata": {"annotations": {STRICT: "true"}}})
    rollout = parse(canary, "")
    assert isinstance(rollout.strategy, Progressive)
    facts = rollout.strategy.facts if told["metadata"] else ()
    alert = Alert(told["message"], Severity(told["severity"]), facts)
    notice = notice_of(alert, f"{rollout.name}.{rollout.namespace}", given["flags"].get("clusterName", ""))
    providers = {_place(o): o for o in given["objects"] if o["kind"] == "AlertProvider"}
    receivers = alerts.receivers_of(canary, providers)
    if receivers is None:
        return {"calls": [], "global": [_to_all(notice)]}
    stub = _Stub(given["hooks"], {_key(o): _decoded(o) for o in given["objects"] if o["kind"] == "Secret"})
    for receiver in receivers:
        if receiver.hears(alert.severity):
            asyncio.run(_delivered(stub, deliver(notice, receiver)))
    return {"calls": stub.calls, "global": []}


async def _delivered(stub: _Stub, flow: Any) -> None:
    """A receiver that cannot be told is logged; the others are told all the same."""
    try:
        await drive(flow, stub.ask)
    except AnalysisError:
        return


def _to_all(notice: Notice) -> Json:
    workload, _, namespace = notice.subject.partition(".")
    return {
        "fields": [{"name": name, "value": value} for name, value in notice.facts],
        "message": notice.message,
        "namespace": namespace,
        "severity": notice.severity.value,
        "workload": workload,
    }


def _key(manifest: Json) -> tuple[str, str]:
    return manifest["metadata"]["namespace"], manifest["metadata"]["name"]


def _place(manifest: Json) -> str:
    return "/".join(_key(manifest))


def _decoded(secret: Json) -> dict[str, str]:
    return {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}


TALK = (Category("flagger/webhooks", _webhook), Category("flagger/alerts", _alerts))
