"""What every traffic provider can do: a few pure functions over Kubernetes objects.

Called by controller/observe (touches, read, faults, asks), controller/apply (render, clean), and gitsync (keep).
Properties that hold for each: read(render(w)) == w, managed routes included; rendering twice is rendering once; foreign
routes are untouched; clean restores what was there before the first render.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from rollouts.model.faults import Faults
from rollouts.model.objects import Change, Json, Ref
from rollouts.model.plan import Event
from rollouts.model.questions import Verified
from rollouts.model.rollout import Rollout
from rollouts.model.strategy import ManagedRoute, Router
from rollouts.model.weights import Shares, Unknown, Weights

Objects = Mapping[Ref, Json | None]
"""The objects that `touches` named, None where one does not exist."""


@dataclass(frozen=True, slots=True)
class Desired:
    """What a provider has to bring about: the split, and just these managed routes, the first of which wins."""

    shares: Shares
    managed: tuple[ManagedRoute, ...] = ()


@dataclass(frozen=True, slots=True)
class Rendered:
    """The changes that bring it about (none: already so), with the events that tell of them."""

    changes: tuple[Change, ...] = ()
    events: tuple[Event, ...] = ()


Flow = Generator[Any, Any, Verified]
"""A verification: yields requests to the world, is sent their answers, returns the verdict."""


class Provider(Protocol):
    """One module of rollouts/traffic, seen as a value."""

    @property
    def name(self) -> str:
        """The key under `trafficRouting` (or of its `plugins`)."""
        ...

    def touches(self, rollout: Rollout, router: Router) -> tuple[Ref, ...]:
        """The objects that it reads and writes for this rollout."""
        ...

    def faults(self, rollout: Rollout, router: Router, objects: Objects) -> Faults:
        """What is wrong with the settings or with the objects they name."""
        ...

    def read(self, rollout: Rollout, router: Router, objects: Objects) -> Weights | Unknown:
        """The weights that the objects carry now."""
        ...

    def render(self, rollout: Rollout, router: Router, objects: Objects, desired: Desired) -> Rendered:
        """Changes towards `desired`."""
        ...

    def clean(self, rollout: Rollout, router: Router, objects: Objects) -> Rendered:
        """Changes that take back everything the provider put in: all traffic to stable, no marks, no own routes."""
        ...

    def keep(self, desired_object: Json, live: Json, rollout: Rollout, router: Router) -> Json:
        """`desired_object` (from Git) with the live values of the fields that the rollout leases.

        Fields are found by backend name, never by index. The result is what the sync loop applies.
        """
        ...

    def asks(self, rollout: Rollout, router: Router, objects: Objects) -> bool:
        """Whether somebody can tell, when asked, if a written weight holds: then steps wait for the answer."""
        ...

    def verify(self, rollout: Rollout, router: Router, objects: Objects, shares: Shares) -> Flow:
        """Whether the routes carry these shares; a flow without requests for providers whose objects tell."""
        ...
