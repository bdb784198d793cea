"""A second Ingress for ingress-nginx, which reads weight or chosen requests off its annotations.

One Ingress knows one header and one cookie: of several, the last ones stand.
"""

from dataclasses import dataclass

from rollouts.model.keys import UNTENDED
from rollouts.model.objects import Json, Ref
from rollouts.model.owned import OwnedRoute, Split
from rollouts.model.reading import mapping, text
from rollouts.model.weights import Unknown, Weights
from rollouts.traffic.bodies import annotations, number
from rollouts.traffic.owned import ingresses
from rollouts.traffic.owned.protocol import Lasting, Owned, OwnedOptions
from rollouts.traffic.protocol import Kind, Objects, Rendered

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
TOTAL = 100


@dataclass(frozen=True, slots=True)
class Nginx(Lasting):
    """The provider, for one prefix of annotations."""

    prefix: str
    name: str = "nginx"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Ingresses."""
        return (ingresses.KIND,)

    def touches(self, route: OwnedRoute) -> tuple[Ref, ...]:
        """The user's Ingress and the second one."""
        return ingresses.refs(route)

    def tend(self, route: OwnedRoute, objects: Objects) -> Rendered:
        """The user's Ingress once more, with the new version's Service in the place of everybody's."""

        def spec(source: Json) -> Json | str:
            if not any(ingresses.leads_to(path, route.service) for path in ingresses.paths(source)):
                return f"backend {route.service} not found in ingress {source['metadata']['name']}"
            return ingresses.with_paths(source, lambda paths: [_led(path, route) for path in paths])

        return ingresses.tend(route, objects, "ingress", lambda found: self._first(found) | UNTENDED, spec)

    def shift(self, route: OwnedRoute, objects: Objects, split: Split) -> Rendered:
        """The weight, or the requests that are meant; nothing of either where the new version gets nothing."""
        return ingresses.mark(route, objects, lambda found: self._first(found) | self._part(route, split))

    def read(self, route: OwnedRoute, objects: Objects) -> Weights | Unknown:
        """By the weight; where requests are chosen, by whether any is."""
        found = ingresses.live_second(route, objects)
        if isinstance(found, str):
            return Unknown(found)
        ref, marks = found[0], annotations(found[1])
        if route.match:
            is_chosen = any(self._key(kind) in marks for kind in ("by-header", "by-cookie"))
            return Weights(TOTAL, 0) if is_chosen else Weights(0, TOTAL)
        weight = number(marks.get(self._key("weight")))
        if weight is None:
            return Unknown(f"ingress {ref.name}.{ref.namespace} has no number in the annotation {self._key('weight')}")
        return Weights(weight, TOTAL - weight)

    def _key(self, kind: str = "") -> str:
        return f"{self.prefix}/canary-{kind}" if kind else f"{self.prefix}/canary"

    def _first(self, found: Json) -> Json:
        """The annotations of a second Ingress that takes nothing."""
        kept = {key: found[key] for key in found if not key.startswith(self._key()) and key != LAST_APPLIED}
        return kept | {self._key(): "true", self._key("weight"): "0"}

    def _part(self, route: OwnedRoute, split: Split) -> Json:
        if not split.canary:
            return {}
        if not route.match:
            return {self._key("weight"): str(split.canary)}
        return {self._key(kind): value for kind, value in _chosen(route).items() if value}


def _led(path: Json, route: OwnedRoute) -> Json:
    return ingresses.led(path, route.canary_service) if ingresses.leads_to(path, route.service) else path


def _chosen(route: OwnedRoute) -> dict[str, str]:
    """The requests that are meant, as the annotations tell them."""
    chosen: dict[str, str] = {}
    for match in route.match:
        for name, how in mapping(match.get("headers")).items():
            exact, pattern = text(mapping(how).get("exact")), text(mapping(how).get("regex"))
            if name == "cookie":
                chosen["by-cookie"] = exact
            else:
                chosen |= {"by-header": name, "by-header-value": exact, "by-header-pattern": pattern}
    return chosen


def provider(options: OwnedOptions) -> Owned:
    """The provider for the prefix that a flag names."""
    return Nginx(options.annotations_prefix)
