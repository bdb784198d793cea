"""An HTTPProxy whose routes share out requests between the two Services.

With chosen requests there are two routes: the first takes those, the second everybody else, who stays with stable.
"""

from collections.abc import Iterator

from rollouts.model.objects import Json
from rollouts.model.owned import OwnedRoute, Split
from rollouts.model.reading import items, mapping, text
from rollouts.traffic.bodies import number
from rollouts.traffic.owned.objects import RESET
from rollouts.traffic.owned.protocol import Owned, OwnedOptions
from rollouts.traffic.owned.single import Single

KIND = ("projectcontour.io/v1", "HTTPProxy")
ASKED = "HTTPProxy {name}.{namespace} get query error"
WRITTEN = "HTTPProxy {name}.{namespace} query error:"
IDLE = "5m"
LINKERD = "l5d-dst-override"
"""Linkerd's header: a mesh behind Contour balances over the Service that was meant."""

_MATCHES = {"exact": "exact", "prefix": "contains", "suffix": "contains"}


def _spec(route: OwnedRoute, split: Split) -> Json:
    rest = [_route(route, [{"prefix": _prefix(route)}], RESET if route.match else split)]
    chosen = [_route(route, list(_conditions(route)), split)] if route.match else []
    return {"routes": chosen + rest}


def _parts(route: OwnedRoute, spec: Json) -> Split | None:
    """By the stable version's weight on the first route; None where that does not lead to it."""
    first = mapping(next(iter(items(spec.get("routes"))), None))
    for entry in map(mapping, items(first.get("services"))):
        if entry.get("name") == route.stable_service:
            stable = number(entry.get("weight")) or 0
            return Split(stable, 100 - stable)
    return None


def _prefix(route: OwnedRoute) -> str:
    """The prefix of the first match that users want, or every path."""
    first = mapping(next(iter(items(route.settings.get("match"))), None))
    return text(mapping(first.get("uri")).get("prefix")) or "/"


def _conditions(route: OwnedRoute) -> Iterator[Json]:
    for match in route.match:
        for name, value in mapping(match.get("headers")).items():
            words = {_MATCHES[how]: word for how, word in mapping(value).items() if how in _MATCHES}
            yield {"prefix": _prefix(route), "header": {"name": name, **words}}


def _route(route: OwnedRoute, conditions: list[Json], split: Split) -> Json:
    services = [
        _service(route, route.stable_service, split.stable),
        _service(route, route.canary_service, split.canary),
    ]
    made: Json = {"conditions": conditions, "services": services}
    timeout, retries = text(route.settings.get("timeout")), mapping(route.settings.get("retries"))
    if timeout:
        made["timeoutPolicy"] = {"response": timeout, "idle": IDLE}
    if retries:
        made["retryPolicy"] = _retries(retries)
    return made


def _retries(retries: Json) -> Json:
    timeout = text(retries.get("perTryTimeout"))
    made: Json = {"count": number(retries.get("attempts")) or 0, "retryOn": text(retries.get("retryOn")).split(",")}
    return made | ({"perTryTimeout": timeout} if timeout else {})


def _service(route: OwnedRoute, name: str, weight: int) -> Json:
    """An entry; no weight is written for none."""
    host = f"{name}.{route.namespace}.svc.cluster.local:{route.port}"
    made: Json = {"name": name, "port": route.port, "requestHeadersPolicy": {"set": [{"name": LINKERD, "value": host}]}}
    return made | ({"weight": weight} if weight else {})


def provider(options: OwnedOptions) -> Owned:
    """The provider for the class that a flag names ("": nobody's in particular)."""
    own = {"ingressClassName": options.ingress_class} if options.ingress_class else {}

    def spec(route: OwnedRoute, split: Split) -> Json:
        return _spec(route, split) | own

    return Single("contour", KIND, "httpproxies.projectcontour.io", ASKED, WRITTEN, spec, _parts)
