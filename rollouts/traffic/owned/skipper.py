"""A second Ingress for Skipper with both versions' Services, whose weights stand in JSON.

Its predicate makes it win over the user's Ingress while the new version gets something, and never match otherwise.
"""

import json
import re
from dataclasses import dataclass

from rollouts.model.objects import Json, Ref, Remove
from rollouts.model.owned import OwnedRoute, Split
from rollouts.model.reading import mapping, text
from rollouts.model.weights import Unknown, Weights
from rollouts.traffic.bodies import annotations, number
from rollouts.traffic.owned import ingresses
from rollouts.traffic.owned.objects import RESET, not_found
from rollouts.traffic.owned.protocol import Owned, OwnedOptions
from rollouts.traffic.protocol import Kind, Objects, Rendered

WEIGHTS = "zalando.org/backend-weights"
PREDICATE = "zalando.org/skipper-predicate"
WINS, RESTS = "Weight(100)", "False()"
_OURS = re.compile(r"^\s*(?:Weight\(100\)|False\(\))\s*(?:&&\s*|$)")


@dataclass(frozen=True, slots=True)
class Skipper:
    """The provider."""

    name: str = "skipper"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Ingresses."""
        return (ingresses.KIND,)

    def touches(self, route: OwnedRoute) -> tuple[Ref, ...]:
        """The user's Ingress and the second one."""
        return ingresses.refs(route)

    def tend(self, route: OwnedRoute, objects: Objects) -> Rendered:
        """The user's Ingress once more, with both versions in the place of everybody's Service."""

        def paths_of(paths: list[Json]) -> list[Json]:
            ours = [path for path in paths if ingresses.leads_to(path, route.service)]
            stable = [ingresses.led(path, route.stable_service) if path in ours else path for path in paths]
            return stable + [ingresses.led(path, route.canary_service) for path in ours]

        def marks(found: Json) -> Json:
            return found | {WEIGHTS: _weights(route, RESET), PREDICATE: _predicate(found, WINS)}

        def spec(source: Json) -> Json:
            return ingresses.with_paths(source, paths_of)

        return ingresses.tend(route, objects, "apexIngress", marks, spec, renews=route.loses_weights)

    def shift(self, route: OwnedRoute, objects: Objects, split: Split) -> Rendered:
        """The weights, and whether the Ingress matches at all."""
        first = WINS if split.canary else RESTS
        ours = {WEIGHTS: _weights(route, split)}
        return ingresses.mark(route, objects, lambda found: found | ours | {PREDICATE: _predicate(found, first)})

    def read(self, route: OwnedRoute, objects: Objects) -> Weights | Unknown:
        """What the JSON says of both."""
        found = ingresses.live_second(route, objects)
        if isinstance(found, str):
            return Unknown(found)
        parts = _parts(annotations(found[1]))
        canary, stable = number(parts.get(route.canary_service)), number(parts.get(route.stable_service))
        if canary is None or stable is None:
            return Unknown(f"ingress {found[0].name}.{found[0].namespace} has no weights in the annotation {WEIGHTS}")
        return Weights(canary, stable)

    def give_back(self, route: OwnedRoute, objects: Objects) -> Rendered:
        """The second Ingress goes, so that the user's gets the requests again."""
        named = self.touches(route)
        if not named:
            return Rendered()
        ref = named[1]
        if objects[ref] is not None:
            return Rendered((Remove(ref),))
        gone = not_found(ingresses.RESOURCE, ref.name)
        told = f"ingress {ref.name}.{ref.namespace} unable to remove canary ingress: {gone}"
        return Rendered(error=told if route.is_literal else "")


def _weights(route: OwnedRoute, split: Split) -> str:
    parts = {route.canary_service: split.canary, route.stable_service: split.stable}
    return json.dumps(parts, separators=(",", ":"), sort_keys=True)


def _parts(marks: Json) -> Json:
    try:
        return mapping(json.loads(text(marks.get(WEIGHTS))))
    except ValueError:
        return {}


def _predicate(marks: Json, first: str) -> str:
    """The predicate with ours in front of what the user has."""
    rest = _OURS.sub("", text(marks.get(PREDICATE)))
    return f"{first} && {rest}" if rest else first


def provider(_options: OwnedOptions) -> Owned:
    """The provider; Skipper's annotations have one prefix only."""
    return Skipper()
