"""What every provider of generated routes can do. Called by the controller's kind for ticking rollouts, and by tests.

Properties that hold for each: read(shift(split)) == split as far as the provider can say it; doing anything twice is
doing it once; a repair leaves the weights alone. A provider's module has `provider(options) -> Owned`, and a row in
registry.MODULES makes it known.
"""

from dataclasses import dataclass
from typing import Protocol

from rollouts.model.objects import Ref
from rollouts.model.owned import OwnedRoute, Split
from rollouts.model.weights import Unknown, Weights
from rollouts.traffic.protocol import Kind, Objects, Rendered


@dataclass(frozen=True, slots=True)
class OwnedOptions:
    """What the controller's flags say about generated routes, with the ancestor's defaults."""

    ingress_class: str = ""
    annotations_prefix: str = "nginx.ingress.kubernetes.io"


class Owned(Protocol):
    """One provider of generated routes, seen as a value."""

    @property
    def name(self) -> str:
        """The name that manifests use."""
        ...

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of all that it writes."""
        ...

    def touches(self, route: OwnedRoute) -> tuple[Ref, ...]:
        """The objects that it reads and writes for this route: what is in `objects` below, None where it is missing."""
        ...

    def tend(self, route: OwnedRoute, objects: Objects) -> Rendered:
        """Changes that create what is missing and repair what has drifted, in every tick; weights stay as they are."""
        ...

    def shift(self, route: OwnedRoute, objects: Objects, split: Split) -> Rendered:
        """Changes that give each version its part."""
        ...

    def read(self, route: OwnedRoute, objects: Objects) -> Weights | Unknown:
        """The parts that the objects carry now; the reason of an Unknown is what the user is told."""
        ...

    def give_back(self, route: OwnedRoute, objects: Objects) -> Rendered:
        """Changes that bring the user's own routing back before the rollout goes."""
        ...


class Lasting:
    """What most providers have in common: nothing was there before, and their objects go with their owner."""

    def give_back(self, _route: OwnedRoute, _objects: Objects) -> Rendered:
        """Nothing has to be done."""
        return Rendered()
