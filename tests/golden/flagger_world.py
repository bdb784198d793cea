"""The small world of a recorded story: its objects, its user's deeds, and what stands in the way of a tick.

For tests/golden/flagger.py. Obstacles are those of rendering, told here in the words of the recordings: the pure core
is given them and has to say and do the right thing.
"""

from copy import deepcopy
from typing import Any

from rollouts.hashing.configs import configs_of
from rollouts.model.snapshot import Obstacles
from rollouts.model.weights import Weights
from rollouts.simulator.store.patches import merged
from tests.builders.ticking import World
from tests.golden.category import Json

CONFIGS = ("ConfigMap", "Secret")
WORKLOADS = ("Deployment", "DaemonSet")
SCALERS = ("HorizontalPodAutoscaler", "ScaledObject")
LABELS = ("app", "name", "app.kubernetes.io/name")
UNREAD = {
    "gatewayapi": 'HTTPRoute web.shop get error: httproutes.gateway.networking.k8s.io "web" not found',
    "nginx": 'ingress web-ing-canary.shop get query error: ingresses.networking.k8s.io "web-ing-canary" not found',
    "istio": 'VirtualService web.shop get query error virtualservices.networking.istio.io "web" not found',
}
Objects = dict[tuple[str, str], Json]


def world_of(canary: Json, given: Json) -> tuple[World, Objects]:
    """The world of a case, and the objects that only obstacles look at."""
    provider = given["flags"].get("mesh-provider", "istio")
    known = {_key(found): deepcopy(found) for found in given["objects"]}
    target = canary["spec"]["targetRef"]["name"]
    templates = {
        f"{o['metadata']['namespace']}/{name}": o for (kind, name), o in known.items() if kind == "MetricTemplate"
    }
    world = World(
        canary,
        {
            name: body
            for (kind, name), body in known.items()
            if kind in WORKLOADS or (kind, name) == ("Service", target)
        },
        configs={key: body for key, body in known.items() if key[0] in CONFIGS},
        scalers={name: body for (kind, name), body in known.items() if kind in SCALERS},
        templates=templates,
        default_provider=provider,
        tells_mirror=canary["spec"].get("provider", provider) == "istio",
        unread=UNREAD.get(canary["spec"].get("provider", provider).split(":")[0], "no route"),
        event_hook=given["flags"].get("eventWebhook", ""),
    )
    return world, known


def act(world: World, others: Objects, action: Json) -> None:
    """What a user does before a tick."""
    kind, name = (action.get("kind"), action.get("name")) if action["op"] != "create" else _key(action["object"])
    place = _place(world, others, kind, name)
    match action["op"]:
        case "patch" if kind == "Canary":
            world.canary = merged(world.canary, action["patch"])
        case "patch" if kind == "VirtualService":
            world.route = _rewritten(action["patch"], world)
        case "patch":
            place[_index(place, kind, name)] = merged(place[_index(place, kind, name)], action["patch"])
        case "create":
            place[_index(place, kind, name)] = deepcopy(action["object"])
        case _:
            del place[_index(place, kind, name)]


def obstacles_of(world: World, others: Objects) -> Obstacles:
    """What cannot be brought about now, in Flagger's words."""
    spec, pair = world.canary["spec"], world.pair
    target = world.deployments.get(pair.target, {})
    return Obstacles(
        services=_without_label(target, spec["targetRef"]),
        copy=_without_config(world, target),
        scaler=_without_scaler(world, spec),
        route=_without_route(spec, others),
    )


def _without_label(target: Json, reference: Json) -> str:
    labels = target.get("spec", {}).get("selector", {}).get("matchLabels", {})
    if reference["kind"] not in WORKLOADS or any(label in labels for label in LABELS):
        return ""
    name = f"{reference['kind'].lower()} {reference['name']}.shop"
    return f"getSelectorLabel failed: {name} spec.selector.matchLabels must contain one of [{' '.join(LABELS)}]"


def _without_config(world: World, target: Json) -> str:
    for kind, name in sorted(configs_of(target)):
        if (kind, name) not in world.configs:
            said = f"{kind.lower()} {name}.shop get query error: "
            return (
                f'createPrimaryDeployment failed: GetTargetConfigs failed: {said * 2}{kind.lower()}s "{name}" not found'
            )
    return ""


def _without_scaler(world: World, spec: Json) -> str:
    name = world.pair.scaler
    if not name or name in world.scalers:
        return ""
    kind = spec["autoscalerRef"]["kind"]
    return f'{kind} {name}.shop get query error: {kind.lower()}s.autoscaling "{name}" not found'


def _without_route(spec: Json, others: Objects) -> str:
    service, provider = spec["service"], spec.get("provider", "")
    if provider.startswith("gatewayapi") and not service.get("gatewayRefs"):
        return "GatewayRefs must be specified when using Gateway API as a provider."
    if service.get("delegation") and (service.get("hosts") or service.get("gateways")):
        said = "VirtualService web.shop cannot have hosts and gateways when delegation enabled"
        return f"reconcileVirtualService failed: {said}"
    ingress = spec.get("ingressRef", {}).get("name", "")
    known = others.get(("Ingress", ingress))
    if known is not None and '"name": "web"' not in _text(known["spec"]):
        return f"backend web not found in ingress {ingress}"
    return ""


def _text(body: Any) -> str:
    return str(body).replace("'", '"')


def _place(world: World, others: Objects, kind: str | None, name: str | None) -> dict[Any, Json]:
    if kind in WORKLOADS or (kind == "Service" and name == world.pair.target):
        return world.deployments
    if kind == "Service":
        return world.services
    return world.configs if kind in CONFIGS else others


def _index(place: dict[Any, Json], kind: str | None, name: str | None) -> Any:
    return name if any(isinstance(key, str) for key in place) else (kind, name)


def _rewritten(patch: Json, world: World) -> Weights:
    """A hand on the route: weights of the two versions count, and anything else is put right, at the beginning."""
    routes = [route for rule in patch["spec"].get("http", []) for route in rule["route"]]
    weights = {route["destination"]["host"]: route["weight"] for route in routes}
    pair = world.pair
    if set(weights) != {pair.stable_service, pair.canary_service}:
        return Weights(0, 100)
    return Weights(weights[pair.canary_service], weights[pair.stable_service])


def _key(body: Json) -> tuple[str, str]:
    return body["kind"], body["metadata"]["name"]
