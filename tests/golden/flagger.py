"""flagger/ticks, _metrics, _random: whole stories of a Canary, tick after tick, as Flagger's own code told them.

Ours are told to the letter (the Canary bears the annotation for it) by the pure core alone. Of each tick we answer for
status, routes, events, alerts, queries, webhook calls, and size and image of the workloads. Not for `changed`, `writes`
and `deleted`: generated objects are rendered by rollouts/workloads and rollouts/traffic, which have golden data of
their own (flagger/primary, flagger/routes_*), and so have the bodies of webhooks and of alerts that a Canary lists.
Left out are answers of Prometheus that no client understands: Go's decoder has its own words for them.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from rollouts.dialects.flagger.canary import STRICT
from rollouts.model.plan import Event
from rollouts.model.questions import AskMetric
from rollouts.model.strategy import Check, Progressive
from rollouts.simulator.store.patches import merged
from tests.builders.ticking import World
from tests.golden.category import Category, Json
from tests.golden.flagger_world import WORKLOADS, act, obstacles_of, world_of

STATUS = ("phase", "failedChecks", "canaryWeight", "iterations", "lastAppliedSpec", "lastPromotedSpec")
COOKIES = ("sessionAffinityCookie", "previousSessionAffinityCookie", "primarySessionAffinityCookie")
CONDITION = ("type", "status", "reason", "message")
FORCED = "Setting canaryAnalysis.iterations: 10"


def _covers(given: Json) -> bool:
    measured = [value for tick in given["ticks"] for value in tick["metrics"].values()]
    return not any(str(value).startswith("raw:") for value in measured)


def _ticks(given: Json) -> Json:
    canary = merged(deepcopy(given["canary"]), {"metadata": {"annotations": {STRICT: "true"}}})
    world, others = world_of(canary, given)
    names = Names()
    return {"ticks": [_tick(world, others, tick, names) for tick in given["ticks"]]}


class Names:
    """Hashes and random letters by the order in which they are met: only equality means something."""

    def __init__(self) -> None:
        self.specs: dict[str, str] = {}
        self.cookies: dict[str, str] = {}

    def spec(self, value: str) -> str:
        """The name of a hash."""
        return self.specs.setdefault(value, f"SPEC{len(self.specs) + 1}")

    def cookie(self, value: str) -> str:
        """A cookie with its letters named."""
        name, _, letters = value.partition("=")
        return f"{name}={self.cookies.setdefault(letters, f'RANDOM{len(self.cookies) + 1}')}"


def _tick(world: World, others: dict[tuple[str, str], Json], tick: Json, names: Names) -> Json:
    for action in tick["actions"]:
        act(world, others, action)
    world.states, world.metrics, world.hooks = tick["workloads"], tick["metrics"], tick["hooks"]
    world.obstacles = obstacles_of(world, others)
    world.calls.clear()
    failed = world.status.get("failedChecks", 0)
    world.tick()
    if FORCED in world.texts():
        # The API server behind the oracle stored the spec along with a status: its Canary then had ten for good.
        world.canary["spec"]["analysis"]["iterations"] = 10
    is_halted = world.status["failedChecks"] > failed
    return {
        "status": _status(world.status, names.spec, names.cookie),
        "routes": _routes(world),
        "events": [_event(event) for event in world.events],
        "alerts": [
            _alert(world, alert) for alert in world.alerts if not world.canary["spec"]["analysis"].get("alerts")
        ],
        "queries": [_query(world, question) for question in _needed(world, is_halted=is_halted)],
        "calls": world.calls[:],
        "workloads": _workloads(world),
    }


def _needed(world: World, *, is_halted: bool) -> list[AskMetric]:
    """Flagger asks one check after the other, and none after the first that fails; ours are asked together."""
    strategy = world.rollout.strategy
    assert isinstance(strategy, Progressive)
    if not is_halted or not world.asked:
        return world.asked
    halt = world.events[-1].message
    broken = [_query(world, question)["answer"] == "error" for question in world.asked]
    judged = zip(strategy.checks, broken, strict=True)
    blamed = next((check for check, fails in judged if _blames(halt, check, fails=fails)), None)
    if blamed is None:
        return world.asked
    upto = [question.query for question in world.asked].index(blamed.query)
    return world.asked[: upto + 1]


def _blames(halt: str, check: Check, *, fails: bool) -> bool:
    is_worse = f" advancement {check.label} " in halt
    return is_worse or halt == check.no_values or (fails and halt.startswith(check.broken))


def _query(world: World, question: AskMetric) -> Json:
    """The exact text, and what the stub said."""
    known = {**world.metrics, "vector(1)": world.metrics.get("online")}
    key = next((key for key in known if key in question.query), question.name)
    return {"answer": known.get(key, "none"), "query": question.query}


def _status(status: Json, spec: Callable[[str], str], cookie: Callable[[str], str]) -> Json:
    shown: Json = {name: status.get(name) for name in (*STATUS, "trackedConfigs")}
    for name in ("lastAppliedSpec", "lastPromotedSpec"):
        shown[name] = spec(shown[name]) if shown[name] else None
    cookies = {name: cookie(status[name]) for name in sorted(COOKIES) if status.get(name)}
    conditions = [{name: condition[name] for name in CONDITION} for condition in status["conditions"]]
    return {**shown, **cookies, "conditions": conditions}


def _routes(world: World) -> Json:
    """Where nothing is routed Flagger reports everything for the new version once rounds count."""
    if world.canary["spec"].get("provider") == "kubernetes":
        weight = 100 if world.status["iterations"] > 0 else 0
        return {"canary": weight, "mirrored": False, "primary": 100 - weight}
    if world.route is None:
        return {"error": True}
    return {"canary": world.route.canary, "mirrored": world.route.is_mirrored, "primary": world.route.stable}


def _event(event: Event) -> Json:
    return {"type": "Warning" if event.is_warning else "Normal", "reason": "Synced", "message": event.message}


def _alert(world: World, alert: Any) -> Json:
    return {
        "fields": [{"name": name, "value": value} for name, value in alert.facts],
        "message": alert.message,
        "namespace": world.rollout.namespace,
        "severity": alert.severity.value,
        "workload": world.rollout.name,
    }


def _workloads(world: World) -> Json:
    return {name: _workload(body) for name, body in world.deployments.items() if body["kind"] in WORKLOADS}


def _workload(workload: Json) -> Json:
    image = workload["spec"]["template"]["spec"]["containers"][0]["image"]
    return {"replicas": workload["spec"].get("replicas"), "image": image}


def _shown(_: Json, output: Json) -> Json:
    """The part of Flagger's answer that ours is compared with, in the same form."""
    return {"ticks": [{name: show(tick.get(name)) for name, show in _SHOWN.items()} for tick in output["ticks"]]}


def _shown_routes(routes: Json | None) -> Json:
    return routes if routes and "error" not in routes else {"error": True}


def _shown_calls(calls: list[Json] | None) -> list[tuple[str, str]]:
    """Those of webhooks; receivers of alerts are told no phase."""
    return [(call["path"], call["body"]["phase"]) for call in calls or [] if "phase" in call["body"]]


_SHOWN: dict[str, Callable[[Any], Any]] = {
    "status": lambda status: _status(status, str, str),
    "routes": _shown_routes,
    "events": lambda events: events,
    "alerts": lambda alerts: alerts or [],
    "queries": lambda queries: queries or [],
    "calls": _shown_calls,
    "workloads": lambda workloads: {
        name: {"replicas": found.get("replicas"), "image": found["image"]} for name, found in workloads.items()
    },
}

TICKS = tuple(
    Category(f"flagger/{name}", _ticks, covers=_covers, shown=_shown)
    for name in ("ticks", "ticks_metrics", "ticks_random")
)
