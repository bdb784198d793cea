"""Random stories for the simulations: a rollout of any strategy, and what people do to it. A seed is a whole story."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from rollouts.cluster import kinds
from rollouts.cluster.port import Json, Resource
from rollouts.simulator.scenario import Behaviour, Scenario
from tests.builders import strategies

BUDGETS = Resource("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget")
NAMESPACE = "shop"
NAME = "web"
IMAGES = tuple(f"web:v{number}" for number in range(1, 7))
BAD, SICK, SLOW = "web:bad", "web:sick", "web:slow"
RIVALS = ("autoscaler", "scribbler")


@dataclass(frozen=True)
class Deed:
    """What a user does: a name, and a value where it needs one."""

    name: str
    value: Any = None

    def __str__(self) -> str:
        return self.name if self.value is None else f"{self.name} {self.value}"


@dataclass(frozen=True)
class Story:
    """Everything that happens from outside. `patient` users wait until nothing moves before they act again.

    `spec` is what it says beside the rest; `workload` how a Deployment gives way whose template is taken, "" for none;
    `rivals` write the same objects; `budget` is how many pods a disruption budget wants to stay, None for none.
    """

    seed: int
    strategy: Json
    replicas: int
    deeds: tuple[tuple[float, Deed], ...]
    patient: bool
    scenario: Scenario
    elected: bool = False
    percent: float = 0.0
    trouble: float = 30.0
    spec: Json = field(default_factory=dict)
    workload: str = ""
    rivals: tuple[str, ...] = ()
    budget: int | None = None

    def __str__(self) -> str:
        told = ", ".join(f"{wait:.1f}s {deed}" for wait, deed in self.deeds)
        manner = "patient" if self.patient else "hasty"
        beside = f"{self.spec}, workload {self.workload!r}, rivals {self.rivals}, budget {self.budget}"
        return f"{manner} user of {self.replicas} x {self.strategy}, {beside}: {told}; faults {self.percent}%"

    @property
    def manifests(self) -> list[Json]:
        """What is applied at the start."""
        return [*_surroundings(), *_beside(self), _rollout(self)]


def a_story(seed: int) -> Story:
    """The story of a seed."""
    dice = random.Random(f"story {seed}")
    patient = dice.random() < 0.5
    strategy = strategies.a_strategy(dice)
    return Story(
        seed=seed,
        strategy=strategy,
        replicas=dice.randint(1, 6),
        deeds=tuple(_deeds(dice, strategy, patient=patient)),
        patient=patient,
        scenario=_scenario(dice, seed),
        elected=dice.random() < 0.25,
        percent=dice.choice((4.0, 10.0, 25.0)),
        trouble=dice.uniform(3.0, 40.0),
        spec=strategies.extras(dice),
        workload=dice.choice(("never", "onsuccess", "progressively")) if dice.random() < 0.15 else "",
        rivals=tuple(rival for rival in _rivals(strategy, patient=patient) if dice.random() < 0.15),
        budget=dice.randint(0, 2) if dice.random() < 0.2 else None,
    )


def a_routed_story(*deeds: Deed) -> Story:
    """A plain one: two pauses for a human, pods that are ready after a while, and a patient user."""
    steps = [{"setWeight": 20}, {"pause": {}}, {"setWeight": 60}, {"pause": {}}]
    routing = {"plugins": {"argoproj-labs/gatewayAPI": {"httpRoute": NAME}}}
    services = {"stableService": "web-stable", "canaryService": "web-canary"}
    return Story(
        seed=0,
        strategy={"canary": {"steps": steps, "trafficRouting": routing, **services}},
        replicas=4,
        deeds=tuple((0.0, deed) for deed in deeds),
        patient=True,
        scenario=Scenario(default=Behaviour(ready_after=timedelta(seconds=5)), requests_per_second=0),
        trouble=60.0,
    )


def _rivals(strategy: Json, *, patient: bool) -> tuple[str, ...]:
    """Where pods stand for weights, their sizes depend on those before: an autoscaler leaves traces."""
    is_basic = "trafficRouting" not in strategy.get("canary", {"trafficRouting": {}})
    return RIVALS[1:] if is_basic and patient else RIVALS


def _scenario(dice: random.Random, seed: int) -> Scenario:
    images = {
        image: Behaviour(
            ready_after=timedelta(seconds=dice.choice((0.0, 0.5, 3.0, 12.0))),
            stop_after=timedelta(seconds=dice.choice((0.0, 0.0, 2.0))),
        )
        for image in (*IMAGES, BAD)
    }
    images[SICK] = Behaviour(never_ready=dice.choice(("image", "command", "probe")))
    images[SLOW] = Behaviour(ready_after=timedelta(seconds=40))
    return Scenario(images=images, requests_per_second=0, tick=timedelta(hours=1), seed=seed)


_Maker = Callable[[random.Random], Deed]
_AFTER_RELEASE: tuple[_Maker, ...] = (
    lambda _dice: Deed("promote"),
    lambda _dice: Deed("promote"),
    lambda _dice: Deed("promote fully"),
    lambda _dice: Deed("abort"),
    lambda _dice: Deed("abort"),
    lambda _dice: Deed("retry"),
    lambda dice: Deed("scale", dice.randint(0, 7)),
    lambda _dice: Deed("undo"),
    lambda _dice: Deed("hold"),
    lambda _dice: Deed("go on"),
    lambda _dice: Deed("lose a pod"),
    lambda _dice: Deed("begin anew"),
    lambda _dice: Deed("restart"),
    lambda dice: Deed("use", dice.choice((*IMAGES, BAD, SICK, SLOW))),
)


def _deeds(dice: random.Random, strategy: Json, *, patient: bool) -> Iterator[tuple[float, Deed]]:
    """A release first of all, then whatever comes to people's minds; steps may change too, or the whole strategy."""
    for number in range(dice.randint(1, 2)):
        good = dice.random() < 0.7
        yield _wait(dice, patient), Deed("use", IMAGES[number + 1] if good else dice.choice((BAD, SICK, SLOW)))
        for _ in range(dice.randint(0, 3)):
            yield _wait(dice, patient), dice.choice(_AFTER_RELEASE)(dice)
    if "canary" in strategy and dice.random() < 0.1:
        yield _wait(dice, patient), Deed("change steps", strategies.steps(dice))
    if dice.random() < 0.1:
        yield _wait(dice, patient), Deed("change strategy", strategies.another_strategy(dice, strategy))
        yield _wait(dice, patient), Deed("use", IMAGES[3])


def _wait(dice: random.Random, patient: bool) -> float:
    return 0.0 if patient else dice.choice((dice.uniform(0, 2), dice.uniform(0, 20), dice.uniform(0, 60)))


def an_object(resource: Resource, name: str, **parts: Any) -> Json:
    """Any object of the story's namespace."""
    meta = {"name": name} if not resource.is_namespaced else {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": meta, **parts}


def _rollout(story: Story) -> Json:
    labels = {"app": NAME}
    spec = {"replicas": story.replicas, "selector": {"matchLabels": labels}, "strategy": story.strategy}
    if story.workload:
        reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME, "scaleDown": story.workload}
        spec["workloadRef"] = reference
    else:
        spec["template"] = _template()
    return an_object(
        kinds.ROLLOUTS, NAME, spec={**spec, "progressDeadlineSeconds": 60, "revisionHistoryLimit": 2, **story.spec}
    )


def _template() -> Json:
    return {"metadata": {"labels": {"app": NAME}}, "spec": {"containers": [{"name": "app", "image": IMAGES[0]}]}}


def _beside(story: Story) -> Iterator[Json]:
    selector = {"matchLabels": {"app": NAME}}
    if story.workload:
        spec = {"replicas": story.replicas, "selector": selector, "template": _template()}
        yield an_object(kinds.DEPLOYMENTS, NAME, spec=spec)
    if story.budget is not None:
        yield an_object(BUDGETS, NAME, spec={"selector": selector, "minAvailable": story.budget})


def _surroundings() -> Iterator[Json]:
    for name in ("web-stable", "web-canary"):
        yield an_object(kinds.SERVICES, name, spec={"selector": {"app": NAME}, "ports": [{"port": 80}]})
    backends = [
        {"name": name, "port": 80, "weight": weight} for name, weight in (("web-stable", 100), ("web-canary", 0))
    ]
    yield an_object(kinds.HTTP_ROUTES, NAME, spec={"rules": [{"backendRefs": backends}]})
    metric = {
        "name": "check",
        "interval": "5s",
        "count": 2,
        "successCondition": "result[0] > 0",
        "provider": {"prometheus": {"address": "http://prometheus", "query": "{{args.hash}}"}},
    }
    yield an_object(kinds.ANALYSIS_TEMPLATES, "check", spec={"args": [{"name": "hash"}], "metrics": [metric]})
