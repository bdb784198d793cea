"""What the scenarios run on: a rollout whose pods close as they should, its Services and its routes. Called by plays.

The settings are those that a careful operator chooses: a preStop longer than the slowest gateway needs to hear of a
pod's end, and delays of scaling down that are short here only so that the end of old versions is in the test too.
"""

from rollouts.cluster.port import Json
from tests.e2e.dataplane.backends import GATE, PORT
from tests.e2e.dataplane.gateways import GATEWAY, ROUTE, SERVICE

NAME = "app"
"""Also the image's, as the moments of tests/e2e/chaos know it."""

STABLE, CANARY = f"{NAME}-stable", f"{NAME}-canary"
REPLICAS = 4
PRE_STOP = 5
"""Seconds between a pod's deletion and its end. Traefik may take two to hear of it (providersThrottleDuration)."""

DELAY = 6
ROUTER = "argoproj-labs/gatewayAPI"


def an_object(api_version: str, kind: str, name: str, spec: Json) -> Json:
    """Any object; its namespace is said where it is applied."""
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "spec": spec}


def a_rollout(strategy: Json) -> Json:
    """The rollout, at its first version."""
    container = {
        "name": NAME,
        "image": f"{NAME}:v1",
        "ports": [{"name": "http", "containerPort": PORT}],
        "lifecycle": {"preStop": {"sleep": {"seconds": PRE_STOP}}},
    }
    labels = {"app": NAME}
    pod = {"containers": [container], "readinessGates": [{"conditionType": GATE}]}
    template = {"metadata": {"labels": labels}, "spec": pod}
    spec = {"replicas": REPLICAS, "selector": {"matchLabels": labels}, "template": template, "strategy": strategy}
    return an_object("argoproj.io/v1alpha1", "Rollout", NAME, spec)


def services() -> list[Json]:
    """The two Services; the controller gives them their hashes."""
    spec = {"selector": {"app": NAME}, "ports": [{"name": "http", "port": 80, "targetPort": PORT}]}
    return [an_object("v1", "Service", name, spec) for name in (STABLE, CANARY)]


def routes(story: str, *backends: str) -> list[Json]:
    """All ways to these backends, everything to the first of them."""
    weights = [(name, 0 if place else 100) for place, name in enumerate(backends)]
    weighted = [{"name": name, "port": 80, "weight": weight} for name, weight in weights]
    own = an_object("traefik.io/v1alpha1", "TraefikService", NAME, {"weighted": {"services": weighted}})
    rule = {"match": f"Host(`{SERVICE.host(story)}`)", "kind": "Rule"}
    rules = [rule | {"services": [{"name": NAME, "kind": "TraefikService"}]}]
    leading = an_object("traefik.io/v1alpha1", "IngressRoute", NAME, {"entryPoints": ["web"], "routes": rules})
    return [_http_route(ROUTE.host(story), weighted), own, leading]


def _http_route(host: str, refs: list[Json]) -> Json:
    parent = {"name": GATEWAY, "namespace": "default"}
    spec = {"parentRefs": [parent], "hostnames": [host], "rules": [{"backendRefs": refs}]}
    return an_object("gateway.networking.k8s.io/v1", "HTTPRoute", NAME, spec)


def routed(*steps: Json, **fields: object) -> Json:
    """A canary over the route. With dynamicStableScale none but the abort's delay may be given."""
    delays = {"abortScaleDownDelaySeconds": DELAY}
    if not fields.get("dynamicStableScale"):
        delays["scaleDownDelaySeconds"] = DELAY
    routers = {"plugins": {ROUTER: {"httpRoute": NAME}}, "traefik": {"weightedTraefikServiceName": NAME}}
    own = {"steps": list(steps), "stableService": STABLE, "canaryService": CANARY, "trafficRouting": routers}
    return {"canary": own | delays | fields}


def blue_green(**fields: object) -> Json:
    """Blue-green behind a route that leads to the active Service."""
    delays = {"scaleDownDelaySeconds": 2 * DELAY, "abortScaleDownDelaySeconds": DELAY}
    own = {"activeService": STABLE, "previewService": CANARY, "autoPromotionEnabled": False}
    return {"blueGreen": own | delays | fields}
