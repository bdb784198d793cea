"""Rollouts of all strategies and what their users do, at moments that come in a run with faults as in a calm one.

A story is played by any number of rollouts at once, each under a name of its own. What a user waits for stays true
until that user acts, so it does not matter how late it is seen.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.port import Json, Resource
from tests.builders.users import Hands

Moment = Callable[[Json], bool]
"""Whether a rollout has come so far."""

Deed = Callable[[Hands], Awaitable[None]]
ROUTER = "argoproj-labs/gatewayAPI"
GOOD, BAD = "good", "bad"


@dataclass(frozen=True)
class Story:
    """A strategy, its user's deeds with the moment of each, and the moment at which all is over."""

    name: str
    strategy: Json
    acts: tuple[tuple[Moment, Deed], ...]
    end: Moment
    replicas: int = 4

    def manifests(self, name: str, instance: str) -> Iterator[Json]:
        """The rollout of this name, and what it stands on."""
        stable, canary = f"{name}-stable", f"{name}-canary"
        for service in (stable, canary):
            yield an_object(kinds.SERVICES, service, spec={"selector": {"app": name}, "ports": [{"port": 80}]})
        backends = [{"name": stable, "port": 80, "weight": 100}, {"name": canary, "port": 80, "weight": 0}]
        if "trafficRouting" in self.strategy.get("canary", {}):
            yield an_object(kinds.HTTP_ROUTES, name, spec={"rules": [{"backendRefs": backends}]})
        labels = {"app": name}
        pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": "app:v1"}]}}
        spec = {"replicas": self.replicas, "selector": {"matchLabels": labels}, "template": pod}
        rollout = an_object(kinds.ROLLOUTS, name, spec={**spec, "strategy": _named(self.strategy, name)})
        rollout["metadata"]["labels"] = {"argo-rollouts.argoproj.io/controller-instance-id": instance}
        yield rollout


def an_object(resource: Resource, name: str, **parts: Any) -> Json:
    """Any object; its namespace is said where it is created."""
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"name": name}, **parts}


def templates(server: str) -> Iterator[Json]:
    """An analysis that goes well and one that does not, by what a Prometheus at this URL answers."""
    for name, value in ((GOOD, "1"), (BAD, "0")):
        metric = {"name": "check", "interval": "1s", "count": 2, "successCondition": "result[0] > 0"}
        provider = {"prometheus": {"address": server, "query": value}}
        yield an_object(kinds.ANALYSIS_TEMPLATES, name, spec={"metrics": [{**metric, "provider": provider}]})


def _named(part: Any, name: str) -> Any:
    """The strategy with NAME filled in."""
    if isinstance(part, dict):
        return {key: _named(value, name) for key, value in part.items()}
    if isinstance(part, list):
        return [_named(value, name) for value in part]
    return part.replace("NAME", name) if isinstance(part, str) else part


def is_observed(rollout: Json | None) -> bool:
    """Whether the status speaks of this very spec."""
    status = (rollout or {}).get("status") or {}
    return rollout is not None and status.get("observedGeneration") == str(rollout["metadata"]["generation"])


def _status(rollout: Json) -> Json:
    """The status, empty while it speaks of an older spec."""
    status: Json = rollout.get("status") or {}
    return status if is_observed(rollout) else {}


def _holds(condition: str, status: Json) -> bool:
    """Whether a condition is true."""
    return any(one["type"] == condition and one["status"] == "True" for one in status.get("conditions") or ())


def _image(rollout: Json) -> str:
    return str(rollout["spec"]["template"]["spec"]["containers"][0]["image"])


def is_healthy(version: int) -> Moment:
    """All is done, and this version is what runs: the phase says so, and the condition that `kubectl wait` asks."""

    def healthy(rollout: Json) -> bool:
        status = _status(rollout)
        return status.get("phase") == "Healthy" and _holds("Healthy", status) and _image(rollout) == f"app:v{version}"

    return healthy


def is_paused(step: int | None = None, version: int = 2) -> Moment:
    """It waits for a human, at this step of this version's update, and says so as `kubectl wait` wants to hear it."""

    def paused(rollout: Json) -> bool:
        status = _status(rollout)
        waits = bool(status.get("pauseConditions")) and status.get("currentStepIndex") == step
        return waits and _image(rollout) == f"app:v{version}" and _holds("Paused", status)

    return paused


def is_aborted(rollout: Json) -> bool:
    """The update has failed or was given up."""
    return _status(rollout).get("phase") == "Degraded" and bool(_status(rollout).get("abort"))


def is_put_back(rollout: Json) -> bool:
    """It was given up, and all pods are those of the stable version again."""
    status = _status(rollout)
    sizes = [status.get(name, 0) for name in ("updatedReplicas", "replicas", "availableReplicas")]
    return is_aborted(rollout) and sizes == [0, rollout["spec"]["replicas"], rollout["spec"]["replicas"]]


def is_held(rollout: Json) -> bool:
    """A human has stopped it."""
    return _status(rollout).get("message") == "manually paused"


def _has(size: int) -> Moment:
    return lambda rollout: _status(rollout).get("availableReplicas", 0) >= size == rollout["spec"]["replicas"]


def _uses(version: int) -> Deed:
    return lambda user: user.use(f"app:v{version}")


_PAUSE: Json = {"pause": {}}
_BASIC = {
    "canary": {
        "steps": [{"setWeight": 25}, _PAUSE, {"setWeight": 50}, {"pause": {"duration": "1s"}}, {"setWeight": 75}],
        "maxSurge": 1,
        "maxUnavailable": 0,
    }
}


def _routed(*steps: Json) -> Json:
    return {
        "canary": {
            "steps": list(steps),
            "stableService": "NAME-stable",
            "canaryService": "NAME-canary",
            "trafficRouting": {"plugins": {ROUTER: {"httpRoute": "NAME"}}},
            "scaleDownDelaySeconds": 2,
            "abortScaleDownDelaySeconds": 2,
        }
    }


def _blue_green(**fields: Any) -> Json:
    delays = {"scaleDownDelaySeconds": 2, "abortScaleDownDelaySeconds": 2}
    return {"blueGreen": {"activeService": "NAME-stable", "previewService": "NAME-canary", **delays, **fields}}


def _analysis(template: str) -> Json:
    return {"analysis": {"templates": [{"templateName": template}]}}


_STEPPED = _routed({"setWeight": 20}, _PAUSE, {"setWeight": 60}, {"pause": {"duration": "1s"}})
_MANUAL = _blue_green(autoPromotionEnabled=False)
_UPDATE = (is_healthy(1), _uses(2))
_AT_1 = is_paused(1)

STORIES = (
    Story("basic-promoted", _BASIC, (_UPDATE, (_AT_1, Hands.promote)), is_healthy(2)),
    Story("basic-aborted", _BASIC, (_UPDATE, (_AT_1, Hands.abort)), is_aborted),
    Story(
        "basic-retried",
        _BASIC,
        (_UPDATE, (_AT_1, Hands.abort), (is_put_back, Hands.retry), (_AT_1, Hands.promote_fully)),
        is_healthy(2),
    ),
    Story(
        "basic-scaled",
        _BASIC,
        (_UPDATE, (_AT_1, lambda user: user.scale(6)), (_has(6), Hands.promote)),
        lambda rollout: is_healthy(2)(rollout) and _has(6)(rollout),
    ),
    Story(
        "basic-held",
        _BASIC,
        (_UPDATE, (_AT_1, lambda user: user.spec({"paused": True})), (is_held, Hands.promote)),
        is_healthy(2),
    ),
    Story("basic-back", _BASIC, (_UPDATE, (_AT_1, _uses(1))), is_healthy(1)),
    Story("basic-next", _BASIC, (_UPDATE, (_AT_1, _uses(3)), (is_paused(1, 3), Hands.promote)), is_healthy(3)),
    Story("rolling", {"canary": {"maxSurge": 1, "maxUnavailable": 1}}, (_UPDATE,), is_healthy(2), replicas=5),
    Story("routed-promoted", _STEPPED, (_UPDATE, (_AT_1, Hands.promote)), is_healthy(2)),
    Story("routed-aborted", _STEPPED, (_UPDATE, (_AT_1, Hands.abort)), is_aborted),
    Story("routed-full", _STEPPED, (_UPDATE, (_AT_1, Hands.promote_fully)), is_healthy(2)),
    Story("routed-good", _routed({"setWeight": 40}, _analysis(GOOD), {"setWeight": 80}), (_UPDATE,), is_healthy(2)),
    Story("routed-bad", _routed({"setWeight": 40}, _analysis(BAD), {"setWeight": 80}), (_UPDATE,), is_aborted),
    Story("blue-auto", _blue_green(), (_UPDATE,), is_healthy(2), replicas=3),
    Story("blue-promoted", _MANUAL, (_UPDATE, (is_paused(), Hands.promote)), is_healthy(2), replicas=3),
    Story("blue-aborted", _MANUAL, (_UPDATE, (is_paused(), Hands.abort)), is_aborted, replicas=3),
    Story(
        "blue-bad",
        _blue_green(prePromotionAnalysis=_analysis(BAD)["analysis"]),
        (_UPDATE,),
        is_aborted,
        replicas=2,
    ),
)
