"""What App Mesh has to know of a version and its port. Called by appmesh for the objects that it makes."""

from analysis.errors import DurationError
from analysis.units import parse_duration
from rollouts.model.objects import Json
from rollouts.model.owned import OwnedRoute
from rollouts.model.reading import items, mapping, text
from rollouts.traffic.bodies import number

GATEWAY = "gateway.appmesh.k8s.aws"
ARN = "arn:aws"
RETRY_ON = "gateway-error"
RETRY_TIMEOUT = 250
"""Milliseconds for one try where nobody says."""


def spec(route: OwnedRoute, service: str) -> Json:
    """The VirtualNode behind one of the two Services."""
    selector = route.stable_selector if service == route.stable_service else route.selector
    made: Json = {
        "podSelector": {"matchLabels": dict(selector)},
        "listeners": [listener(route) | _listening(route)],
        "serviceDiscovery": {"dns": {"hostname": f"{service}.{route.namespace}.svc.cluster.local."}},
    }
    backends = [_backend(text(name)) for name in items(route.settings.get("backends"))]
    return made | ({"backends": backends} if backends else {})


def _backend(name: str) -> Json:
    """A VirtualService that a version calls, by its name here or by Amazon's."""
    told: Json = {"virtualServiceARN": name} if name.startswith(ARN) else {"virtualServiceRef": {"name": name}}
    return {"virtualService": told}


def listener(route: OwnedRoute) -> Json:
    """The port of the pods; one that is told by its name is taken to be the Service's."""
    return {
        "portMapping": {"port": number(route.settings.get("targetPort")) or route.port, "protocol": _protocol(route)}
    }


def patience(route: OwnedRoute) -> Json:
    """How long a route waits and how often it tries again."""
    timeout, retries = _timeout(route), mapping(route.settings.get("retries"))
    made = {"timeout": timeout} if timeout else {}
    if retries:
        made["retryPolicy"] = {
            "maxRetries": number(retries.get("attempts")) or 1,
            "perRetryTimeout": _milliseconds(text(retries.get("perTryTimeout"))) or _duration(RETRY_TIMEOUT),
            "httpRetryEvents": (text(retries.get("retryOn")) or RETRY_ON).split(","),
        }
    return made


def gateway(route: OwnedRoute) -> Json:
    """Annotations by which an ingress gateway serves the hosts that a user wants."""
    hosts, timeout = items(route.settings.get("hosts")), text(route.settings.get("timeout"))
    if not hosts:
        return {}
    attempts = number(mapping(route.settings.get("retries")).get("attempts"))
    marks = {f"{GATEWAY}/expose": "true", f"{GATEWAY}/domain": "".join(f"{host}," for host in hosts)}
    marks |= {f"{GATEWAY}/timeout": timeout} if timeout else {}
    return marks | ({f"{GATEWAY}/retries": str(attempts)} if attempts else {})


def _protocol(route: OwnedRoute) -> str:
    return "grpc" if "grpc" in text(route.settings.get("portName")) else "http"


def _listening(route: OwnedRoute) -> Json:
    timeout = _timeout(route)
    return {"timeout": {_protocol(route): timeout}} if timeout else {}


def _timeout(route: OwnedRoute) -> Json:
    told = _milliseconds(text(route.settings.get("timeout")))
    return {"perRequest": told} if told else {}


def _milliseconds(told: str) -> Json:
    """A duration as App Mesh writes it; none where it cannot be read."""
    try:
        return _duration(round(parse_duration(told).total_seconds() * 1000)) if told else {}
    except DurationError:
        return {}


def _duration(milliseconds: int) -> Json:
    return {"unit": "ms", "value": milliseconds}
