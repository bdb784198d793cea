"""Canaries and their small world by name: two Deployments, a route, metrics, webhooks, and time in ticks.

For tests of the ticking course and for Flagger's golden data. Objects are manifests, so that parsing, deciding and
projecting are tried together; a workload controller of a few lines makes pods as ready as a test wants them.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any
from urllib.parse import urlparse

from rollouts.decide import decide
from rollouts.dialects.flagger import canary as canaries
from rollouts.dialects.flagger import commands
from rollouts.dialects.flagger import status as statuses
from rollouts.dialects.flagger.readiness import is_knative
from rollouts.dialects.flagger.revision import OFF, revision_of, tracked_of
from rollouts.dialects.flagger.twins import SERVING, twins_of
from rollouts.model import effects as e
from rollouts.model import gates as moments
from rollouts.model.alerts import Alert
from rollouts.model.command import Command, Verb
from rollouts.model.objects import Json
from rollouts.model.plan import Event, Plan
from rollouts.model.questions import Answer, AskGate, AskMetric, GateAnswer, MetricAnswer, Question
from rollouts.model.rollout import Rollout
from rollouts.model.snapshot import Obstacles, Snapshot
from rollouts.model.strategy import Pair, Progressive
from rollouts.model.weights import Unknown, Weights

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
GOOD = {"request-success-rate": 99.9, "request-duration": 0.12}
MOST_ROUNDS = 50
BOOM = 'error response: Status 500 Internal Server Error: {"status":"error","errorType":"internal","error":"boom"}'
SUCCESS = {"name": "request-success-rate", "interval": "30s", "thresholdRange": {"min": 99}}
LATENCY = {"name": "request-duration", "interval": "30s", "thresholdRange": {"max": 500}}


def a_canary(*, provider: str = "gatewayapi:v1", spec: Mapping[str, Any] | None = None, **analysis: Any) -> Json:
    """A Canary of Deployment web; without a way in `analysis` it goes by 20 % to 40 %."""
    if not {"iterations", "stepWeight", "stepWeights"} & set(analysis):
        analysis = {"stepWeight": 20, "maxWeight": 40, **analysis}
    return {
        "apiVersion": "flagger.app/v1beta1",
        "kind": "Canary",
        "metadata": {"name": "web", "namespace": "shop", "uid": "uid"},
        "spec": {
            "provider": provider,
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "service": {"port": 80, "gatewayRefs": [{"name": "public"}]},
            "analysis": {"interval": "30s", "threshold": 2, "metrics": [SUCCESS, LATENCY], **analysis},
            **(spec or {}),
        },
    }


def a_deployment(image: str = "web:1", replicas: int = 2) -> Json:
    """The target workload."""
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "main", "image": image}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template},
    }


def a_webhook(type_: str, name: str = "hook", **fields: Any) -> Json:
    """A webhook of this type at a path of its own name."""
    return {"name": name, "type": type_, "url": f"http://stub.test/hook/{name}", **fields}


@dataclass
class World:
    """A cluster of one Canary. Every tick is decided, with all its questions answered, and carried out at once."""

    canary: Json
    deployments: dict[str, Json] = field(default_factory=lambda: {"web": a_deployment()})
    metrics: dict[str, Any] = field(default_factory=lambda: dict(GOOD))
    hooks: dict[str, Json] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    services: dict[str, Json] = field(default_factory=dict)
    configs: dict[tuple[str, str], Json] = field(default_factory=dict)
    scalers: dict[str, Json] = field(default_factory=dict)
    templates: dict[str, Json] | None = None
    default_provider: str = "istio"
    obstacles: Obstacles = field(default_factory=Obstacles)
    drifted: frozenset[str] = frozenset()
    tells_mirror: bool = True
    unread: str = "HTTPRoute web.shop does not exist"
    event_hook: str = ""
    route: Weights | None = None
    now: datetime = START
    events: list[Event] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    asked: list[AskMetric] = field(default_factory=list)
    held: dict[str, bool] = field(default_factory=dict)
    plans: list[Plan] = field(default_factory=list)

    @property
    def rollout(self) -> Rollout:
        """The Canary in the common model."""
        target = self.deployments.get(self.pair.target)
        return canaries.parse(
            self.canary,
            revision_of(target) if target else "",
            self.default_provider,
            tracked_of(target, self.configs, strict=canaries.is_strict(self.canary)) if target else None,
            self.templates,
        )

    @property
    def pair(self) -> Pair:
        """The two workloads by name."""
        return canaries.pair_of(self.canary["spec"])

    @property
    def status(self) -> Json:
        """The Canary's status as it stands in the cluster."""
        status: Json = self.canary.get("status", {})
        return status

    @property
    def phase(self) -> str:
        """Its phase."""
        return str(self.status.get("phase", ""))

    @property
    def sizes(self) -> tuple[int, int]:
        """Wanted pods of target and primary."""
        return self.deployments["web"]["spec"]["replicas"], self.deployments["web-primary"]["spec"]["replicas"]

    def texts(self) -> list[str]:
        """What the last round told."""
        return [event.message for event in self.events]

    def snapshot(self, answers: Mapping[Question, Answer] | None = None) -> Snapshot:
        """The world as it is now."""
        rollout = self.rollout
        objects = {
            **self.deployments,
            **{f"service/{name}": body for name, body in self.services.items()},
            **{f"scaler/{name}": body for name, body in self.scalers.items()},
        }
        return Snapshot(
            rollout,
            route=self.route or Unknown(self.unread),
            twins=twins_of(self.canary, rollout, objects, self.now, obstacles=self.obstacles, drifted=self.drifted),
            answers=answers or {},
        )

    def decide(self) -> Plan:
        """The plan of this moment, its questions answered; nothing is done."""
        answers: dict[Question, Answer] = {}
        for _ in range(MOST_ROUNDS):
            plan = decide(self.snapshot(answers), self.now)
            if not plan.questions:
                return plan
            answers |= {question: self.answer(question) for question in plan.questions}
        raise AssertionError(f"questions never end: {plan.questions}")

    def tick(self, times: int = 1) -> Plan:
        """Let an interval pass, pods come up, and carry out what is decided."""
        for _ in range(times):
            self.now += _strategy(self.rollout).interval
            self.run_pods()
            self.events, self.alerts, self.asked = [], [], []
            plan = self.carry_out(self.decide())
        return plan

    def settle(self, *phases: str) -> None:
        """Tick until one of these phases is reached."""
        for _ in range(MOST_ROUNDS):
            if self.phase in phases:
                return
            self.tick()
        raise AssertionError(f"{self.phase} never became {phases}: {self.texts()}")

    def carry_out(self, plan: Plan) -> Plan:
        """Effects, status, events; then what webhooks said that nobody waited for."""
        late: dict[Question, Answer] = {}
        for effect in plan.effects:
            self._apply(effect)
            if isinstance(effect, e.CallGate):
                late[effect.question] = self.answer(effect.question)
        self._tell(plan)
        status = statuses.project(plan.status, self.pair.kind)
        self.canary["status"] = {key: value for key, value in status.items() if value is not None}
        self.events.extend(plan.events)
        self.alerts.extend(plan.alerts)
        self.plans.append(plan)
        if late:
            self.carry_out(decide(self.snapshot(late), self.now))
        return plan

    def release(self, image: str) -> None:
        """The user writes another image into the target."""
        self.deployments["web"]["spec"]["template"]["spec"]["containers"][0]["image"] = image

    def command(self, verb: Verb, moment: str = "", weight: int = 0) -> None:
        """A person's command to the run as it stands."""
        written = commands.written(Command(verb, moment, weight), self.canary, self.rollout.target)
        self.canary["metadata"].setdefault("annotations", {})[commands.ANNOTATION] = written

    def run_pods(self) -> None:
        """Every Deployment gets the status that `states` wants of it: ready unless told otherwise."""
        for name, deployment in self.deployments.items():
            if deployment["kind"] != "Service":
                deployment["status"] = _status(deployment, self.states.get(name, "ready"), self.now)

    def answer(self, question: Question) -> Answer:
        """What webhooks and Prometheus say."""
        match question:
            case AskGate(url=url):
                return self._called(url, question)
            case AskMetric(name=""):
                self.asked.extend([question] if "online" in self.metrics else [])
                return MetricAnswer(1, f"running query failed: {BOOM}" if "online" in self.metrics else "")
            case AskMetric(name=name, query=query):
                self.asked.append(question)
                key = next((key for key in self.metrics if key in query), name)
                return _measured(self.metrics.get(key, "none"))
            case _:
                raise AssertionError(f"no answer to {question}")

    def _tell(self, plan: Plan) -> None:
        """Every event goes to the operator's webhook of events, with the phase that it is told in."""
        for event in plan.events if self.event_hook else ():
            phase = event.phase or self.phase or "Initializing"
            self._called(self.event_hook, AskGate(moments.EVENT, self.event_hook, moments.EVENT, phase, ""))

    def _called(self, url: str, question: AskGate) -> GateAnswer:
        path = urlparse(url).path
        self.calls.append((path, question.phase))
        reply = self.hooks.get(path, {"status": 200, "body": ""})
        if reply["status"] >= 500 or reply["status"] == 429:
            return GateAnswer(is_open=False, message=f"POST {url} giving up after 1 attempt(s)")
        return GateAnswer(reply["status"] <= 202, reply["body"])

    def _apply(self, effect: e.Effect) -> None:
        match effect:
            case e.CreateCopy(name=name, replicas=replicas):
                self._create(name, replicas)
            case e.OverwriteCopy(name=name):
                self._overwrite(name)
            case e.ServeCopy(service=service):
                selector = self.deployments[self.pair.copy]["spec"]["selector"]["matchLabels"]
                self.services[service] = {"spec": {"selector": deepcopy(selector)}}
            case e.ScaleTarget(name=name, replicas=replicas):
                _resize(self.deployments[name], replicas)
            case e.ShiftTraffic(shares=shares, is_mirrored=is_mirrored):
                told = is_mirrored and self.tells_mirror
                self.route = Weights(shares.canary.weight, shares.stable.weight, shares.total, is_mirrored=told)
            case e.HoldScaler(name=name, is_held=is_held):
                self.held[name] = is_held
            case e.HoldBack(is_held=is_held):
                self.canary["metadata"]["finalizers"] = [canaries.FINALIZER] if is_held else []
            case e.GiveBack():
                self.services[self.pair.service] = {"spec": {"selector": {"app": self.pair.target}}}
            case e.CallGate() | e.MatchScaler() | e.Tend():
                pass
            case _:
                raise AssertionError(f"a Canary does not ask for {effect}")

    def _create(self, name: str, replicas: int) -> None:
        target = self.deployments[self.pair.target]
        if is_knative(target):
            target["metadata"]["annotations"] = {SERVING: target["status"]["latestCreatedRevisionName"]}
        else:
            self.deployments[name] = _copied(target, name, replicas)

    def _overwrite(self, name: str) -> None:
        target = self.deployments[self.pair.target]
        if is_knative(target):
            self._create(name, 0)
            return
        replicas = self.deployments[name]["spec"].get("replicas", 1)
        own = 0 if self.pair.scaler else target["spec"].get("replicas", 1)
        self.deployments[name]["spec"] = _copied(target, name, own or replicas)["spec"]


def started(canary: Json) -> World:
    """A world in which the first version serves from the primary, and the start is forgotten."""
    world = World(canary)
    world.settle("Initialized")
    world.calls.clear()
    world.tick()
    return world


def a_run(canary: Json | None = None) -> World:
    """A world whose second version has been seen and scaled up, and gets its first traffic with the next tick."""
    here = started(canary or a_canary())
    here.release("web:2")
    here.tick()
    return here


def _strategy(rollout: Rollout) -> Progressive:
    assert isinstance(rollout.strategy, Progressive)
    return rollout.strategy


def _measured(value: Any) -> MetricAnswer:
    """A value as Prometheus gave it; of several series the last one counts."""
    match value:
        case [*_, last]:
            return MetricAnswer(last)
        case "NaN" | "none":
            return MetricAnswer(None)
        case "error":
            return MetricAnswer(None, BOOM)
        case "+Inf":
            return MetricAnswer(inf)
        case _:
            return MetricAnswer(value)


def _copied(deployment: Json, name: str, replicas: int) -> Json:
    copy = deepcopy(deployment)
    copy["metadata"] |= {"name": name, "ownerReferences": [{"kind": "Canary", "name": "web", "uid": "uid"}]}
    if copy["kind"] == "Deployment":
        copy["spec"]["replicas"] = replicas
    if copy["kind"] != "Service":
        copy["spec"]["selector"] = {"matchLabels": {"app": name}}
        _resize(copy, replicas)
    copy.pop("status", None)
    return copy


def _resize(workload: Json, replicas: int) -> None:
    """A Deployment has a size; a DaemonSet has pods, or is kept off every node."""
    if workload["kind"] == "Deployment":
        workload["spec"]["replicas"] = replicas
        return
    pod = workload["spec"]["template"]["spec"]
    kept = {key: value for key, value in pod.pop("nodeSelector", {}).items() if key != OFF}
    pod["nodeSelector"] = kept if replicas else {**kept, OFF: "true"}


def _status(deployment: Json, state: str, now: datetime) -> Json:
    """What a workload's controller would report in this state; `pending:90` is unavailable since 90 seconds."""
    if deployment["kind"] == "DaemonSet":
        return _spread(deployment, state)
    size: int = deployment["spec"].get("replicas", 1)
    word, _, seconds = state.partition(":")
    lacking, old = int(word == "updating"), int(word == "terminating")
    missing = {"pending": size, "partial": 1, "deadline": size}.get(word, 0)
    since = (now - timedelta(seconds=int(seconds or 0))).strftime("%Y-%m-%dT%H:%M:%SZ")
    reason = "ProgressDeadlineExceeded" if word == "deadline" else "NewReplicaSetAvailable"
    available = "False" if missing and size else "True"
    generation = deployment["metadata"].get("generation", 0)
    return {
        "observedGeneration": generation - int(word == "unobserved"),
        "replicas": size + old,
        "updatedReplicas": max(size - lacking, 0),
        "availableReplicas": max(size - missing, 0),
        "conditions": [
            {"type": "Available", "status": available, "lastUpdateTime": since},
            {"type": "Progressing", "status": "True", "reason": reason},
        ],
    }


def _spread(daemon_set: Json, state: str) -> Json:
    """A DaemonSet on two nodes, or on none."""
    size = 0 if OFF in daemon_set["spec"]["template"]["spec"].get("nodeSelector", {}) else 2
    missing = {"pending": size, "partial": min(1, size), "deadline": size}.get(state.partition(":")[0], 0)
    return {
        "desiredNumberScheduled": size,
        "updatedNumberScheduled": max(size - int(state == "updating"), 0),
        "numberAvailable": size - missing,
    }
