"""What stands in an Ingress for the AWS load balancer controller: actions, conditions, and the paths that lead to them.

Called by alb; pure. Texts are those of Argo Rollouts byte for byte (spec/argo-rollouts.md §4): scripts and other
controllers read them. Which annotations are a rollout's is written in an annotation of its own, by the rollout's name.

    actions.<root>: {"Type":"forward","ForwardConfig":{"TargetGroups":[canary, experiments…, stable]}}
    actions.<route>, conditions.<route>, and a path `/*` to the backend <route> in front of each rule: a header route
"""

import json
from collections.abc import Collection, Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from rollouts.hashing import gojson
from rollouts.model.objects import Json
from rollouts.model.reading import items, mapping, text
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import Router, SetHeaderRoute
from rollouts.model.weights import Share, Shares
from rollouts.traffic.bodies import annotations, number

MANAGED = "rollouts.argoproj.io/managed-alb-annotations"
PREFIX = "alb.ingress.kubernetes.io"
TOTAL = 100
_LONGEST_STICKINESS = 604800
_USE_ANNOTATION = {"name": "use-annotation"}


class RefusedError(Exception):
    """What stands in the way, in upstream's words."""


@dataclass(frozen=True, slots=True)
class Setup:
    """A rollout's settings for the load balancer, with Argo's defaults."""

    rollout: str
    canary: str
    stable: str
    root: str
    port: str
    prefix: str
    stickiness: Json

    def action(self, name: str) -> str:
        """The key of an action."""
        return f"{self.prefix}/actions.{name}"

    def conditions(self, name: str) -> str:
        """The key of an action's conditions."""
        return f"{self.prefix}/conditions.{name}"


def setup_of(rollout: Rollout, router: Router) -> Setup:
    """The settings of this rollout's router."""
    settings, services = router.settings, rollout.services
    return Setup(
        rollout=rollout.name,
        canary=services.canary,
        stable=services.stable,
        root=text(settings.get("rootService")) or services.stable,
        port=str(settings.get("servicePort", "")),
        prefix=text(settings.get("annotationPrefix")) or PREFIX,
        stickiness=mapping(settings.get("stickinessConfig")),
    )


def is_routed(ingress: Json, service: str) -> bool:
    """Whether some path leads to this Service."""
    return any(_service(path) == service for rule in _rules(ingress) for path in _paths(rule))


def weighed(ingress: Json, setup: Setup, shares: Shares) -> Json:
    """The Ingress with these shares in the action of the root Service."""
    if not is_routed(ingress, setup.root):
        raise RefusedError(f"ingress does not have service `{setup.root}` in rules")
    groups = [Share(shares.canary.weight, setup.canary), *shares.extra, Share(shares.stable.weight, setup.stable)]
    key = setup.action(setup.root)
    return _marked(ingress, setup, {key: _forward(setup, groups)}, gained=[key])


def with_header_route(ingress: Json, setup: Setup, route: SetHeaderRoute) -> Json:
    """The Ingress with a route of these headers to the canary, in front of each rule unless it stands there."""
    action, conditions = setup.action(route.name), setup.conditions(route.name)
    texts = {action: _forward(setup, [Share(TOTAL, setup.canary)]), conditions: _conditions(route)}
    return led(_marked(ingress, setup, texts, gained=[action, conditions]), [route.name])


def led(ingress: Json, names: Sequence[str]) -> Json:
    """The Ingress with paths to these header routes in front of each rule, unless they stand there."""
    found = deepcopy(ingress)
    for rule in _rules(found):
        missing = [name for name in names if name not in map(_service, _paths(rule))]
        if missing and mapping(rule.get("http")):
            rule["http"]["paths"] = [*map(_path, missing), *_paths(rule)]
    return found


def without_routes(ingress: Json, setup: Setup, names: Collection[str]) -> Json:
    """The Ingress without the header routes of these names."""
    lost = [key for name in names for key in (setup.action(name), setup.conditions(name))]
    return _without_paths(_marked(ingress, setup, dict.fromkeys(lost), gained=[], lost=lost), names)


def has_traces(ingress: Json, setup: Setup, names: Iterable[str]) -> bool:
    """Whether there is anything of the header routes of these names."""
    wanted = set(names)
    keys = {key for name in wanted for key in (setup.action(name), setup.conditions(name))}
    led_to = {_service(path) for rule in _rules(ingress) for path in _paths(rule)}
    return bool(keys & annotations(ingress).keys() or wanted & led_to)


def ordered(ingress: Json, names: Sequence[str]) -> Json:
    """The Ingress with its header routes in this order: the first that matches wins."""
    found = deepcopy(ingress)
    for rule in _rules(found):
        paths = _paths(rule)
        ours = sorted((path for path in paths if _service(path) in names), key=lambda one: names.index(_service(one)))
        if ours and ours != paths[: len(ours)]:
            rule["http"]["paths"] = ours + [path for path in paths if path not in ours]
    return found


def standing(ingress: Json, setup: Setup, names: Sequence[str]) -> tuple[str, ...]:
    """The header routes among these names that stand, in the order of their paths."""
    led = [name for rule in _rules(ingress) for path in _paths(rule) if (name := _service(path)) in names]
    return tuple(dict.fromkeys(name for name in led if setup.action(name) in annotations(ingress)))


def weights_of(ingress: Json, setup: Setup) -> dict[str, int]:
    """The weight of each Service in the action of the root Service; empty where there is none that can be read."""
    try:
        action = json.loads(annotations(ingress).get(setup.action(setup.root), "null"))
    except (ValueError, TypeError):
        return {}
    groups = map(mapping, items(mapping(mapping(action).get("ForwardConfig")).get("TargetGroups")))
    told = ((text(group.get("ServiceName")), number(group.get("Weight"))) for group in groups)
    return {name: weight for name, weight in told if weight is not None}


def leased(ingress: Json, setup: Setup) -> Json:
    """The annotations of an Ingress that the rollout holds."""
    try:
        ours = {*_managed(ingress).get(setup.rollout, []), MANAGED}
    except RefusedError:
        ours = {setup.action(setup.root)}
    return {key: value for key, value in annotations(ingress).items() if key in ours}


def holders(ingress: Json) -> tuple[str, ...]:
    """The rollouts that have written here, by name; none where that cannot be read."""
    try:
        return tuple(_managed(ingress))
    except RefusedError:
        return ()


def abandoned(ingress: Json, rollout: str) -> Json:
    """The Ingress of a rollout that is not there any more: no header route, no mark, all traffic to stable."""
    managed, found = _managed(ingress), deepcopy(ingress)
    ours = managed.pop(rollout, [])
    routes = {key.partition("/conditions.")[2] for key in ours} - {""}
    left = annotations(found) | {MANAGED: gojson.anything(managed) if managed else None}
    for key in ours:
        _, _, name = key.partition("/actions.")
        left[key] = _all_stable(left.get(key)) if name and name not in routes else None
    found["metadata"]["annotations"] = {key: value for key, value in left.items() if value is not None}
    return _without_paths(found, routes)


def _without_paths(ingress: Json, names: Collection[str]) -> Json:
    """The Ingress itself, without the paths that lead to these header routes."""
    for rule in _rules(ingress):
        if any(_service(path) in names for path in _paths(rule)):
            rule["http"]["paths"] = [path for path in _paths(rule) if _service(path) not in names]
    return ingress


def _all_stable(action: Any) -> Any:
    """An action of ours whose last group, which is stable's, has all the weight; the first one is the canary's."""
    try:
        found = mapping(json.loads(action))
    except (ValueError, TypeError):
        return action
    config = mapping(found.get("ForwardConfig"))
    groups = [mapping(group) for group in items(config.get("TargetGroups"))]
    if len(groups) < 2:
        return action
    pair = [{**groups[0], "Weight": 0}, {**groups[-1], "Weight": TOTAL}]
    return _written({**found, "ForwardConfig": {**config, "TargetGroups": pair}})


def _forward(setup: Setup, shares: Sequence[Share]) -> str:
    groups = [{"ServiceName": one.service, "ServicePort": setup.port, "Weight": one.weight} for one in shares]
    config: Json = {"TargetGroups": groups}
    if setup.stickiness.get("enabled") is True:
        seconds = number(setup.stickiness.get("durationSeconds")) or 0
        if not 1 <= seconds <= _LONGEST_STICKINESS:
            limits = f"must be between 1 and {_LONGEST_STICKINESS} seconds (7 days)!"
            raise RefusedError(f"TargetGroupStickinessConfig's duration {limits}")
        config["TargetGroupStickinessConfig"] = {"Enabled": True, "DurationSeconds": seconds}
    return _written({"Type": "forward", "ForwardConfig": config})


def _conditions(route: SetHeaderRoute) -> str:
    """Headers by name, each with the values that it may have."""
    values: dict[str, list[str]] = {}
    for header in route.match:
        values.setdefault(header.name, []).append(header.value.exact or "")
    configs = [{"httpHeaderName": name, "values": listed} for name, listed in values.items()]
    return _written([{"field": "http-header", "httpHeaderConfig": config} for config in configs])


def _written(value: Any) -> str:
    """JSON as Go's encoder writes structs: keys in the order given."""
    match value:
        case dict():
            return "{" + ",".join(f"{gojson.text(key)}:{_written(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ",".join(map(_written, value)) + "]"
        case _:
            return gojson.anything(value)


def _marked(
    ingress: Json, setup: Setup, texts: dict[str, Any], gained: Sequence[str], lost: Sequence[str] = ()
) -> Json:
    """A copy with these annotations (None: without), and those of ours written down."""
    managed = _managed(ingress)
    ours = managed.get(setup.rollout, [])
    managed[setup.rollout] = [*(key for key in ours if key not in lost), *(key for key in gained if key not in ours)]
    found = deepcopy(ingress)
    told = annotations(found) | texts | {MANAGED: gojson.anything(managed)}
    found["metadata"]["annotations"] = {key: value for key, value in told.items() if value is not None}
    return found


def _managed(ingress: Json) -> dict[str, list[str]]:
    """Whose annotations are which: the keys of each rollout by its name."""
    written = text(annotations(ingress).get(MANAGED))
    if not written:
        return {}
    try:
        held = json.loads(written)
    except ValueError:
        raise RefusedError(_go_reason(written)) from None
    return {name: [key for key in items(keys) if isinstance(key, str)] for name, keys in mapping(held).items()}


def _go_reason(written: str) -> str:
    """What Go says of a text that is no JSON: a word that begins like a literal, or the first letter."""
    for word in ("null", "true", "false"):
        if written[0] == word[0]:
            at = next((i for i, char in enumerate(word) if written[i : i + 1] != char), len(word))
            if at < min(len(word), len(written)):
                return f"invalid character '{written[at]}' in literal {word} (expecting '{word[at]}')"
    return f"invalid character '{written[0]}' looking for beginning of value"


def _rules(ingress: Json) -> list[Json]:
    return [rule for rule in items(mapping(ingress.get("spec")).get("rules")) if isinstance(rule, dict)]


def _paths(rule: Json) -> list[Json]:
    return [mapping(path) for path in items(mapping(rule.get("http")).get("paths"))]


def _service(path: Json) -> str:
    return text(mapping(mapping(path.get("backend")).get("service")).get("name"))


def _path(name: str) -> Json:
    backend = {"service": {"name": name, "port": dict(_USE_ANNOTATION)}}
    return {"path": "/*", "pathType": "ImplementationSpecific", "backend": backend}
