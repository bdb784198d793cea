"""Rollouts and their worlds by name, and a cluster in miniature that carries out plans. For tests of decide."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from rollouts.decide import decide
from rollouts.decide.situation import marked
from rollouts.model import effects as e
from rollouts.model.plan import Event, Plan
from rollouts.model.questions import Verified, VerifyWeight
from rollouts.model.rollout import Rollout
from rollouts.model.snapshot import Analysis, Snapshot
from rollouts.model.status import Status
from rollouts.model.strategy import (
    Analyse,
    AnalysisRef,
    BlueGreen,
    Canary,
    CanaryStep,
    Pause,
    Router,
    SetWeight,
    Strategy,
    TemplateRef,
)
from rollouts.model.weights import Unknown, Weights
from rollouts.model.workload import Service, Version

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
CHECK = AnalysisRef((TemplateRef("check"),))


def weight(percent: int) -> SetWeight:
    """A setWeight step."""
    return SetWeight(percent)


def pause(seconds: int | None = None) -> Pause:
    """A pause step, timed or for a human."""
    return Pause(None if seconds is None else timedelta(seconds=seconds))


def analysis() -> Analyse:
    """An inline analysis step."""
    return Analyse(CHECK)


def a_canary(*steps: CanaryStep, is_routed: bool = True, **fields: Any) -> Canary:
    """A canary with Services, and with a route unless told otherwise."""
    routers = (Router("gatewayAPI", {"httpRoute": "shop"}),) if is_routed else ()
    return Canary(steps, stable_service="stable", canary_service="canary", routers=routers, **fields)


def a_blue_green(**fields: Any) -> BlueGreen:
    """A blue-green with both Services."""
    return BlueGreen("active", "preview", **fields)


def a_rollout(strategy: Strategy, *, replicas: int | None = 4, target: str = "v1", **fields: Any) -> Rollout:
    """A rollout of this strategy that nothing has happened to yet."""
    steps_hash = repr(strategy.steps) if isinstance(strategy, Canary) else ""
    return Rollout(
        kind="Rollout",
        namespace="default",
        name="shop",
        uid="uid",
        generation=1,
        target=target,
        strategy=strategy,
        status=Status(),
        replicas=replicas,
        steps_hash=steps_hash,
        selector="app=shop",
        **fields,
    )


@dataclass
class Miniature:
    """A cluster of one rollout: plans are carried out at once, pods get ready when `ready` says so."""

    rollout: Rollout
    now: datetime = START
    versions: dict[str, Version] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    route: Weights | None = None
    analyses: dict[str, Analysis] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    gateway: Verified | None = None  # what routers answer when asked; None: no router can tell
    endpoints: dict[str, dict[str, int]] = field(default_factory=dict)  # a Service without any gates nothing
    drain: timedelta = timedelta()
    moved_at: datetime | None = None
    deciding: Callable[[Snapshot, datetime], Plan] = decide

    def __post_init__(self) -> None:
        for name in ("stable", "canary", "active", "preview", "ping", "pong"):
            self.services[name] = Service(name)

    @property
    def snapshot(self) -> Snapshot:
        """The world as it is now."""
        new = next((v.name for v in self.versions.values() if v.hash == self.rollout.target), None)
        return Snapshot(
            self.rollout,
            tuple(self.versions.values()),
            new,
            dict(self.services),
            route=self.route or Unknown("not written yet"),
            analyses=tuple(self.analyses.values()),
            asks_verification=self.gateway is not None,
            endpoints=self.endpoints,
            moved_at=self.moved_at,
            drain=self.drain,
        )

    @property
    def status(self) -> Status:
        """The rollout's status."""
        return self.rollout.status

    def decide(self) -> Plan:
        """The plan of this moment, without doing it. What routers are asked is answered at once."""
        plan = self.deciding(self.snapshot, self.now)
        asked = [question for question in plan.questions if isinstance(question, VerifyWeight)]
        if self.gateway is None or not asked:
            return plan
        return self.deciding(replace(self.snapshot, answers=dict.fromkeys(asked, self.gateway)), self.now)

    def round(self) -> Plan:
        """Decide, carry out, remember."""
        plan = self.decide()
        for effect in plan.effects:
            self.carry_out(effect)
        self.rollout = replace(self.rollout, status=plan.status)
        self.events.extend(plan.events)
        self.plans.append(plan)
        return plan

    def is_settled(self) -> bool:
        """Another round would do nothing and write nothing."""
        plan = self.decide()
        return not plan.effects and plan.status == self.status

    def settle(self, rounds: int = 60) -> None:
        """Rounds, with pods getting ready in between, until nothing happens any more."""
        for _ in range(rounds):
            self.ready()
            if self.is_settled():
                return
            self.round()
        raise AssertionError(f"not settled after {rounds} rounds: {self.plans[-1]}")

    def run(self, until: timedelta, rounds: int = 400) -> None:
        """Let time pass as wake-ups ask for it, until `until` from now."""
        end = self.now + until
        for _ in range(rounds):
            self.settle()
            wake_at = self.decide().wake_at
            if wake_at is None or wake_at > end:
                self.now = end
                self.settle()
                return
            self.now = wake_at

    def ready(self) -> None:
        """Every version has the pods that it is asked for, all of them ready unless it is broken."""
        for name, version in self.versions.items():
            serving = 0 if version.hash in self.broken else version.replicas
            self.versions[name] = replace(version, current=version.replicas, ready=serving, available=serving)

    def release(self, target: str) -> None:
        """The user writes another template."""
        self.rollout = replace(self.rollout, target=target, generation=self.rollout.generation + 1)

    def scale(self, replicas: int) -> None:
        """The user, or an autoscaler, asks for another size."""
        self.rollout = replace(self.rollout, replicas=replicas, generation=self.rollout.generation + 1)

    def patch(self, **status: Any) -> None:
        """A person or a tool writes into the status: promote, abort, retry."""
        self.rollout = replace(self.rollout, status=replace(self.status, **status))

    def finish(self, phase: str) -> None:
        """Every analysis that still runs ends with this phase."""
        for name, run in self.analyses.items():
            if not run.is_done:
                self.analyses[name] = replace(run, phase=phase, message="metric bad" if phase == "Failed" else "")

    def reasons(self) -> list[str]:
        """The events' reasons, in order."""
        return [event.reason for event in self.events]

    def carry_out(self, effect: e.Effect) -> None:
        """Make one effect real."""
        if isinstance(effect, e.PointService | e.ShiftTraffic):
            self.moved_at = self.now
        match effect:
            case e.CreateVersion():
                created = self.now + timedelta(microseconds=len(self.versions))
                made = Version(
                    effect.name, effect.hash, effect.revision, created, effect.replicas, desired_then=effect.desired
                )
                self.versions[effect.name] = replace(made, metadata=effect.metadata, keeps_off=effect.keeps_off)
            case e.SetRevision(revision=revision):
                self.rollout = replace(self.rollout, revision=revision)
            case e.FillReplicas(replicas=replicas):
                self.rollout = replace(self.rollout, replicas=replicas, generation=self.rollout.generation + 1)
            case e.PointService(service=name, hash=hash_):
                self.services[name] = Service(name, hash_, "shop")
            case e.ShiftTraffic(shares=shares, managed=managed):
                names = tuple(route.name for route in managed)
                self.route = Weights(shares.canary.weight, shares.stable.weight, shares.total, names)
            case e.StartAnalysis() | e.CancelAnalysis() | e.DeleteAnalysis():
                self._analyse(effect)
            case e.ScaleVersion() | e.NumberVersion() | e.DelayScaleDown() | e.DeleteVersion():
                self._change(effect)
            case e.MarkVersion() | e.PlaceVersion() | e.MarkPods():
                self._mark(effect)
            case _:
                raise AssertionError(f"no miniature of {effect}")

    def _mark(self, effect: e.MarkVersion | e.PlaceVersion | e.MarkPods) -> None:
        version = self.versions[effect.name]
        match effect:
            case e.MarkVersion():
                version = marked(version, effect)
            case e.PlaceVersion(keeps_off=other):
                version = replace(version, keeps_off=other)
            case e.MarkPods():
                assert version.pending == effect.metadata
        self.versions[effect.name] = version

    def _analyse(self, effect: e.StartAnalysis | e.CancelAnalysis | e.DeleteAnalysis) -> None:
        match effect:
            case e.StartAnalysis(name=name):
                run = Analysis(name, effect.role, "Running", "", effect.hash, effect.step, self.now)
                self.analyses[name] = run
            case e.CancelAnalysis(name=name):
                self.analyses[name] = replace(self.analyses[name], is_terminating=True, phase="Successful")
            case e.DeleteAnalysis(name=name):
                del self.analyses[name]

    def _change(self, effect: e.ScaleVersion | e.NumberVersion | e.DelayScaleDown | e.DeleteVersion) -> None:
        version = self.versions[effect.name]
        match effect:
            case e.ScaleVersion(replicas=size, desired=desired):
                until = version.scale_down_at if effect.keeps_delay else None
                version = replace(version, replicas=size, desired_then=desired, scale_down_at=until)
                serving = min(version.available, size)
                version = replace(version, current=min(version.current, size), ready=serving, available=serving)
            case e.NumberVersion(revision=revision, former=former):
                version = replace(version, revision=revision, former_revisions=former)
            case e.DelayScaleDown(until=moment):
                version = replace(version, scale_down_at=moment)
            case e.DeleteVersion(name=name):
                del self.versions[name]
                return
        self.versions[effect.name] = version


def deployed(strategy: Strategy, **fields: Any) -> Miniature:
    """A miniature in which v1 is promoted and healthy, and its story forgotten."""
    here = Miniature(a_rollout(strategy, **fields))
    here.settle()
    here.events.clear()
    return here


def serving(here: Miniature, hashes: Sequence[str]) -> int:
    """Available pods of these versions."""
    return sum(v.available for v in here.versions.values() if v.hash in hashes)
