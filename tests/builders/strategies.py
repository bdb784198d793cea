"""Random strategies and what else a rollout's spec may say, for the simulations' stories. All are valid."""

import random
from typing import Any

from rollouts.cluster.port import Json

ROUTE = "web"
STABLE, CANARY = "web-stable", "web-canary"


def a_strategy(dice: random.Random) -> Json:
    """Any of the three: routed canaries come twice as often, since most can go wrong with them."""
    return dice.choice((routed, routed, basic, blue_green))(dice)


def another_strategy(dice: random.Random, strategy: Json) -> Json:
    """One of the other family: a canary becomes blue-green, and the other way round."""
    return blue_green(dice) if "canary" in strategy else dice.choice((routed, basic))(dice)


def extras(dice: random.Random) -> Json:
    """Fields of the spec beside strategy, template and size; often none."""
    found: Json = {}
    if dice.random() < 0.3:
        found["progressDeadlineAbort"] = True
    if dice.random() < 0.25:
        found["rollbackWindow"] = {"revisions": dice.randint(1, 2)}
    if dice.random() < 0.2:
        found["minReadySeconds"] = 3
    return found


def steps(dice: random.Random, *, is_routed: bool = False) -> list[Json]:
    """Weights that rise, with something to wait for between them."""
    weights = sorted(dice.sample((5, 10, 20, 34, 50, 75, 100), k=dice.randint(1, 3)))
    found: list[Json] = []
    for weight in weights:
        if is_routed and dice.random() < 0.2:
            found.append({"setCanaryScale": dice.choice(_SCALES)})
        found.append({"setWeight": weight})
        kind = dice.random()
        if kind < 0.3:
            found.append({"pause": {"duration": dice.choice((5, 20))}})
        elif kind < 0.6:
            found.append({"pause": {}})
        elif kind < 0.8:
            found.append({"analysis": check()})
    return found


def check() -> Json:
    """An analysis of the new version."""
    hash_of_new = {"name": "hash", "valueFrom": {"podTemplateHashValue": "Latest"}}
    return {"templates": [{"templateName": "check"}], "args": [hash_of_new]}


def routed(dice: random.Random) -> Json:
    """A canary whose weights stand on a route."""
    canary: Json = {
        "steps": steps(dice, is_routed=True),
        "trafficRouting": {"plugins": {"argoproj-labs/gatewayAPI": {"httpRoute": ROUTE}}},
        "abortScaleDownDelaySeconds": dice.choice((0, 10)),
    }
    if dice.random() < 0.15:
        canary["pingPong"] = {"pingService": STABLE, "pongService": CANARY}
    else:
        canary |= {"stableService": STABLE, "canaryService": CANARY}
    if dice.random() < 0.3:
        canary["dynamicStableScale"] = True
    else:
        canary["scaleDownDelaySeconds"] = dice.choice((0, 15))
    if dice.random() < 0.2:
        canary["scaleDownDelayRevisionLimit"] = 1
    if dice.random() < 0.2:
        canary["minPodsPerReplicaSet"] = 2
    if dice.random() < 0.3:
        canary["analysis"] = check()
    return {"canary": {**canary, **_roles(dice, "canaryMetadata", "stableMetadata")}}


def basic(dice: random.Random) -> Json:
    """A canary whose pods stand for its weights."""
    surge, missing = dice.choice(((1, 0), ("25%", "25%"), (0, 1), ("50%", 0), (2, 1)))
    canary = {"steps": steps(dice), "maxSurge": surge, "maxUnavailable": missing}
    return {"canary": {**canary, **_roles(dice, "canaryMetadata", "stableMetadata")}}


def blue_green(dice: random.Random) -> Json:
    """Both Services, and every kind of promotion."""
    found: Json = {
        "activeService": STABLE,
        "previewService": CANARY,
        "autoPromotionEnabled": dice.random() < 0.5,
        "scaleDownDelaySeconds": dice.choice((5, 30)),
    }
    if found["autoPromotionEnabled"] and dice.random() < 0.5:
        found["autoPromotionSeconds"] = 10
    if dice.random() < 0.3:
        found["previewReplicaCount"] = 1
    if dice.random() < 0.3:
        found["prePromotionAnalysis"] = check()
    if dice.random() < 0.3:
        found["postPromotionAnalysis"] = check()
    if dice.random() < 0.2:
        found["scaleDownDelayRevisionLimit"] = 1
    return {"blueGreen": {**found, **_roles(dice, "previewMetadata", "activeMetadata")}}


def _roles(dice: random.Random, new: str, stable: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if dice.random() < 0.2:
        found[new] = {"labels": {"role": "new"}}
        found[stable] = {"labels": {"role": "stable"}, "annotations": {"team": "shop"}}
    if dice.random() < 0.15:
        found["antiAffinity"] = {"preferredDuringSchedulingIgnoredDuringExecution": {"weight": 50}}
    return found


_SCALES: tuple[Json, ...] = ({"replicas": 2}, {"weight": 40}, {"matchTrafficWeight": True})
